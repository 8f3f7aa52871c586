"""Whom a failure of some services reaches: how far away, over which dependencies, whose they are and what is promised.

A hard dependency passes a failure on, a soft one a degradation. Where a dependency is one of a redundancy group, the
others of the group may carry on: they are named, and only those that fail as well are not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from itsm_as_code.clock import parse_date
from itsm_as_code.measures.deadlines import in_force, utc_day
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.graph import reachable


@dataclass(frozen=True, slots=True)
class Reached:
    """A service in the radius. ``distance`` 0 is changed itself; ``strength`` is ``soft`` once one step is soft.

    ``via`` is the service before it; ``group`` the redundancy group of that dependency and ``spare`` those of the group
    that are not in the radius.
    """

    service: str
    distance: int
    via: str | None
    strength: str
    owner: str | None
    tier: int | None
    agreements: tuple[str, ...]
    group: str | None = None
    spare: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BlastRadius:
    """The services named, and those reached from them, the nearest first."""

    direct: tuple[Reached, ...]
    computed: tuple[Reached, ...]

    @property
    def owners(self) -> tuple[str, ...]:
        """The teams to tell, each once."""
        return tuple(sorted({item.owner for item in (*self.direct, *self.computed) if item.owner}))

    @property
    def agreements(self) -> tuple[str, ...]:
        """The agreements in force of all services in the radius."""
        return tuple(sorted({name for item in (*self.direct, *self.computed) for name in item.agreements}))


def blast_radius(services: tuple[str, ...], facts: Facts, now: datetime) -> BlastRadius:
    """The radius of some services that exist."""
    agreements = _agreements(facts, utc_day(now))
    hard = facts.graph.dependents(*services)
    soft = {name: found for name, found in reachable(facts.graph.all_dependents, services).items() if name not in hard}
    failing = {*services, *hard}
    direct = tuple(_reached(name, 0, None, "hard", facts, agreements, failing) for name in dict.fromkeys(services))
    computed = [_reached(name, *found, "hard", facts, agreements, failing) for name, found in hard.items()]
    computed += [_reached(name, *found, "soft", facts, agreements, failing) for name, found in soft.items()]
    return BlastRadius(direct, tuple(sorted(computed, key=lambda item: (item.distance, item.strength, item.service))))


def _reached(
    name: str,
    distance: int,
    via: str | None,
    strength: str,
    facts: Facts,
    agreements: Mapping[str, list[str]],
    failing: set[str],
) -> Reached:
    spec = facts.spec("Service", name)
    needs = spec.get("dependsOn", ())
    group = next((need.get("redundancyGroup") for need in needs if need["service"] == via), None)
    others = {need["service"] for need in needs if group is not None and need.get("redundancyGroup") == group}
    return Reached(
        service=name,
        distance=distance,
        via=via,
        strength=strength,
        owner=spec.get("owner"),
        tier=spec.get("tier"),
        agreements=tuple(agreements.get(name, ())),
        group=group,
        spare=tuple(sorted(others - failing)),
    )


def _agreements(facts: Facts, today: date) -> dict[str, list[str]]:
    """Service -> the names of its agreements that are in force."""
    found: dict[str, list[str]] = {}
    for agreement in facts.records("ServiceLevelAgreement"):
        spec = agreement["spec"]
        start, end = (spec["effective"].get(key) for key in ("from", "until"))
        if in_force(parse_date(start) if start else None, parse_date(end) if end else None, today):
            found.setdefault(spec["service"], []).append(agreement["metadata"]["name"])
    return {service: sorted(names) for service, names in found.items()}


def touched_services(records: Iterator[Mapping[str, Any]], facts: Facts) -> tuple[str, ...]:
    """The services that records are about: themselves, or those they name; only services that exist."""
    found: dict[str, None] = {}
    for data in records:
        spec = data.get("spec", {})
        names = [data["metadata"]["name"]] if data.get("kind") == "Service" else []
        services = spec.get("services", ())
        names += [*(services if isinstance(services, list) else ()), spec.get("service")]
        found.update(dict.fromkeys(name for name in names if isinstance(name, str) and facts.record("Service", name)))
    return tuple(sorted(found))
