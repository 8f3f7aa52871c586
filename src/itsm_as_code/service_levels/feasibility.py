"""Whether a promised availability can be kept: against what the agreements below it compose to.

The promise for a service is taken as the availability of that service's own component: what can fail below it is
counted once more by its own promise, each service once however many ways lead to it. All targets count as shares of all
time, whatever hours, windows and excluded maintenance they are measured over. Of several agreements for a service in
force the highest counts (the service has to be run to it); underpinning contracts count where there is no other. A
service without a promise counts as never failing, and is named.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from fractions import Fraction

from itsm_as_code.measures.availability import Composer, Composition, Need
from itsm_as_code.measures.worst_case import FULL, parts
from itsm_as_code.records.facts import Facts
from itsm_as_code.service_levels.promises import Promise, Promises, supporting


class Feasibility:
    """Compositions of what is below promised availabilities, as of a day."""

    def __init__(self, facts: Facts, today: date) -> None:
        self._today = today
        self._promises = Promises(facts)
        self._needs = needs(facts)
        self._composers: dict[date, Composer] = {}

    def promises(self) -> Iterator[Promise]:
        """The availabilities that the organisation itself promises (sla, ola), now or from a later day on."""
        for promise in self._promises.all:
            if supporting(promise.type) and promise.availability is not None and not promise.over(self._today):
                yield promise

    def composition(self, promise: Promise) -> Composition:
        """What is below a promise composes to this, on the first day from today on which it is in force.

        Beside the hard dependencies these are the agreements for the same service that support it, each named
        ``<agreement> (<type>)``.
        """
        return self._composer(promise).compose(promise.service, also=[name for name, _ in self._support(promise)])

    def surely_feasible(self, promise: Promise) -> bool:
        """True when even the worst case of everything below keeps the promise: known at once, without composing."""
        if promise.availability is None:
            return True
        lost = self._composer(promise).worst_case.below(promise.service)
        lost += sum(parts(share) for _, share in self._support(promise))
        return lost <= (1 - promise.availability) * FULL

    def _start(self, promise: Promise) -> date:
        return max(self._today, promise.start)

    def _support(self, promise: Promise) -> list[tuple[str, Fraction]]:
        """The promises of the agreements for the same service that support it."""
        day, types = self._start(promise), supporting(promise.type)
        return [
            (_label(other), other.availability)
            for other in self._promises.by_service[promise.service]
            if other.type in types and other.availability is not None and other.in_force(day)
        ]

    def _composer(self, promise: Promise) -> Composer:
        day = self._start(promise)
        if day not in self._composers:
            self._composers[day] = Composer(self._needs, self._availability(day))
        return self._composers[day]

    def _availability(self, day: date) -> dict[str, Fraction]:
        found: dict[str, Fraction] = {}
        contracts: dict[str, Fraction] = {}
        for promise in self._promises.all:
            share = promise.availability
            if share is None or not promise.in_force(day):
                continue
            kind = found if supporting(promise.type) else contracts
            kind[promise.service] = max(share, kind.get(promise.service, share))
            if kind is contracts or promise.type == "ola":
                found.setdefault(_label(promise), share)
        return {**contracts, **found}


def needs(facts: Facts) -> dict[str, Need]:
    """What each service needs to be up, by its hard dependencies; a group of one is no group."""
    found = {}
    for data in facts.records("Service"):
        serial: dict[str, None] = {}
        groups: dict[str, dict[str, None]] = {}
        for dependency in data["spec"].get("dependsOn", ()):
            target = dependency["service"]
            if dependency["strength"] == "hard" and facts.record("Service", target) is not None:
                group = dependency.get("redundancyGroup")
                (serial if group is None else groups.setdefault(group, {}))[target] = None
        serial |= {name: None for members in groups.values() if len(members) == 1 for name in members}
        several = tuple(tuple(members) for members in groups.values() if len(members) > 1)
        found[data["metadata"]["name"]] = Need(tuple(serial), several)
    return found


def _label(promise: Promise) -> str:
    return f"{promise.agreement} ({promise.type})"
