"""Writes a site in one step: into a fresh folder beside the old one, which is swapped in when it is whole. Where little
of it changes, the site is changed in its place instead (``journal.py``).

At every moment at which a build may be killed, the old site or the new one is there, whole: in its place where the
system can exchange two folders (Linux, macOS), elsewhere at the latest when the next build begins. What killed builds
left behind is removed by the next one.

A file that the old site has just so becomes one of the new site as it is, by a link: faster than writing it, and what
copies a site elsewhere sees that it did not change. Nothing is ever written into a file that is there.
"""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Final

from itsm_as_code.errors import ItsmError
from itsm_as_code.site import journal

MARKER = ".itsm-site"
_MARK = b"Written by `itsm build`, which replaces this folder as a whole.\n"
_PART: Final = 1 << 20
"""Bytes of an old file in memory at a time."""
_RENAME_EXCHANGE: Final = 2
"""renameat2(2); RENAME_SWAP of renamex_np(2) has the same number."""


def write(files: Iterable[tuple[str, bytes]], out: Path) -> int:
    """Make ``out`` hold exactly ``files``, path and content, each written as it comes; how many of them are pages.

    A build that is killed leaves the old site as it was. ItsmError when ``out`` holds anything but a site.
    """
    pages = 0
    with staged(out) as stage:
        for path, content in files:
            stage.put(path, content)
            pages += path.endswith(".html")
    return pages


