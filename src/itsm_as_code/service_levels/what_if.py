"""What promises can be kept when something below them changes, and what it takes to keep one.

The availability of a whole is linear in that of each of its components (they are independent, and each counts once),
so what one of them alone has to reach is exact: ``a + (target - A(a)) (1 - a) / (A(1) - A(a))``, for the whole ``A``
as a function of the component's availability ``a``.

Source: Birnbaum, "On the importance of different components in a multicomponent system", 1969.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from itsm_as_code.measures.deadlines import utc_day
from itsm_as_code.measures.numbers import percent, rounded
from itsm_as_code.records.facts import Facts
from itsm_as_code.service_levels.feasibility import Feasibility
from itsm_as_code.service_levels.promises import Promise


@dataclass(frozen=True, slots=True)
class Kept:
    """What can be kept at normal load and at peak, as shares of one; a lower bound unless ``exact``."""

    normal: Fraction
    peak: Fraction
    exact: bool

    @classmethod
    def of(cls, feasibility: Feasibility, promise: Promise) -> Kept:
        normal, peak = feasibility.at_both(promise)
        return cls(normal.bound, peak.bound, normal.exact and peak.exact)


@dataclass(frozen=True, slots=True)
class Improvement:
    """A component that alone would make a promise possible: its availability now and then, as shares of one.

    ``times`` is how many times less it may be down (None: it must never fail). ``by_a_second`` tells whether another
    one like it beside it, failing independently, would do.
    """

    name: str
    now: Fraction
    needed: Fraction

    @property
    def times(self) -> Fraction | None:
        return (1 - self.now) / (1 - self.needed) if self.needed < 1 else None

    @property
    def by_a_second(self) -> bool:
        return 1 - (1 - self.now) ** 2 >= self.needed


@dataclass(frozen=True, slots=True)
class Shift:
    """A promised availability with what can be kept of it; ``before`` is None where its service was not there."""

    promise: Promise
    promised: Fraction
    before: Kept | None
    after: Kept
    improvements: tuple[Improvement, ...] = ()

    @property
    def possible(self) -> bool:
        return self.promised <= self.after.normal

    @property
    def moves(self) -> bool:
        """True when there is another figure than before."""
        return self.before is None or (self.before.normal, self.before.peak) != (self.after.normal, self.after.peak)


def kept_text(share: Fraction, promised: Fraction) -> str:
    """What can be kept, in percent to three decimals; exactly where that would seem to reach the promise."""
    shown = rounded(share * 100, 3)
    return percent(share) if share < promised <= Fraction(shown) / 100 else f"{shown.normalize():f}"


@dataclass(frozen=True, slots=True)
class Supposition:
    """What would follow from some availabilities, given as shares of one."""

    now: datetime
    supposed: Mapping[str, Fraction]
    shifts: tuple[Shift, ...]

    @property
    def exit_code(self) -> int:
        """0 where every promise that is looked at could be kept, else 1."""
        return int(not all(shift.possible for shift in self.shifts))


def what_if(facts: Facts, now: datetime, supposed: Mapping[str, Fraction], service: str | None = None) -> Supposition:
    """What follows for a service, or for all that need what is supposed, the worst first."""
    reached = tuple(facts.graph.dependents(*supposed)) if service is None else (service,)
    day = utc_day(now)
    before, after = Feasibility(facts, day, reached), Feasibility(facts, day, reached, supposed)
    found = shifts(before, after, reached)
    worst = sorted(found, key=lambda shift: (shift.after.normal - shift.promised, shift.promise.agreement))
    improved = (
        Shift(
            one.promise, one.promised, one.before, one.after, () if one.possible else improvements(after, one.promise)
        )
        for one in worst
    )
    return Supposition(now, supposed, tuple(improved))


def shifts(before: Feasibility | None, after: Feasibility, services: Iterable[str]) -> Iterator[Shift]:
    """The promises for some services, with what can be kept of each on both sides."""
    wanted = frozenset(services)
    for promise in after.promises():
        if promise.service in wanted and promise.availability is not None:
            was = Kept.of(before, promise) if before is not None and before.knows(promise.service) else None
            yield Shift(promise, promise.availability, was, Kept.of(after, promise))


def improvements(feasibility: Feasibility, promise: Promise) -> tuple[Improvement, ...]:
    """The components that alone would make a promise possible, the cheapest first.

    Cheap is what has to become better by the smallest factor of its downtime; nobody knows what that costs in money.
    """
    target = promise.availability
    if target is None:
        return ()
    whole = feasibility.composition(promise)
    found = []
    for name, share in feasibility.contributing(promise, whole).items():
        gain = feasibility.supposing(promise, {name: Fraction(1)}).bound - whole.bound
        if gain > 0 and (needed := share + (target - whole.bound) * (1 - share) / gain) <= 1:
            found.append(Improvement(name, share, needed))
    return tuple(sorted(found, key=lambda one: (one.times is None, one.times or 0, one.name)))
