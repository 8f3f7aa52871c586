"""What `itsm report compliance` prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from itsm_as_code.clock import format_instant
from itsm_as_code.compliance import Assessment, ControlStatus, Evidence
from itsm_as_code.compliance.clauses import Coverage

COLUMNS: Final = (
    *("control", "title", "framework", "clause", "owner", "status", "from", "to", "population", "size", "digest"),
    *("good", "exceptions", "waived", "unknown", "missing", "sample"),
)
HEADERS: Final = ("Control", "Clause", "Status", "Population", "Exceptions", "What is missing")
FAILING: Final = (ControlStatus.NOT_SATISFIED, ControlStatus.STALE, ControlStatus.NOT_ASSESSED)
_ORDER: Final = (*FAILING, ControlStatus.SATISFIED, ControlStatus.NOT_APPLICABLE)


@dataclass(frozen=True, slots=True)
class Row:
    """A control with how it stands; ``spec`` is what its record says."""

    name: str
    title: str
    framework: str
    clause: str
    owner: str
    assessment: Assessment
    spec: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Compliance:
    """All controls as of an instant, grouped ``by`` framework or team, and the clauses that they cover.

    ``policies`` are the titles of those that there are, by name.
    """

    now: datetime
    by: str
    rows: tuple[Row, ...]
    coverage: tuple[Coverage, ...] = ()
    rule: str = ""
    organisation: str = ""
    policies: Mapping[str, str] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """0 all controls are satisfied, 1 not all are, 2 not all could be assessed."""
        found = {row.assessment.status for row in self.rows}
        if found & {ControlStatus.NOT_SATISFIED, ControlStatus.STALE}:
            return 1
        return 2 if ControlStatus.NOT_ASSESSED in found or not found else 0

    @property
    def groups(self) -> Iterator[tuple[str, list[Row]]]:
        """The controls of each framework or team, what fails first."""
        named: dict[str, list[Row]] = {}
        for row in sorted(self.rows, key=lambda row: (_ORDER.index(row.assessment.status), row.clause, row.name)):
            named.setdefault((row.owner or "nobody") if self.by == "team" else row.framework, []).append(row)
        yield from sorted(named.items())


def tally(rows: list[Row]) -> str:
    """``3 not-satisfied, 20 satisfied``."""
    counts = ((status, sum(row.assessment.status is status for row in rows)) for status in _ORDER)
    return ", ".join(f"{count} {status}" for status, count in counts if count)


def cells(row: Row) -> list[str]:
    """A control for people."""
    found = row.assessment
    size = str(found.size) if found.evidence else "none"
    return [row.name, row.clause, found.status, size, str(len(found.exceptions)), missing(found)]


def missing(found: Assessment) -> str:
    """What keeps a control from being satisfied, in a sentence."""
    if found.status in (ControlStatus.SATISFIED, ControlStatus.NOT_APPLICABLE):
        return ""
    if found.exceptions:
        first, more = found.exceptions[0], len(found.exceptions) - 1
        return f"{first.subject}: {first.message}" + (f" (and {more} more)" if more else "")
    told = (f"{item.type}: {item.missing}" for item in found.evidence if item.missing and not item.is_idle)
    return found.missing or next(told, "")


def covered(found: Coverage) -> str:
    """``20 of 45 clauses have a control, 12 of them satisfied; none: 4.1, 4.2``."""
    none = [clause.number for clause in found.clauses if not clause.controls]
    told = f"{found.covered} of {len(found.clauses)} clauses have a control, and of {found.satisfied} all are satisfied"
    return f"{told}; without: {', '.join(none)}" if none else told


def row(found: Row) -> dict[str, Any]:
    """A control as data."""
    said = found.assessment
    period = said.period
    return {
        "control": found.name,
        "title": found.title,
        "framework": found.framework,
        "clause": found.clause,
        "owner": found.owner or None,
        "status": said.status,
        "from": format_instant(period.start) if period else None,
        "to": format_instant(period.end) if period else None,
        "population": said.population or None,
        "size": said.size,
        "digest": said.digest or None,
        "exceptions": [{"subject": item.subject, "message": item.message} for item in said.exceptions],
        "unseen": list(said.unseen),
        "missing": missing(said) or None,
        "sample": list(said.sample),
        "evidence": [_evidence(item) for item in said.evidence],
    }


def _evidence(found: Evidence) -> dict[str, Any]:
    numbers = {"good": found.good, "bad": found.bad, "waived": found.waived, "unknown": found.unknown}
    told = {"type": found.type, "name": named(found.entry) or None, "status": found.status, "isIdle": found.is_idle}
    return {**told, **numbers, "population": found.population or None, "missing": found.missing or None}


def named(entry: Mapping[str, Any]) -> str:
    """What a piece of evidence rests on, as its record names it; "" where it names nothing."""
    return next((str(entry[key]) for key in _NAMED if key in entry), "")


_NAMED: Final = ("policy", "check", "require", "kind", "training", "path", "auditor", "by")
