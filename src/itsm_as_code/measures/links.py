"""Links of a change that can lift a stop: to what it mends. They count while that is open and about the same service.

What a change says of itself lifts nothing: a link counts for a service when the record that it names is open and lists
that service. That somebody else than the author agreed to it is for the gate (:mod:`itsm_as_code.gate.agreed`).
Source: Site Reliability Workbook, appendix B, "Example Error Budget Policy": what goes on without budget is what mends.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from itsm_as_code.clock import parse_instant
from itsm_as_code.records.facts import Data, Facts

LINKS: Final[Mapping[str, str]] = {"incident": "Incident", "problem": "Problem", "improvement": "Improvement"}
"""The fields of a Change that can lift a stop, and the kind of what they name."""
_OPEN: Final[Mapping[str, frozenset[str]]] = {
    "Incident": frozenset({"new", "acknowledged", "in-progress", "restored"}),
    "Problem": frozenset({"new", "investigating", "known-error"}),
    "Improvement": frozenset({"accepted", "in-progress"}),
}
"""The states in which something is still to be mended; of an improvement, once somebody accepted it."""


def is_open(kind: str, data: Data) -> bool:
    """True while an incident, problem or improvement is still to be mended."""
    return data["spec"]["status"] in _OPEN[kind]


def why_not(
    spec: Data, field: str, service: str, facts: Facts, at: datetime | None = None, grace: timedelta = timedelta(0)
) -> str | None:
    """Why a link of a change says nothing for a service (``its incident inc-1 is closed``); None when it counts.

    What ended less than ``grace`` before ``at`` still counts as open.
    """
    name = spec[field]
    linked = facts.record(LINKS[field], name)
    if linked is None:
        return f"its {field} {name} does not exist"
    if service not in linked["spec"].get("services", ()):
        return f"its {field} {name} is not about {service}"
    if is_open(LINKS[field], linked) or (at is not None and at - _ended(linked["spec"], at) < grace):
        return None
    return f"its {field} {name} is {linked['spec']['status']}"


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


def _ended(spec: Mapping[str, Any], at: datetime) -> datetime:
    """When an incident ended, as it says; long ago where it does not say so."""
    texts = [spec[key] for key in ("resolvedAt", "closedAt") if key in spec]
    ends = [parse_instant(text) for text in texts]
    return min((end for end in ends if end <= at), default=datetime.min.replace(tzinfo=at.tzinfo))
