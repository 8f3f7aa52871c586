"""When an error budget is used up if things go on as they went in its window, with an interval.

Outages are taken to come by chance at a steady rate (a Poisson process), each as long as those so far on average. How
many came says how well the rate is known: the bounds are those of an exact 90 percent interval of it (Garwood, 1936,
Fiducial limits for the Poisson distribution). Few outages leave it wide, and under ten there is no single figure. A
rolling window leaves outages behind as it moves on; nothing is said of what lies after the window.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from math import exp, lgamma, log
from typing import Final

from itsm_as_code.clock import Intervals
from itsm_as_code.service_levels.attainment import seconds
from itsm_as_code.service_levels.budget import ErrorBudget

ENOUGH: Final = 10
"""Outages from which on the rate is known well enough for one figure."""
_TAIL: Final = 0.05
_MANY, _SPREAD = 1000, 1.645
"""From so many on the normal distribution is as good, and quick."""


@dataclass(frozen=True, slots=True)
class Projection:
    """By how many outages, and when the budget is used up at the earliest, the latest, and most likely.

    ``horizon`` is how far was looked; None is not before it, and for ``likely`` also that it is not known.
    """

    outages: int
    earliest: datetime | None
    likely: datetime | None
    latest: datetime | None
    horizon: datetime


def projection(budget: ErrorBudget) -> Projection | None:
    """Of a budget of which something is used, and something left; None for any other."""
    passed = seconds(budget.window.end - budget.window.start)
    ahead = budget.window.end - budget.window.start if budget.ends is None else budget.ends - budget.window.end
    if budget.is_used_up() or not budget.lost or ahead <= timedelta():
        return None
    count = len(list(Intervals(part.span for part in budget.counted)))
    fewest, most = rate_bounds(count)
    rate = budget.lost / passed

    def at(times: Fraction) -> datetime | None:
        return _used_up(budget, rate * times, ahead)

    likely = at(Fraction(1)) if count >= ENOUGH else None
    earliest, latest = at(Fraction(most) / count), at(Fraction(fewest) / count)
    return Projection(count, earliest, likely, latest, budget.window.end + ahead)


def rate_bounds(count: int) -> tuple[float, float]:
    """The exact 90 percent interval of the mean of a Poisson distribution of which ``count`` was seen."""
    if count > _MANY:
        return count - _SPREAD * count**0.5, count + _SPREAD * count**0.5
    highest = _solved(count, _TAIL)
    return (_solved(count - 1, 1 - _TAIL) if count else 0.0), highest


def _solved(count: int, share: float) -> float:
    """The mean at which at most ``count`` come with a probability of ``share``."""
    low, high = 0.0, 10.0 + 4 * max(count, 1)
    for _ in range(60):
        middle = (low + high) / 2
        few = sum(exp(k * log(middle) - middle - lgamma(k + 1)) for k in range(count + 1))
        low, high = (middle, high) if few > share else (low, middle)
    return round(high, 9)


def _used_up(budget: ErrorBudget, rate: Fraction, ahead: timedelta) -> datetime | None:
    """The first instant at which losses in the window reach what is allowed, at so many lost seconds a second."""
    edges = [(ahead, Fraction(0))]
    for part in budget.counted if budget.ends is None else ():
        edges.append((part.span.start - budget.window.start, -part.weight))
        edges.append((part.span.end - budget.window.start, part.weight))
    lost, past, slope = budget.lost, timedelta(), rate
    for edge, change in sorted(edges):
        there = lost + slope * seconds(edge - past)
        if there >= budget.allowed:
            return budget.window.end + past + timedelta(seconds=round((budget.allowed - lost) / slope))
        lost, past, slope = there, edge, slope + change
    return None