@contextmanager
def staged(out: Path) -> Iterator[Stage]:
    """What is put and kept within is the site, once that has ended well. ItsmError as of :func:`write`."""
    out = out.absolute()
    _refuse_others(out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with _alone(out.parent):
            _clean(out)
            # It goes away at the end in any case; after an exchange it holds the old site.
            prefix = f".{out.name}.itsm-new-"
            with tempfile.TemporaryDirectory(prefix=prefix, dir=out.parent, ignore_cleanup_errors=True) as name:
                Path(name).chmod(0o755)
                stage = Stage(Path(name), out)
                yield stage
                stage.finish()
    except OSError as error:
        raise _cannot(out, error) from None


def clean(out: Path) -> None:
    """Bring back a site that a killed build had set aside, and remove what such builds left. OSError."""
    out = out.absolute()
    if out.parent.is_dir():
        with _alone(out.parent):
            _clean(out)


def _clean(out: Path) -> None:
    ours = re.compile(re.escape(f".{out.name}.itsm-") + r"(new|old|redo)-[a-z0-9_]{8}\Z")
    left = sorted(path for path in out.parent.iterdir() if ours.match(path.name) and not path.is_symlink())
    for path in left:
        if not os.path.lexists(out) and "itsm-old-" in path.name and (path / MARKER).is_file():
            path.rename(out)
        else:
            if "itsm-redo-" in path.name and (out / MARKER).is_file() and path.lstat().st_uid == out.lstat().st_uid:
                journal.end(path, out)
            shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One build at a time writes into a folder, for each removes what it takes for leftovers.

    The folder itself is locked, so that nothing stays behind; where that is not possible, nobody is kept out.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # a file system that knows no locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def is_for_sites(out: Path) -> bool:
    """True for a folder that holds a site or nothing, or is not there: a build takes it for its own."""
    try:
        _refuse_others(out.absolute())
    except (ItsmError, OSError):  # whoever writes there says it
        return False
    return True


def _refuse_others(out: Path) -> None:
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise ItsmError(f"{out} is not a folder", remedy="name a folder for the site", code="site")
    if out.is_dir() and not (out / MARKER).is_file() and any(out.iterdir()):
        raise ItsmError(
            f"{out} holds files that are not a site built by itsm",
            remedy="name an empty or a new folder, or remove that one",
            code="site",
        )


class Stage:
    """A folder beside the site in which the new one is made, or what is new of it."""

    def __init__(self, fresh: Path, out: Path) -> None:
        self.fresh, self.out = fresh, out
        self.kept: set[str] = set()
        self.fresh_files: list[str] = []
        self.is_in_place = False
        """Whether the files that stayed were not touched."""
        self._folders: set[str] = set()
        self._like: os.stat_result | None = None

    @cached_property
    def there(self) -> dict[str, bytes]:
        """The files of the old site with their status, as they were when somebody asked first."""
        try:
            return dict(journal.files(self.out))
        except OSError:
            return {}

    def put(self, path: str, content: bytes) -> None:
        """A file of the new site; one that the old site has just so stays as it is."""
        file = self._place(path)
        self.fresh_files.append(path)
        if self._like is None or not _keep(os.path.join(self.out, path), file, content, self._like):  # noqa: PTH118
            with open(file, "xb") as stream:  # noqa: PTH123 - never into what is linked
                stream.write(content)
            self._like = self._like or os.lstat(file)

    def keep(self, *paths: str) -> None:
        """Files of the old site stay as they are."""
        self.kept.update(paths)

    def finish(self) -> None:
        """Let the new site be the one that is there: by what changed, if that is little, or as a whole."""
        remove = journal.fits(self.out, self.there if self.kept else (), self.kept, self.fresh_files)
        if remove is not None:
            ready = self.fresh.with_name(self.fresh.name.replace(".itsm-new-", ".itsm-redo-"))
            journal.begin(self.fresh, ready, self.fresh_files, remove - {MARKER})
            journal.end(ready, self.out)
            shutil.rmtree(ready, ignore_errors=True)
            self.is_in_place = True
            return
        for path in sorted(self.kept):
            _stay(os.path.join(self.out, path), self._place(path))  # noqa: PTH118
        (self.fresh / MARKER).write_bytes(_MARK)
        _swap(self.fresh, self.out)

    def _place(self, path: str) -> str:
        if not journal.is_within(path):
            raise ItsmError(f"'{path}' is not a path within the site", code="site")
        folder = path.rpartition("/")[0]
        if folder not in self._folders:
            (self.fresh / folder).mkdir(parents=True, exist_ok=True)
            self._folders.add(folder)
        return os.path.join(self.fresh, path)  # noqa: PTH118 - half the time of pathlib, for each of many files


def _stay(old: str, file: str) -> None:
    """Link ``old`` to ``file``, or copy it where there are no links."""
    try:
        os.link(old, file, follow_symlinks=False)
    except PermissionError:
        shutil.copy2(old, file, follow_symlinks=False)


def _keep(old: str, file: str, content: bytes, like: os.stat_result) -> bool:
    """Link ``old`` to ``file``, if it holds just that, is nobody else's, and is otherwise like a file made now."""
    try:
        found = os.lstat(old)
        same = (found.st_mode, found.st_uid, found.st_gid) == (like.st_mode, like.st_uid, like.st_gid)
        if not same or found.st_nlink != 1 or found.st_size != len(content):
            return False
        at = 0
        with open(old, "rb", buffering=0) as stream:  # noqa: PTH123
            while (part := stream.read(_PART)) and content.startswith(part, at):
                at += len(part)
        if at < len(content):
            return False
        os.link(old, file)
    except OSError:  # no old site, no such file, no links
        return False
    return True


def _swap(fresh: Path, out: Path) -> None:
    """Put ``fresh`` in the place of ``out``; the old site comes back when that fails."""
    if not out.exists():
        fresh.rename(out)
        return
    if _exchange(fresh, out):
        return
    old = fresh.with_name(fresh.name.replace(".itsm-new-", ".itsm-old-"))
    out.rename(old)
    try:
        fresh.rename(out)
    except OSError:
        old.rename(out)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _exchange(left: Path, right: Path) -> bool:
    """Let two folders change places in one step; False where the system or the file system cannot."""
    try:
        library = ctypes.CDLL(None)
        paths = os.fsencode(left), os.fsencode(right)
        if hasattr(library, "renameat2"):
            here = -100  # AT_FDCWD
            return bool(library.renameat2(here, paths[0], here, paths[1], _RENAME_EXCHANGE) == 0)
        return bool(library.renamex_np(*paths, _RENAME_EXCHANGE) == 0)
    except (OSError, TypeError, AttributeError):  # no such library, no such function
        return False


def _cannot(out: Path, error: OSError) -> ItsmError:
    return ItsmError(
        f"cannot write the site to {out}: {error.strerror or error}", remedy="check the folder", code="site"
    )
