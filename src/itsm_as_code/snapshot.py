"""A snapshot: the files of a repository at one moment, whichever way they are stored."""

from __future__ import annotations

import errno
import os
import stat
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
    """Files as they lie in a folder, in git or not. Symbolic links are reported, never followed."""

    label = "work tree"

    def __init__(self, root: Path) -> None:
        self.root = root
        if not root.is_dir():
            raise ItsmError(f"{root} is not a folder", remedy="name the folder that holds the records")
        # Called in the wrong place (a home folder, the top of the disk), it has nothing to look through.
        looks_right = any(os.path.lexists(root / name) for name in TOP_OF_RECORDS)
        self.entries: dict[str, Entry] = dict(sorted(self._scan(str(root), ""))) if looks_right else {}

    def _scan(self, folder: str, prefix: str) -> Iterator[tuple[str, Entry]]:
        try:
            found = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            raise ItsmError(
                f"cannot read the folder {folder}: {error.strerror}", remedy="mend its permissions"
            ) from None
        for entry in found:
            if not prefix and (entry.name == ".git" or entry.name in SKIPPED_FOLDERS):
                continue
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:  # it was removed after the folder was listed
                continue
            path = prefix + os.fsencode(entry.name).decode("utf-8", "surrogateescape")
            if stat.S_ISLNK(status.st_mode):
                yield path, Entry(SYMLINK)
            elif stat.S_ISDIR(status.st_mode):
                if os.path.lexists(f"{entry.path}/.git"):
                    yield path, Entry(SUBMODULE)
                else:
                    yield from self._scan(entry.path, path + "/")
            elif stat.S_ISREG(status.st_mode):
                yield path, Entry("100755" if status.st_mode & 0o100 else "100644")
            else:
                yield path, Entry("000000")

    def read_many(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes | OSError]]:
        for path in paths:
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


_FLAGS: Final = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""No link is followed, and no pipe is waited for, that was put in the place of a file after the scan."""

TOP_OF_RECORDS = ("itsm.yaml", "schemas", "services", "changes", "people", "policies", "operations", "portfolio")
"""A folder without any of these holds no records; a kind of one's own comes with ``schemas``."""

SKIPPED_FOLDERS = frozenset({".venv", "node_modules", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache"})
"""Folders at the top that hold no records in any repository, and may be huge."""
