"""Paths that people name on the command line, as paths within the repository."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from itsm_as_code.cli.output import Session


def top_of(folder: Path) -> Path:
    """The folder of records that a folder lies in: the nearest above it, or itself, with an ``itsm.yaml``.

    The folder itself where there is none up to the top of its git work tree, and outside of git.
    """
    found = []
    for place in (folder, *folder.resolve().parents):
        if os.path.lexists(place / "itsm.yaml"):
            found.append(place)
        if os.path.lexists(place / ".git"):
            return found[0] if found else folder
    return folder


def located(session: Session, path: Path) -> Path:
    """A path as people give it: from the folder where they called the command, or from the top of the records."""
    places = (session.called_in / path, path, session.directory / path)
    return next((place for place in places if os.path.lexists(place)), places[0])


def within(session: Session, paths: Iterable[Path]) -> list[str]:
    """Paths relative to the top (``""`` for the top), given from there or from where the command was called.

    UsageError for one that lies outside.
    """
    from itsm_as_code.errors import UsageError

    found = []
    for path in paths:
        try:
            relative = located(session, path).resolve().relative_to(session.directory.resolve())
        except ValueError:
            message = f"{path} lies outside {session.directory}"
            raise UsageError(message, remedy="name a path inside the repository") from None
        found.append("" if relative == Path() else relative.as_posix())
    return found


def inside(path: str, prefixes: Iterable[str]) -> bool:
    """True for a path that is one of the prefixes or lies below one."""
    return any(not prefix or path == prefix or path.startswith(prefix + "/") for prefix in prefixes)
