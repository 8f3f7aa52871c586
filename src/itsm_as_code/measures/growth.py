"""How a load grows, and the month in which it passes a threshold.

Growth is a share of the load each month (a twelfth of a Gregorian year, 30.436875 days): the slope of the logarithms of
dated observations by least squares, with the interval in which it lies with 95 percent certainty (Student's t with
n - 2 degrees of freedom, whose square over itself plus n - 2 has a beta distribution). Two observations give a growth
without an interval, fewer none. From the last observation on it is compounded, so that one can follow it by hand.

Source: ITIL 4, capacity and performance management practice; Draper and Smith, "Applied regression analysis", 1.4.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import lru_cache
from math import exp, log, sqrt
from typing import Final

from itsm_as_code.durations import add_months
from itsm_as_code.measures.beta import quantile

_MONTH: Final = 30.436875
_ONE: Final = 10**12
CERTAINTY: Final = 0.95
MOST_MONTHS: Final = 120
"""As far as anything is foretold."""


@dataclass(frozen=True, slots=True)
class Observation:
    """The highest load of the days around ``on``, in the unit of its measure; above 0."""

    on: date
    load: Fraction


@dataclass(frozen=True, slots=True)
class Growth:
    """Growth of a load each month, as a share of it, from ``count`` observations up to ``last``.

    ``low`` and ``high`` are the ends of the interval; None where two observations leave no room for doubt.
    """

    last: Observation
    rate: Fraction
    low: Fraction | None
    high: Fraction | None
    count: int


def growth(observations: Sequence[Observation]) -> Growth | None:
    """The growth that observations on different days show; None for fewer than two."""
    known = sorted(observations, key=lambda one: one.on)
    if len(known) < 2:
        return None
    times = [(one.on - known[0].on).days / _MONTH for one in known]
    loads = [log(one.load) for one in known]
    middle, level = sum(times) / len(times), sum(loads) / len(loads)
    spread = sum((time - middle) ** 2 for time in times)
    slope = sum((time - middle) * (load - level) for time, load in zip(times, loads, strict=True)) / spread
    if len(known) == 2:
        return Growth(known[-1], _share(slope), None, None, 2)
    freedom = len(known) - 2
    rest = sum((load - level - slope * (time - middle)) ** 2 for time, load in zip(times, loads, strict=True))
    error = sqrt(rest / freedom / spread) * student(freedom)
    return Growth(known[-1], _share(slope), _share(slope - error), _share(slope + error), len(known))


def _share(slope: float) -> Fraction:
    """Of a slope of logarithms, to a millionth of a percent."""
    return Fraction(round((exp(slope) - 1) * 10**8), 10**8)


def student(freedom: float) -> float:
    """Within so many standard errors the truth lies with 95 percent certainty."""
    part = quantile(0.5, freedom / 2, CERTAINTY)
    return sqrt(freedom * part / (1 - part))


def passes(load: Callable[[int], Fraction], rate: Fraction, threshold: Fraction) -> int | None:
    """The first month, from 0 for now, in which a load that grows is above a threshold of 0 or more; None if never.

    ``load`` is what the load of that month would be without growth: the same in all, or that of a season.
    """
    limit = threshold * _ONE
    before, most = Fraction(0), 0
    for month, factor in enumerate(_factors(rate)):
        here = load(month)
        if here is not before:
            before, most = here, limit // here if here > 0 else 0
        if factor > most and here > 0:
            return month
    return None


@lru_cache(maxsize=256)
def _factors(rate: Fraction) -> tuple[int, ...]:
    """By how much a load has grown in each month, to twelve digits: enough for anybody, and the numbers stay short."""
    found, rise = [_ONE], 1 + rate
    for _ in range(MOST_MONTHS):  # in integers, which take a tenth of the time of fractions
        found.append(_rounded(found[-1] * rise.numerator, rise.denominator))
    return tuple(found)


def _rounded(above: int, below: int) -> int:
    """The quotient, half to even, as ``round`` of a fraction is."""
    found, rest = divmod(above, below)
    return found + (2 * rest > below or (2 * rest == below and found % 2))


def month_after(day: date, months: int) -> str:
    """The calendar month so many months on: ``2027-03``."""
    return f"{add_months(day, months):%Y-%m}"
