"""A snapshot: the files of a repository at one moment, whichever way they are stored."""

from __future__ import annotations

import copy
import errno
import hashlib
import os
import stat
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, Protocol

from itsm_as_code.errors import ItsmError

REGULAR = ("100644", "100755")
SYMLINK = "120000"
SUBMODULE = "160000"
MAX_BYTES: Final = 1 << 20
"""No record, schema or configuration is larger, and nothing larger is read."""


class TooLarge(OSError):
    """A file of more than MAX_BYTES, which is not read."""

    def __init__(self, size: int) -> None:
        super().__init__(errno.EFBIG, f"it has {size:,} bytes, and at most {MAX_BYTES:,} are read")
        self.size = size


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of a snapshot: its git mode, its blob id (None in a work tree)."""

    mode: str
    oid: str | None = None

    @property
    def is_regular(self) -> bool:
        return self.mode in REGULAR


class PartlyListed(Mapping[str, Entry]):
    """Files by path, of which some can be told without listing them all."""

    @abstractmethod
    def below(self, prefixes: tuple[str, ...]) -> Mapping[str, Entry]:
        """Those whose paths begin with one of some texts, sorted."""

    @abstractmethod
    def named(self, name: str) -> list[str]:
        """Paths, among them all those of files that have a name."""

    @abstractmethod
    def resembling(self, paths: Iterable[str]) -> Iterable[str]:
        """Paths and folders, among them all that differ from some paths, or folders of those, in case or accents."""


def below(entries: Mapping[str, Entry], *prefixes: str) -> Mapping[str, Entry]:
    """The files whose paths begin with one of some texts, sorted."""
    if isinstance(entries, PartlyListed):
        return entries.below(prefixes)
    return {path: entry for path, entry in entries.items() if path.startswith(prefixes)}


def named(entries: Mapping[str, Entry], name: str) -> list[str]:
    """The paths of the files in folders that have a name."""
    found = entries.named(name) if isinstance(entries, PartlyListed) else entries
    return [path for path in found if path.endswith(f"/{name}")]


class Snapshot(Protocol):
    """What every reader of records needs to know of a revision."""

    @property
    def label(self) -> str:
        """Commit or tree id, or ``work tree``: how reports name this snapshot."""

    @property
    def entries(self) -> Mapping[str, Entry]:
        """All files by path (``/`` between folders, relative to the top), sorted."""

    def read_many(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes | OSError]]:
        """The bytes of regular files in the order of ``paths``, or the reason why one cannot be read (TooLarge)."""


def changed_files(one: Snapshot, other: Snapshot, paths: Iterable[str]) -> frozenset[str]:
    """Those of some paths whose files are not the same in both: bytes, kind, or there at all."""
    asked = sorted(set(paths))
    found = []
    for snapshot in (one, other):
        there = [path for path in asked if path in snapshot.entries and snapshot.entries[path].is_regular]
        found.append(dict(snapshot.read_many(there)))
    mine, others = found
    return frozenset(
        path for path in asked if isinstance(mine.get(path, b""), OSError) or mine.get(path) != others.get(path)
    )


@dataclass(frozen=True)
class Below:
    """What a snapshot has below a folder, ``prefix`` with a ``/`` at its end; paths are relative to that folder."""

    whole: Snapshot
    prefix: str

    @property
    def label(self) -> str:
        return self.whole.label

    @cached_property
    def entries(self) -> Mapping[str, Entry]:
        inside = (item for item in self.whole.entries.items() if item[0].startswith(self.prefix))
        return {path.removeprefix(self.prefix): entry for path, entry in inside}

    def read_many(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes | OSError]]:
        for path, content in self.whole.read_many(self.prefix + path for path in paths):
            yield path.removeprefix(self.prefix), content


class WorkTree:
    """Files as they lie in a folder, in git or not. Symbolic links are reported, never followed.

    They are listed at once, or when somebody first asks which there are. Of a folder ``without`` that lies below the
    ``root`` nothing is seen.
    """

    label = "work tree"

    def __init__(self, root: Path, *, at_once: bool = True, without: Path | None = None) -> None:
        self.root = root
        self.without = _within(root, without) if without is not None else ()
        """The parts of its path."""
        self.lost: frozenset[str] = frozenset()
        if not root.is_dir():
            raise ItsmError(f"{root} is not a folder", remedy="name the folder that holds the records")
        if at_once:
            _ = self.entries

    @cached_property
    def entries(self) -> dict[str, Entry]:
        # Called in the wrong place (a home folder, the top of the disk), it has nothing to look through.
        looks_right = any(os.path.lexists(self.root / name) for name in TOP_OF_RECORDS)
        return dict(sorted(self._scan(str(self.root), "", self._unseen))) if looks_right else {}

    @cached_property
    def tree(self) -> str | None:
        """A digest of what the file system says of each file: place, kind, size, number, and when it last changed.

        None where a file changed just now: it could change again without telling (git-update-index(1), "racy git").
        """
        import tempfile

        digest, newest = hashlib.blake2b(self.place, digest_size=20), 0
        try:
            for folder, parts, changed in self._walked:
                digest.update(b"\0".join([folder, *parts]) + b"\n")
                newest = max(newest, changed)
            with tempfile.TemporaryFile() as now:
                settled = newest < os.fstat(now.fileno()).st_mtime_ns - _TICK
        except OSError:
            return None
        return f"work tree {digest.hexdigest()}" if settled else None

    @cached_property
    def _walked(self) -> list[tuple[bytes, list[bytes], int]]:
        return list(_states(os.fsencode(self.root), os.fsencode(self._unseen), top=True))

    @property
    def _unseen(self) -> str:
        return os.path.join(self.root, *self.without)  # noqa: PTH118 - as the system lists it

    @property
    def place(self) -> bytes:
        """Where it lies."""
        return os.fsencode(self.root.resolve())

    @property
    def states(self) -> dict[str, list[str]]:
        """What the file system says of each file, by folder. OSError where it does not."""
        top = len(os.fsencode(self.root))
        return {_decoded(folder[top:]).lstrip("/"): list(map(_decoded, parts)) for folder, parts, _ in self._walked}

    def since(self, before: Mapping[str, list[str]]) -> dict[str, Entry | None]:
        """The entry of each file whose state is another one than it was; None where there is none."""
        found: dict[str, Entry | None] = {}
        now = self.states
        for folder in before.keys() | now.keys():
            old, new = before.get(folder, []), now.get(folder, [])
            if old != new:
                prefix = f"{folder}/" if folder else ""
                for part in sorted({*old} - {*new}):
                    if not part.endswith("/"):
                        found[prefix + part.rsplit(" ", 5)[0]] = None
                for part in sorted({*new} - {*old}):
                    if not part.endswith("/"):
                        name, mode, *_ = part.rsplit(" ", 5)
                        found[prefix + name] = _entry(int(mode))
        return found

    def excerpt(self, entries: Mapping[str, Entry]) -> WorkTree:
        """The same files, of which these alone are asked for; the others are not even listed."""
        return self.knowing(dict(entries))

    def knowing(self, entries: Mapping[str, Entry], lost: frozenset[str] = frozenset()) -> WorkTree:
        """The same files, which somebody knows already; those of the paths ``lost`` can be read no more."""
        found = copy.copy(self)
        found.__dict__["entries"] = entries
        found.lost |= lost
        return found

    def _scan(self, folder: str, prefix: str, unseen: str) -> Iterator[tuple[str, Entry]]:
        try:
            found = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            raise ItsmError(
                f"cannot read the folder {folder}: {error.strerror}", remedy="mend its permissions"
            ) from None
        for entry in found:
            if not prefix and (entry.name == ".git" or entry.name in SKIPPED_FOLDERS):
                continue
            if entry.path == unseen and entry.is_dir(follow_symlinks=False):
                continue
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:  # it was removed after the folder was listed
                continue
            path = prefix + os.fsencode(entry.name).decode("utf-8", "surrogateescape")
            if stat.S_ISDIR(status.st_mode):
                if os.path.lexists(f"{entry.path}/.git"):
                    yield path, Entry(SUBMODULE)
                else:
                    yield from self._scan(entry.path, path + "/", unseen)
            else:
                yield path, _entry(status.st_mode)

    def read_many(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes | OSError]]:
        for path in paths:
            if path in self.lost:
                yield path, FileNotFoundError(errno.ENOENT, "it is another one now")
                continue
            try:
                # Opened without following a link that was put there after the scan.
                descriptor = os.open(os.fsencode(self.root) + b"/" + path.encode("utf-8", "surrogateescape"), _FLAGS)
                with os.fdopen(descriptor, "rb") as file:
                    status = os.fstat(descriptor)
                    if not stat.S_ISREG(status.st_mode):
                        raise OSError(errno.EINVAL, "it is no regular file any more")
                    content = file.read(MAX_BYTES + 1)  # it may have grown since it was measured
                if len(content) > MAX_BYTES:
                    raise TooLarge(max(status.st_size, len(content)))
            except OSError as error:
                yield path, error
            else:
                yield path, content


_TICK: Final = 2_000_000_000
"""Nanoseconds that the coarsest file systems take for one moment."""


def _entry(mode: int) -> Entry:
    if stat.S_ISLNK(mode):
        return Entry(SYMLINK)
    return Entry(("100755" if mode & 0o100 else "100644") if stat.S_ISREG(mode) else "000000")


def _within(root: Path, folder: Path) -> tuple[str, ...]:
    """The parts of the path from one folder to another below it; none where that lies elsewhere."""
    whole, top = folder.absolute(), root.resolve()
    place = whole.parent.resolve() / whole.name  # a link in its place is no folder
    return place.relative_to(top).parts if top in place.parents else ()


def _decoded(text: bytes) -> str:
    return text.decode("utf-8", "surrogateescape")


def _states(folder: bytes, unseen: bytes, *, top: bool = False) -> Iterator[tuple[bytes, list[bytes], int]]:
    """For each folder what tells when something in it changes, and when that was last, in nanoseconds."""
    with os.scandir(folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    if top:
        entries = [
            entry for entry in entries if entry.name != b".git" and os.fsdecode(entry.name) not in SKIPPED_FOLDERS
        ]
    newest, parts, below = 0, list[bytes](), list[bytes]()
    for entry in entries:
        status = entry.stat(follow_symlinks=False)
        if stat.S_ISDIR(status.st_mode):
            if entry.path != unseen:
                parts.append(b"%b/" % entry.name)
                below.append(entry.path)
            continue
        # Nobody can set back when a file's state changed, but on Windows, where that is when it was made.
        times = status.st_mtime_ns, status.st_ctime_ns
        parts.append(b"%b %d %d %d %d %d" % (entry.name, status.st_mode, status.st_size, status.st_ino, *times))
        newest = max(newest, times[os.name == "posix"])
    yield folder, parts, newest
    for path in below:
        yield from _states(path, unseen)


_FLAGS: Final = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""No link is followed, and no pipe is waited for, that was put in the place of a file after the scan."""

TOP_OF_RECORDS = ("itsm.yaml", "schemas", "services", "changes", "people", "policies", "operations", "portfolio")
"""A folder without any of these holds no records; a kind of one's own comes with ``schemas``."""

SKIPPED_FOLDERS = frozenset({".venv", "node_modules", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache"})
"""Folders at the top that hold no records in any repository, and may be huge."""
