"""Whether a promised availability can be kept: against what the agreements below it compose to.

The promise for a service is taken as the availability of that service's own component: what can fail below it is
counted once more by its own promise, each service once however many ways lead to it. All targets count as shares of all
time, whatever hours, windows and excluded maintenance they are measured over. Of several agreements for a service in
force the highest counts (the service has to be run to it); underpinning contracts count where there is no other. A
service without a promise counts as never failing, and is named.

Members of a redundancy group count as standing in for each other as far as the rest carries the normal load of all; at
peak (:meth:`Feasibility.at_both`) as far as it carries the peak of all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from fractions import Fraction

from itsm_as_code.measures.availability import Composer, Composition, Need
from itsm_as_code.measures.worst_case import FULL, parts
from itsm_as_code.records.facts import Facts
from itsm_as_code.service_levels.promises import Promise, Promises, supporting
from itsm_as_code.service_levels.redundancy import NORMAL, PEAK, Redundancy


class Feasibility:
    """Compositions of what is below promised availabilities, as of a day.

    ``among`` are the only services that are looked at, with all that they need; all of them where it is None.
    ``supposed`` are availabilities (0 to 1) that count instead of what is promised.
    """

    def __init__(
        self,
        facts: Facts,
        today: date,
        among: Iterable[str] | None = None,
        supposed: Mapping[str, Fraction] | None = None,
    ) -> None:
        self._today = today
        self._among = None if among is None else _closure(facts, among)
        self._promises = Promises(facts, self._among)
        self._supposed = supposed or {}
        self._facts = facts
        self._needs: dict[str, dict[str, Need]] = {}
        self._composers: dict[tuple[date, str], Composer] = {}

    def knows(self, service: str) -> bool:
        """True when there is such a service."""
        return self._facts.record("Service", service) is not None

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
        return self._compose(promise, NORMAL)

    def at_both(self, promise: Promise) -> tuple[Composition, Composition]:
        """What is below a promise composes to this at normal load, and to this while every load is at its peak."""
        normal = self.composition(promise)
        return normal, normal if self._needed(PEAK) is self._needed(NORMAL) else self._compose(promise, PEAK)

    def _compose(self, promise: Promise, level: str) -> Composition:
        also = [name for name, _ in self._support(promise)]
        return self._composer(promise, level).compose(promise.service, also=also)

    def contributing(self, promise: Promise, whole: Composition) -> dict[str, Fraction]:
        """The availabilities that count in what a promise composes to, by component, without those that never fail."""
        known = self._availability(self._start(promise))
        return {name: known[name] for part in whole.contributions for name in part.names if known.get(name, 1) != 1}

    def supposing(self, promise: Promise, availability: Mapping[str, Fraction]) -> Composition:
        """As :meth:`composition`, with other availabilities of some components."""
        known = {**self._availability(self._start(promise)), **availability}
        composer = Composer(self._needed(NORMAL), known)
        return composer.compose(promise.service, also=[name for name, _ in self._support(promise)])

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
            for other in self._promises.by_service.get(promise.service, ())
            if other.type in types and other.availability is not None and other.in_force(day)
        ]

    def _composer(self, promise: Promise, level: str = NORMAL) -> Composer:
        key = self._start(promise), level
        if key not in self._composers:
            self._composers[key] = Composer(self._needed(level), self._availability(key[0]))
        return self._composers[key]

    def _needed(self, level: str) -> dict[str, Need]:
        """What is needed at a level of load; where it is the same as at normal load, that very object."""
        if level not in self._needs:
            found = needs(self._facts, level, self._among)
            normal = found if level == NORMAL else self._needed(NORMAL)
            self._needs[level] = normal if found == normal else found
        return self._needs[level]

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
        return {**contracts, **found, **self._supposed}


def _closure(facts: Facts, among: Iterable[str]) -> tuple[str, ...]:
    """Services with all that they need, and that there are."""
    named = tuple(dict.fromkeys(among))
    found = dict.fromkeys((*named, *facts.graph.dependencies(*named)))
    return tuple(name for name in found if facts.record("Service", name) is not None)


def needs(facts: Facts, level: str = NORMAL, among: Iterable[str] | None = None) -> dict[str, Need]:
    """What each service needs to be up at a level of load, by its hard dependencies; a group of one is no group."""
    found = {}
    redundancy = Redundancy(facts, level)
    named = (facts.record("Service", name) for name in among or ())
    for data in facts.records("Service") if among is None else [data for data in named if data is not None]:
        serial: dict[str, None] = {}
        groups: dict[str, dict[str, None]] = {}
        for dependency in data["spec"].get("dependsOn", ()):
            target = dependency["service"]
            if dependency["strength"] == "hard" and facts.record("Service", target) is not None:
                group = dependency.get("redundancyGroup")
                (serial if group is None else groups.setdefault(group, {}))[target] = None
        serial |= {name: None for members in groups.values() if len(members) == 1 for name in members}
        plain, choices, exact = [], [], True
        for members in (tuple(members) for members in groups.values() if len(members) > 1):
            options, complete = redundancy.options(members)
            exact = exact and complete
            if options == tuple((member,) for member in members):
                plain.append(members)
            else:
                choices.append(options)
        found[data["metadata"]["name"]] = Need(tuple(serial), tuple(plain), tuple(choices), exact)
    return found


def _label(promise: Promise) -> str:
    return f"{promise.agreement} ({promise.type})"
