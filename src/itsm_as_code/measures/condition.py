"""How services stand at an instant, by impact: the one rule for the site, its badges and indicator, and for exports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

from itsm_as_code.clock import parse_instant

Spec = Mapping[str, Any]
Incident = TypeVar("Incident")
CONDITIONS: Final = (
    *("out", "degraded", "affected", "incident", "minor", "changing", "restored", "works", "not-live", "retired"),
)
"""The gravest first."""
SETTLED: Final = ("resolved", "closed", "cancelled")
"""States of incidents that are over."""
_SMALL: Final = ("P4", "P5")


def is_grave(incident: Spec) -> bool:
    """True for the spec of an incident that customers are told of at once: of priority 1 to 3, or of none yet."""
    return incident.get("priority") not in _SMALL


def worst_outages(incidents: Iterable[tuple[Incident, Spec]], now: datetime) -> dict[str, tuple[str, Incident]]:
    """Services that are out (``full``) or ``degraded`` now, by open incidents, each with the one that says so."""
    found: dict[str, tuple[str, Incident]] = {}
    for incident, spec in incidents:
        for outage in spec.get("outages", ()):
            if _is_on(outage, now) and found.get(outage["service"], ("degraded",))[0] == "degraded":
                found[outage["service"]] = (outage["kind"], incident)
    return found


def _is_on(outage: Spec, now: datetime) -> bool:
    try:
        return parse_instant(outage["start"]) <= now and ("end" not in outage or now < parse_instant(outage["end"]))
    except ValueError:
        return False


def condition(
    service: Spec, outage: str | None, is_affected: bool, incidents: Sequence[Spec], is_changing: bool
) -> str:
    """One of :data:`CONDITIONS`: how much of a service those notice who use it.

    ``outage`` is the kind of its outage now, ``is_affected`` that it hard-depends on a service that is out, then its
    open incidents, and whether a change of it is being carried out.
    """
    lifecycle = service["lifecycle"]
    if lifecycle not in ("live", "deprecated"):
        return "retired" if lifecycle == "retired" else "not-live"
    if outage is not None:
        return "out" if outage == "full" else "degraded"
    if is_affected:
        return "affected"
    unrestored = [incident for incident in incidents if incident["status"] != "restored"]
    if unrestored:
        return "incident" if any(map(is_grave, unrestored)) else "minor"
    if is_changing:
        return "changing"
    return "restored" if incidents else "works"
