"""Temporary folders that do not outlive their process: what a killed one left behind, the next one removes."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

try:
    import fcntl
except ImportError:  # not on Windows, where nobody can tell; what is left there stays
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Iterator

PREFIX: Final = "itsm-merge-"
_LOCK: Final = "lock"
_SETTLED: Final = 3600
"""Seconds after which a folder without a held lock was left: its maker had the time to lock it."""


@contextmanager
def scratch() -> Iterator[Path]:
    """A temporary folder, removed at the end; those that processes left which are gone are removed before.

    Each is locked while its process lives. The system lets go of the lock when that ends, however it does (flock(2)).
    """
    with tempfile.TemporaryDirectory(prefix=PREFIX) as name, (Path(name) / _LOCK).open("wb") as lock:
        if fcntl is not None:
            with suppress(OSError):  # where there are no locks, nobody gets one to remove it either
                fcntl.flock(lock, fcntl.LOCK_EX)
            _remove_left(Path(name))
        yield Path(name)


def _remove_left(own: Path) -> None:
    """Remove what killed processes of this user left beside a new folder; what cannot be removed stays."""
    now = own.stat()
    with suppress(OSError), os.scandir(own.parent) as entries:
        for entry in entries:
            if entry.name.startswith(PREFIX) and entry.is_dir(follow_symlinks=False):
                found = entry.stat(follow_symlinks=False)
                if found.st_uid == now.st_uid and now.st_mtime - found.st_mtime > _SETTLED:
                    _remove(Path(entry.path))


def _remove(folder: Path) -> None:
    with suppress(OSError):
        try:
            with (folder / _LOCK).open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            pass  # it was killed before it could lock it
        shutil.rmtree(folder)
