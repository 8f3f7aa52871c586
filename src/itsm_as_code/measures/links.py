"""Links of a change that can lift a stop: to what it mends. They count while that is open and about the same service.

What a change says of itself lifts nothing: a link counts for a service when the record that it names is open and lists
that service. That somebody else than the author agreed to it is for the gate (:mod:`itsm_as_code.gate.agreed`).
Source: Site Reliability Workbook, appendix B, "Example Error Budget Policy": what goes on without budget is what mends.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from itsm_as_code.clock import parse_instant
from itsm_as_code.records.facts import Data, Facts
from itsm_as_code.records.taken_over import is_taken_over

LINKS: Final[Mapping[str, str]] = {"incident": "Incident", "problem": "Problem", "improvement": "Improvement"}
"""The fields of a Change that can lift a stop, and the kind of what they name."""
_OPEN: Final[Mapping[str, frozenset[str]]] = {
    "Incident": frozenset({"new", "acknowledged", "in-progress", "on-hold", "restored"}),
    "Problem": frozenset({"new", "investigating", "known-error"}),
    "Improvement": frozenset({"accepted", "in-progress"}),
}
"""The states in which something is still to be mended; of an improvement, once somebody accepted it."""


def is_open(kind: str, data: Data, at: datetime | None = None, grace: timedelta = timedelta(0)) -> bool:
    """True while an incident, problem or improvement is still to be mended, or for ``grace`` after it ended here."""
    if is_taken_over(data):
        return False
    if data["spec"]["status"] in _OPEN[kind]:
        return True
    if data["spec"]["status"] == "cancelled":
        return False  # it was none
    ended = ended_at(data["spec"], at) if at is not None else None
    return ended is not None and at is not None and at - ended < grace


def ended_at(spec: Data, now: datetime) -> datetime | None:
    """When what is over ended, as it says; None where it does not say so, or names an instant to come."""
    ends = [parse_instant(spec[key]) for key in ("resolvedAt", "closedAt") if key in spec]
    return min((end for end in ends if end <= now), default=None)


def is_about(data: Data, service: str) -> bool:
    """True when an incident, problem or improvement lists a service."""
    return service in data["spec"].get("services", ())


def why_not(spec: Data, field: str, service: str, facts: Facts) -> str | None:
    """Why a link of a change says nothing for a service (``its problem p is closed``); None when it counts."""
    name = spec[field]
    linked = facts.record(LINKS[field], name)
    if linked is None:
        return f"its {field} {name} does not exist"
    if not is_about(linked, service):
        return f"its {field} {name} is not about {service}"
    return None if is_open(LINKS[field], linked) else f"its {field} {name} is {linked['spec']['status']}"


def lifted_by(spec: Data, service: str, facts: Facts, fields: Iterable[str]) -> tuple[str | None, list[str]]:
    """The first of a change's links that counts for a service, or None; and why the others do not."""
    refused = []
    for field in fields:
        if field in LINKS and field in spec:
            why = why_not(spec, field, service, facts)
            if why is None:
                return field, []
            refused.append(why)
    return None, refused
