"""Findings of an import: the same thing said once, however many entities it concerns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from itsm_as_code.findings import Finding, Location, RecordId, Rule, Severity, sort_findings

_NAMED = 5


@dataclass(slots=True)
class _Note:
    rule: Rule
    severity: Severity
    message: str
    remedy: str
    places: list[tuple[str, Location, RecordId | None]] = field(default_factory=list)


class Notes:
    """Gathers what there is to say; equal messages become one finding that names whom it concerns."""

    def __init__(self) -> None:
        self._notes: dict[tuple[str, ...], _Note] = {}
        self.refused = 0
        """How many things of the sources became no record."""

    def add(
        self,
        rule: Rule,
        message: str,
        at: Location,
        *,
        subject: str = "",
        remedy: str = "",
        severity: Severity | None = None,
        record: RecordId | None = None,
        apart: bool = False,
        refused: bool = False,
    ) -> None:
        """Say ``message`` of ``subject`` at a place of the source; ``apart``, once for each file.

        ``refused`` where it is said of something that becomes no record.
        """
        self.refused += refused
        grade = severity or rule.severity
        note = self._notes.setdefault(
            (rule.id, grade, message, remedy, at.path if apart else ""), _Note(rule, grade, message, remedy)
        )
        note.places.append((subject, at, record))

    def findings(self) -> list[Finding]:
        """Gravest first; an aggregated finding stands at the first place it concerns."""
        return sort_findings(
            Finding(
                note.rule.id,
                note.severity,
                note.places[0][1],
                _sentence(note),
                note.remedy,
                note.places[0][2] if len(set(note.places)) == 1 else None,
            )
            for note in self._notes.values()
        )


def _sentence(note: _Note) -> str:
    places = list(dict.fromkeys(note.places))
    subjects = list(dict.fromkeys(subject for subject, _, _ in places if subject))
    count = len(places)
    if count == 1:
        return f"{subjects[0]}: {note.message}" if subjects else note.message
    return f"{note.message} ({count} times{': ' + listed(subjects) if subjects else ''})"


def listed(names: list[str], most: int = _NAMED) -> str:
    """``a, b, c and 4 more``."""
    if len(names) <= most + 1:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"


def differences(one: Any, other: Any, at: str = "") -> Iterator[str]:
    """The dotted paths at which two values differ; lists are compared as a whole."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in dict.fromkeys((*one, *other)):
            path = f"{at}.{key}" if at else str(key)
            if key not in one or key not in other:
                yield path
            else:
                yield from differences(one[key], other[key], path)
    elif one != other:
        yield at
