"""The files that an import reads: those that are named, and those that they name."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from itsm_as_code.cli._paths import located

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from itsm_as_code.cli.output import Session
    from itsm_as_code.findings import Finding

    Follow: TypeAlias = Callable[[str, Path, bytes], tuple[dict[str, Path], list[Finding]]]
    """Gives the files that a file names, by how they are called, and what cannot be followed."""


def read_all(
    session: Session, paths: tuple[Path, ...], follow: Follow | None
) -> tuple[dict[str, bytes], list[Finding]]:
    """The bytes of each file, at most one more than an importer takes, and a finding for each that cannot be read.

    ``follow`` gives the files that a file names, which are read too. ItsmError where none can be read: then there is
    nothing to import.
    """
    from itsm_as_code.errors import ItsmError
    from itsm_as_code.findings import Finding, Location
    from itsm_as_code.interchange import IMPORT_READABLE, MAX_BYTES

    sources: dict[str, bytes] = {}
    unread, said, remedy = [], [], "name a file that can be read"
    waiting = {str(path): located(session, path) for path in paths}
    seen: set[Path] = set()
    while waiting:
        name = next(iter(waiting))
        place = waiting.pop(name)
        if name != "-" and place.resolve() in seen:
            continue
        seen.add(place.resolve())
        try:
            content = _content(name, place, MAX_BYTES + 1)
        except OSError as error:
            rule, message = IMPORT_READABLE, f"cannot read {name}: {error.strerror or error}"
            unread.append(Finding(rule.id, rule.severity, Location(name), message, remedy))
            continue
        sources[name] = content
        if follow is not None and name != "-":
            more, problems = follow(name, place, content)
            waiting |= {key: path for key, path in more.items() if key not in sources}
            said += problems
    if not sources:
        raise ItsmError(unread[0].message, remedy=remedy, code="unreadable")
    return sources, [*unread, *said]


def _content(name: str, place: Path, most: int) -> bytes:
    """What stands in a file; OSError where nothing does, for then whatever made it failed."""
    if name == "-":
        content = sys.stdin.buffer.read(most)
    else:
        with place.open("rb") as file:
            content = file.read(most)
    if len(content) < most and not content.strip():
        raise OSError("there is nothing in it")
    return content
