"""Changes a site in its place where little of it is new: linking all that stays would cost more than making the rest.

All that is new lies ready beside the site, with a journal of what is to be done, before the first file changes place.
From then on the new site is what there is: a build that is killed in between is ended by the next one, or by
:func:`itsm_as_code.site.clean`. Each file is at every moment the old or the new one, whole.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from struct import Struct
from typing import Final

import orjson

JOURNAL: Final = ".itsm-journal"
STATUS: Final = Struct("<QQqqI")
_INODE: Final = (1 << 64) - 1
"""What of an inode is kept: some file systems have longer ones."""
_FEW: Final = 4
"""How many times more must stay than change."""


def is_within(path: str) -> bool:
    """True for a path that names a file within a site."""
    parts = PurePosixPath(path).parts
    return bool(parts) and not path.startswith("/") and not {"..", "\\", "\0"} & {*parts, *path}


def status(found: os.stat_result) -> bytes:
    """Inode, size, time of modification, time of change and mode, packed."""
    return STATUS.pack(found.st_ino & _INODE, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_mode)


def files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """All that is no folder below one, by paths with status; links are not followed. OSError."""
    folders = [""]
    while folders:
        inside = folders.pop()
        with os.scandir(folder / inside) as entries:
            for entry in entries:
                path = inside + entry.name
                if entry.is_dir(follow_symlinks=False):
                    folders.append(f"{path}/")
                else:
                    yield path, status(entry.stat(follow_symlinks=False))


def begin(fresh: Path, ready: Path, put: Iterable[str], remove: Iterable[str]) -> None:
    """Write the journal into the folder with what is new, which is then ``ready``. OSError."""
    with (fresh / JOURNAL).open("xb") as stream:
        stream.write(orjson.dumps({"put": sorted(put), "remove": sorted(remove)}))
        stream.flush()
        os.fsync(stream.fileno())
    fresh.rename(ready)


def end(ready: Path, out: Path) -> None:
    """Do what the journal says and is not done yet; what it says of other places is left alone. OSError."""
    try:
        said = orjson.loads((ready / JOURNAL).read_bytes())
        put, remove = [str(path) for path in said["put"]], [str(path) for path in said["remove"]]
    except (orjson.JSONDecodeError, KeyError, TypeError, FileNotFoundError):
        return
    for path in filter(is_within, remove):
        _free(out, path)
    for path in filter(is_within, put):
        source = ready / path
        if source.is_file() and not source.is_symlink():
            (out / path).parent.mkdir(parents=True, exist_ok=True)
            source.replace(out / path)
    for folder in {PurePosixPath(path).parent for path in filter(is_within, remove)}:
        with suppress(OSError):  # what is not empty stays
            for inner in (folder, *folder.parents)[:-1]:
                (out / inner).rmdir()


def _free(out: Path, path: str) -> None:
    with suppress(FileNotFoundError, NotADirectoryError):
        (out / path).unlink()


def fits(out: Path, there: Collection[str], kept: set[str], put: Iterable[str]) -> set[str] | None:
    """The files to be removed if a site is changed in its place; None where that cannot be done, or would cost more.

    ``there`` are all that it has.
    """
    fresh, found = set(put), set(there)
    if not kept or len(kept) < _FEW * len(fresh):
        return None
    folders = {str(parent) for path in fresh for parent in PurePosixPath(path).parents}
    remove = found - kept - fresh
    if not kept <= found or folders & found or len(kept) < _FEW * len(remove):
        return None  # what is reached by a link of somebody's is no file of this folder
    return None if any((out / path).is_dir() for path in fresh) else remove
