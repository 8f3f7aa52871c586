"""The availability that services compose to: in series, in parallel, and with parts that they share.

A *component* is what a service adds of itself: it is up with a probability, independently of the others. A service is
up when its own component is up, every hard dependency is up, and of every redundancy group at least one member is up.
So the availability of what a service needs is the probability of a Boolean function without negation, in which every
component is one variable however many ways lead to it: a diamond counts its foot once, and two redundant members on one
network are not better than the network.

Where redundancy groups share components, the function is split on them (Shannon's expansion: once with the component
up, once with it down), which is exact. Splits grow as two to the power of the shared components: ``MAX_WORK`` is enough
for nine or ten that are used in sixty places. Beyond it the groups concerned are counted as their best member each,
multiplied; shared components only make that come out too low (monotone functions of independent variables are
positively associated: Esary, Proschan and Walkup, "Association of random variables", 1967), so the result is a lower
bound, and says so.

All compositions of one :class:`Composer` together look at no more places of components than in proportion to what there
is; once that is spent, a composition is the worst case of its direct dependencies, which is a lower bound as well.

Source of the counting rule: Treynor, Dahlin, Rau and Beyer, "The calculus of service availability", ACM Queue 15(2),
2017: what counts is the number of unique critical dependencies, direct and transitive.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain, takewhile
from math import prod
from operator import attrgetter
from typing import Final

from itsm_as_code.measures.worst_case import FULL, Need, Option, WorstCase

__all__ = ["Composer", "Composition", "Contribution", "Need"]

MAX_WORK: Final = 40_000
"""How many places of components one set of groups may be looked at while it is split."""
_MAX_NESTING: Final = 8
_MAX_PLACES: Final = 4_000
_WORK_PER_NEED: Final = 16
_SPLIT_COST: Final = 8
"""A place that is looked at while splitting costs as much time as so many that are only counted."""
ONE: Final = Fraction(1)


@dataclass(frozen=True, slots=True)
class Contribution:
    """A part that is needed in series: one component, or several (``names``) that stand in for each other."""

    names: tuple[str, ...]
    availability: Fraction
    order: tuple[int, tuple[str, ...]] = field(init=False, compare=False, repr=False)
    """The weakest first, then by name; whole numbers compare quicker than fractions."""

    def __post_init__(self) -> None:
        share = self.availability
        object.__setattr__(self, "order", (share.numerator * FULL**2 // share.denominator, self.names))


@dataclass(frozen=True, slots=True)
class Composition:
    """The availability that what a service needs composes to, as shares of one.

    ``contributions`` multiply to the ``bound``; the weakest come first. ``exact`` is False when shared components were
    too many and the bound is a lower one. ``unknown`` are components whose availability nobody stated; they count as
    never failing.
    """

    bound: Fraction
    contributions: tuple[Contribution, ...]
    exact: bool
    unknown: tuple[str, ...]

    @property
    def weakest(self) -> tuple[Contribution, ...]:
        """The parts with the lowest availability; none when nothing ever fails."""
        lowest = self.contributions[0].availability if self.contributions else ONE
        weakest = takewhile(lambda item: item.availability == lowest, self.contributions)
        return tuple(weakest) if lowest < 1 else ()


@dataclass(frozen=True, slots=True)
class _System:
    """All of ``components`` and all of ``groups`` are needed; of a group, one of its systems is enough.

    Systems of a group may have components in common: where two of three members carry the load, they are its pairs.
    """

    components: frozenset[str] = frozenset()
    groups: frozenset[frozenset[_System]] = frozenset()
    names: frozenset[str] = field(init=False, compare=False, repr=False)
    """All components in it, also those in groups: most splits touch few systems, and leave the others as they are."""

    def __post_init__(self) -> None:
        below = (member.names for group in self.groups for member in group)
        object.__setattr__(self, "names", self.components.union(*below))


_NOTHING: Final = _System()


class Composer:
    """Composes availabilities over one set of services; what is worked out once is remembered."""

    def __init__(self, needs: Mapping[str, Need], availability: Mapping[str, Fraction]) -> None:
        """``needs`` by service, and the ``availability`` (0 to 1) of the components that have a known one."""
        self._needs = needs
        self._availability = availability
        self._members: dict[Option, _System] = {}
        self._places: dict[Option, int] = {}
        self._simplified: set[Option] = set()
        self._open: set[Option] = set()
        self._budget = _SPLIT_COST * MAX_WORK + _WORK_PER_NEED * sum(1 + len(need.targets) for need in needs.values())
        self.worst_case = WorstCase(needs, availability)
        self._singles: dict[str, Contribution] = {}
        self._clusters: dict[frozenset[frozenset[_System]], tuple[Fraction, bool]] = {}

    def compose(self, service: str, also: Iterable[str] = ()) -> Composition:
        """What ``service`` needs composes to this; its own component is not counted.

        ``also`` names components (or services) that it needs besides. A circle of dependencies counts each of its
        services once; a group that is met again below itself adds nothing.
        """
        also = tuple(also)
        if self._budget <= 0:
            return self._roughly(service, also)
        system, places, exact = self._closure([service, *also])
        exact = exact and all(self._needs[name].exact for name in system.names if name in self._needs)
        self._budget -= places
        groups = _without(system, system.components).groups
        parts = [self._single(name) for name in system.components if name != service]
        for cluster in _clusters(groups):
            value, is_exact = self._cluster(cluster)
            parts.append(Contribution(tuple(sorted(_named(cluster))), value))
            exact = exact and is_exact
        return self._composition(parts, exact)

    def _roughly(self, service: str, also: Iterable[str]) -> Composition:
        """A lower bound by the worst cases of what is needed directly."""
        need = self._needs.get(service, Need())
        groups = [*(((name,),) for name in need.serial), *need.alternatives]
        least = self.worst_case.least
        parts = [Contribution(tuple(sorted(set(chain(*one)))), 1 - Fraction(least(one), FULL)) for one in groups]
        return self._composition([*parts, *map(self._single, also)], False)

    def _composition(self, parts: Sequence[Contribution], exact: bool) -> Composition:
        named = {name for part in parts for name in part.names}
        return Composition(
            bound=_product(part.availability for part in parts),
            contributions=tuple(sorted(parts, key=attrgetter("order"))),
            exact=exact,
            unknown=tuple(sorted(named.difference(self._availability))),
        )

    def _of(self, name: str) -> Fraction:
        return self._availability.get(name, ONE)

    def _single(self, name: str) -> Contribution:
        """The contribution of one component: the same object in all compositions, for there are many."""
        if name not in self._singles:
            self._singles[name] = Contribution((name,), self._of(name))
        return self._singles[name]

    def _closure(self, starts: Sequence[str]) -> tuple[_System, int, bool]:
        """Everything needed in series from here on and the groups met on the way; its places; whether it is exact."""
        components = dict.fromkeys(starts)
        queue = list(starts)
        groups: set[frozenset[_System]] = set()
        places, exact = 0, True
        for name in queue:
            need = self._needs.get(name, Need())
            following = list(need.serial)
            for options in need.alternatives:
                if len(options) == 1 or not exact:
                    following.extend(chain(*options))
                elif self._open.isdisjoint(options):
                    size = self._group_places(options)
                    if size > _MAX_PLACES:  # from here on all members are needed instead of one: a lower bound
                        exact = False
                        following.extend(chain(*options))
                        continue
                    group = frozenset(self._members[option] for option in options)
                    exact = self._simplified.isdisjoint(options)
                    places += size if group not in groups else 0
                    groups.add(group)
            for target in following:
                if target not in components:
                    components[target] = None
                    queue.append(target)
        return _System(frozenset(components), frozenset(groups)), places + len(components), exact

    def _group_places(self, options: tuple[Option, ...]) -> int:
        """How many places of components a group has, with those of groups below it; its options are then known."""
        total = 0
        for option in options:
            if option not in self._members:
                if len(self._open) >= _MAX_NESTING:
                    return _MAX_PLACES + 1
                self._open.add(option)
                self._members[option], self._places[option], exact = self._closure(option)
                self._budget -= self._places[option]
                self._open.discard(option)
                if not exact:
                    self._simplified.add(option)
            total += self._places[option]
        return total

    def _cluster(self, groups: frozenset[frozenset[_System]]) -> tuple[Fraction, bool]:
        if groups not in self._clusters:
            split = _Split(self._availability, min(MAX_WORK, max(self._budget, 0) // _SPLIT_COST))
            try:
                self._clusters[groups] = split.groups(groups), True
            except _TooMuchError:
                self._clusters[groups] = self._lower_bound(_System(groups=groups)), False
            self._budget -= _SPLIT_COST * split.work
        return self._clusters[groups]

    def _lower_bound(self, system: _System) -> Fraction:
        groups = (max(self._lower_bound(member) for member in group) for group in system.groups)
        return _product([*(self._of(name) for name in system.components), *groups])


class _TooMuchError(Exception):
    """Splitting costs more than it may."""


class _Split:
    """Exact probabilities by splitting on shared components."""

    def __init__(self, availability: Mapping[str, Fraction], budget: int) -> None:
        self._availability = availability
        self._budget = budget
        self._known: dict[frozenset[frozenset[_System]], Fraction] = {}
        self.work = 0

    def system(self, system: _System) -> Fraction:
        reduced = _without(system, system.components)
        return _product([*(self._of(name) for name in system.components), self.groups(reduced.groups)])

    def groups(self, groups: frozenset[frozenset[_System]]) -> Fraction:
        return _product(self._cluster(cluster) for cluster in _clusters(groups))

    def _of(self, name: str) -> Fraction:
        return self._availability.get(name, ONE)

    def _cluster(self, groups: frozenset[frozenset[_System]]) -> Fraction:
        if groups not in self._known:
            self._known[groups] = self._work_out(groups)
        return self._known[groups]

    def _work_out(self, groups: frozenset[frozenset[_System]]) -> Fraction:
        members = [member for group in groups for member in group]
        uses = Counter(name for member in members for name in member.names)
        shared = [name for name, count in uses.items() if count > 1]
        if not shared:  # one group of members that have nothing in common
            return 1 - _product(1 - self.system(member) for member in members)
        self.work += uses.total()
        if self.work > self._budget:
            raise _TooMuchError
        pivot = max(shared, key=lambda name: (uses[name], name))
        up = _without(_System(groups=groups), {pivot})
        down = _fail(_System(groups=groups), pivot)
        chance = self._of(pivot)
        return chance * self.groups(up.groups) + (
            (1 - chance) * self.groups(down.groups) if down is not None and chance != 1 else 0
        )


def _without(system: _System, up: frozenset[str] | set[str]) -> _System:
    """The system that is left to need when the components in ``up`` are up."""
    if system.names.isdisjoint(up):
        return system
    groups = set()
    for group in system.groups:
        members = frozenset(_without(member, up) for member in group)
        if _NOTHING not in members:
            groups.add(members)
    return _System(system.components - up, frozenset(groups))


def _fail(system: _System, down: str) -> _System | None:
    """The system that is left to need when a component is down; None when it cannot be up any more."""
    if down not in system.names:
        return system
    if down in system.components:
        return None
    groups = set()
    for group in system.groups:
        members = frozenset(left for member in group if (left := _fail(member, down)) is not None)
        if not members:
            return None
        groups.add(members)
    return _System(system.components, frozenset(groups))


def _clusters(groups: frozenset[frozenset[_System]]) -> list[frozenset[frozenset[_System]]]:
    """Groups parted so that no two parts have a component in common; in a fixed order."""
    members = [(_named({group}), group) for group in groups]
    leader: dict[str, str] = {}

    def find(name: str) -> str:
        while leader.setdefault(name, name) != name:
            leader[name] = name = leader[leader[name]]
        return name

    for names, _ in members:
        first = find(min(names))
        for name in names:
            leader[find(name)] = first
    found: dict[str, set[frozenset[_System]]] = {}
    for names, group in members:
        found.setdefault(find(min(names)), set()).add(group)
    return [frozenset(together) for together in sorted(found.values(), key=lambda together: min(_named(together)))]


def _named(groups: Iterable[frozenset[_System]]) -> set[str]:
    return {name for group in groups for member in group for name in member.names}


def _product(values: Iterable[Fraction]) -> Fraction:
    """The product; equal factors together, and only the whole brought to lowest terms."""
    factors = Counter((item.numerator, item.denominator) for item in values)
    above = prod(numerator**count for (numerator, _), count in factors.items())
    return Fraction(above, prod(denominator**count for (_, denominator), count in factors.items()))
