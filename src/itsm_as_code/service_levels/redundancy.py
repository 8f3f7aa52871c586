"""Redundancy groups of services by what their records say of capacity, at normal load or at peak.

A measure counts where every member of a group states its load and its limit in the same unit; where one does not, the
others are taken to carry it. What fails with a member, and so is left to nobody, is what services ask of it that have
no other: where a dependency states its flow, that part is taken off.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from itsm_as_code.measures.redundancy import Carried, Measure, able, asked, options
from itsm_as_code.measures.worst_case import Option
from itsm_as_code.records.facts import Data, Facts

NORMAL: Final = "normal"
PEAK: Final = "peak"
Key = tuple[str, str]
"""The name of a measure and its unit."""


@dataclass(frozen=True, slots=True)
class Shortfall:
    """When ``lost`` fails, ``rest`` can carry ``limit`` of the ``load`` that is then theirs, in ``unit``."""

    lost: str
    rest: tuple[str, ...]
    measure: str
    unit: str
    load: Fraction
    limit: Fraction

    @property
    def share(self) -> Fraction:
        """The load as a share of what the rest can carry."""
        return self.load / self.limit


class Redundancy:
    """What members of redundancy groups carry for each other at a level of load (``normal`` or ``peak``)."""

    def __init__(self, facts: Facts, level: str) -> None:
        self._facts = facts
        self._level = level
        self._options: dict[tuple[str, ...], tuple[tuple[Option, ...], bool]] = {}

    def options(self, members: tuple[str, ...]) -> tuple[tuple[Option, ...], bool]:
        """As :func:`itsm_as_code.measures.redundancy.options`, of a group of services."""
        if members not in self._options:
            self._options[members] = options(members, list(self.measures(members).values()))
        return self._options[members]

    def losses(self, members: Sequence[str]) -> Iterator[Shortfall]:
        """For each member that is lost and each measure, what the rest is asked and can carry, enough or not."""
        for (name, unit), measure in self.measures(members).items():
            for lost in members:
                rest = tuple(member for member in members if member != lost)
                yield Shortfall(lost, rest, name, unit, asked(rest, measure), able(rest, measure))

    def shortfalls(self, members: Sequence[str]) -> list[Shortfall]:
        """The losses that the rest does not carry."""
        return [loss for loss in self.losses(members) if loss.load > loss.limit]

    def measures(self, members: Sequence[str]) -> dict[Key, Measure]:
        """The measures that every member states with load and limit."""
        stated = {name: _stated(self._facts.spec("Service", name), self._level) for name in members}
        shared = [key for key in stated[members[0]] if all(key in found for found in stated.values())]
        return {key: {name: self._carried(name, key, *found[key]) for name, found in stated.items()} for key in shared}

    def _carried(self, name: str, key: Key, load: Fraction, limit: Fraction) -> Carried:
        flows = [flow for flow in flows_to(self._facts, name) if flow.measure == key[0]]
        staying = sum((flow.at(self._level) for flow in flows if not flow.moves), Fraction(0))
        moving = sum((flow.at(self._level) for flow in flows if flow.moves), Fraction(0))
        return Carried(load, limit, max(load - staying, moving))


@dataclass(frozen=True, slots=True)
class Flow:
    """What a service asks of another at normal load and at peak; ``moves`` where it has others to ask."""

    measure: str
    normal: Fraction
    peak: Fraction
    moves: bool

    def at(self, level: str) -> Fraction:
        return self.normal if level == NORMAL else self.peak


def groups_of(service: Data) -> dict[str, tuple[str, ...]]:
    """The redundancy groups of a service with several members, by name."""
    found: dict[str, dict[str, None]] = {}
    for dependency in service["spec"].get("dependsOn", ()):
        if dependency["strength"] == "hard" and "redundancyGroup" in dependency:
            found.setdefault(dependency["redundancyGroup"], {})[dependency["service"]] = None
    return {name: tuple(members) for name, members in found.items() if len(members) > 1}


def flows_to(facts: Facts, name: str) -> list[Flow]:
    """What services state that they ask of one."""
    return _all_flows(facts).get(name, [])


def asked_services(facts: Facts) -> Iterable[str]:
    """The services of which others state what they ask."""
    return _all_flows(facts)


def _all_flows(facts: Facts) -> dict[str, list[Flow]]:
    return facts.remember(("flows",), ("Service",), lambda: _flows(facts))


def _flows(facts: Facts) -> dict[str, list[Flow]]:
    """What services state that they ask of each service."""
    found: dict[str, list[Flow]] = {}
    for service in facts.services_with("flows"):
        groups = groups_of(service)
        for dependency in service["spec"].get("dependsOn", ()):
            moves = dependency.get("redundancyGroup") in groups
            for flow in dependency.get("flows", ()):
                normal, peak = Fraction(flow.get("normal", 0)), Fraction(flow.get("peak", flow.get("normal", 0)))
                found.setdefault(dependency["service"], []).append(Flow(flow["measure"], normal, peak, moves))
    return found


def _stated(spec: Data, level: str) -> dict[Key, tuple[Fraction, Fraction]]:
    """Load and limit by measure and unit, where both are stated and the limit is above 0."""
    return {
        (measure["measure"], measure["unit"]): (Fraction(measure[level]), Fraction(measure["limit"]))
        for measure in spec.get("capacity", ())
        if level in measure and Fraction(measure.get("limit", 0)) > 0
    }
