"""What a reader is told of a pull request beside the evidence: titles, people, times, and values before and after.

Nothing of it decides anything, so it stands beside the evidence of a decision and not in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from itsm_as_code.findings import RecordId


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field (RFC 6901) and what stood and stands in it, as text; None where it is absent on that side."""

    pointer: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class Subject:
    """A changed record. ``about`` are rows of a name and a text; ``weighs`` what its risk rests on, gravest first.

    ``fields`` are the first changed fields of a record that was there before, of ``changed`` in all. ``url`` is where
    the record can be read at the forge, or None.
    """

    id: RecordId
    action: str
    title: str
    summary: str
    path: str
    url: str | None
    about: tuple[tuple[str, str], ...] = ()
    weighs: tuple[str, ...] = ()
    fields: tuple[FieldChange, ...] = ()
    changed: int = 0


@dataclass(frozen=True, slots=True)
class ControlShift:
    """A control that merging moves: its name and clause, and how it stands on each side (None: not worked out).

    ``exceptions`` are subject and message of those that come, or where it ``is_worse`` is False, of those that go;
    there are none where a first record has it assessed, or the last one has gone.
    """

    control: str
    clause: str
    before: str | None
    after: str | None
    is_worse: bool
    exceptions: tuple[tuple[str, str], ...]

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        told = [{"subject": subject, "message": message} for subject, message in self.exceptions]
        sides = {"before": self.before, "after": self.after}
        return {"control": self.control, "clause": self.clause, **sides, "isWorse": self.is_worse, "exceptions": told}


@dataclass(frozen=True, slots=True)
class Outline:
    """The first of the changed records, changes before others, and the controls that merging moves.

    ``logins`` are those at the forge of the people who are to be asked, by their names; ``zone`` is that of the
    organisation: times are told as its clocks show them.
    """

    subjects: tuple[Subject, ...] = ()
    logins: Mapping[str, str] = field(default_factory=dict)
    zone: str = "UTC"
    controls: tuple[ControlShift, ...] = ()
