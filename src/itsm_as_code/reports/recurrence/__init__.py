"""What `itsm report recurrence` prints."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from itsm_as_code.clock import format_instant
from itsm_as_code.measures.repeated import Repeated

COLUMNS: Final = ("kind", "name", "first", "last", "incidents")
HEADERS: Final = ("Of", "Incidents", "From", "To", "Names")


@dataclass(frozen=True, slots=True)
class Recurrence:
    """Incidents that came back without a problem, as of an instant."""

    now: datetime
    groups: tuple[Repeated, ...]


def row(found: Repeated) -> dict[str, Any]:
    """A group as data."""
    return {
        "kind": found.kind,
        "name": found.name,
        "first": format_instant(found.first),
        "last": format_instant(found.last),
        "incidents": list(found.incidents),
    }


def cells(found: Repeated) -> list[str]:
    """A group for people."""
    days = (found.first.date().isoformat(), found.last.date().isoformat())
    return [f"{found.kind} {found.name}", f"{len(found.incidents):,}", *days, ", ".join(found.incidents)]
