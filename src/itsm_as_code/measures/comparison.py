"""What a figure came to, and whether it got better: by the interval of its change, never by the change alone.

A value is one of four forms, and each has its own chance:

- ``share``: so many of so many; the interval of the difference is Newcombe's hybrid score interval, and up to a
  thousand cases Fisher's exact test has to agree, for the interval promises too much of a handful.
- ``total``: what independent events add up to in a time (incidents, minutes of outage); a compound Poisson sum, whose
  variance is the sum of the squares of its parts, with Student's t for how few they are.
- ``mean``: the mean of cases; Welch's interval of the difference.
- ``level``: a quantity read once (a bill, a load). Two of them differ or not; chance cannot be told from them.

Source: Newcombe, "Interval estimation for the difference between independent proportions", Statistics in Medicine 17
(1998), method 10; Welch, Biometrika 34 (1947); Fisher, "The Design of
Experiments" (1935), II.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import comb, sqrt
from typing import Final, Literal

from itsm_as_code.measures.growth import student

Form = Literal["share", "total", "mean", "level"]
Better = Literal["higher", "lower"]
_NORMAL: Final = 1.959963984540054
_MILLIONTH: Final = 10**6
_MOST_CHANCE: Final = Fraction(5, 100)
_FEW: Final = 1_000
"""Up to so many cases chance is counted out exactly."""


@dataclass(frozen=True, slots=True)
class Value:
    """What a figure came to: ``numerator`` of ``denominator``, which is 0 where there is nothing to tell it from.

    The denominator counts cases (share, mean), days (total) or is 1 (level). ``parts`` are the cases or events of a
    mean or total; ``records`` what the numerator was counted from; ``missing`` says why there is none.
    """

    form: Form
    numerator: Fraction
    denominator: Fraction
    parts: tuple[Fraction, ...] = ()
    records: tuple[str, ...] = ()
    missing: str = ""

    @property
    def amount(self) -> Fraction | None:
        """A share of one, a mean, a level, or the total of a day; None without data."""
        return self.numerator / self.denominator if self.denominator else None


def nothing(form: Form, why: str) -> Value:
    """No data, and why."""
    return Value(form, Fraction(0), Fraction(0), missing=why)


def share(good: Iterable[str], count: int) -> Value:
    """So many, by their names, of ``count``."""
    names = tuple(good)
    return Value("share", Fraction(len(names)), Fraction(count), records=names, missing="" if count else "no case")


def mean(cases: Iterable[tuple[str, Fraction]]) -> Value:
    """The mean of cases, each with the name of its record."""
    found = tuple(cases)
    parts = tuple(amount for _, amount in found)
    names = tuple(name for name, _ in found)
    why = "" if found else "no case"
    return Value("mean", sum(parts, Fraction(0)), Fraction(len(parts)), parts, names, why)


def total(events: Iterable[tuple[str, Fraction]], days: Fraction) -> Value:
    """What events add up to in so many days, each with the name of its record. None at all is 0, not nothing."""
    found = tuple(events)
    parts = tuple(amount for _, amount in found)
    return Value("total", sum(parts, Fraction(0)), days, parts, tuple(name for name, _ in found))


def level(amount: Fraction, records: Iterable[str] = ()) -> Value:
    """A quantity read once."""
    return Value("level", amount, Fraction(1), records=tuple(records))


@dataclass(frozen=True, slots=True)
class Change:
    """How a figure changed: ``difference`` (after less before) and the interval in which it lies with 95 percent
    certainty (None where that cannot be told); ``word`` is ``better``, ``worse`` or ``no evidence``, ``why`` says why
    there is none."""

    word: str
    difference: Fraction | None
    low: Fraction | None = None
    high: Fraction | None = None
    why: str = ""


def change(before: Value, after: Value, better: Better) -> Change:
    """Whether a figure got better. Where its interval holds no change at all, there is no evidence for either."""
    old, new = before.amount, after.amount
    if old is None or new is None:
        side, value = ("before", before) if old is None else ("after", after)
        return Change("no evidence", None, why=f"no data {side}: {value.missing or 'no case'}")
    if before.form != after.form:
        raise ValueError(f"a {before.form} is not compared with a {after.form}")
    error = _error(before, after)
    if error is None:
        return Change("no evidence", new - old, why=_too_few(before.form))
    low, high = (new - old - error[0], new - old + error[1])
    if low <= 0 <= high:
        return Change("no evidence", new - old, low, high, "the interval holds no change")
    if before.form == "share" and (chance := _by_chance(before, after)) > _MOST_CHANCE:
        return Change("no evidence", new - old, low, high, f"by chance alone it comes in {float(chance):.0%} of cases")
    gained = low > 0 if better == "higher" else high < 0
    return Change("better" if gained else "worse", new - old, low, high)


def _too_few(form: Form) -> str:
    return "a quantity read once has no interval" if form == "level" else "too few cases for an interval"


def _error(before: Value, after: Value) -> tuple[Fraction, Fraction] | None:
    """How far the difference may lie below and above what was found; None where that cannot be told."""
    if before.form == "share":
        return _newcombe(before, after)
    if before.form == "total":
        count = len(before.parts) + len(after.parts)
        if count < 2:
            return None
        spread = sum(_squares(one.parts, Fraction(0)) / float(one.denominator) ** 2 for one in (before, after))
        return _both(student(count - 1) * sqrt(spread))
    if before.form == "mean":
        return _welch(before, after)
    return None


def _newcombe(before: Value, after: Value) -> tuple[Fraction, Fraction]:
    (old, old_low, old_high), (new, new_low, new_high) = map(wilson, (before, after))
    down, up = sqrt((new - new_low) ** 2 + (old_high - old) ** 2), sqrt((new_high - new) ** 2 + (old - old_low) ** 2)
    return _rounded(down), _rounded(up)


def _by_chance(before: Value, after: Value) -> Fraction:
    """How often two shares so far apart, or further, come from one and the same (Fisher's exact test, two-sided)."""
    first, second = int(before.denominator), int(after.denominator)
    if first + second > _FEW:
        return Fraction(0)
    good = int(before.numerator + after.numerator)
    ways = [comb(first, one) * comb(second, good - one) for one in range(min(first, good) + 1)]
    return Fraction(sum(way for way in ways if way <= ways[int(before.numerator)]), comb(first + second, good))


def wilson(value: Value) -> tuple[float, float, float]:
    """A share, and the score interval in which it lies with 95 percent certainty.

    Source: Wilson, Journal of the American Statistical Association 22 (1927). ZeroDivisionError without cases.
    """
    count, rate = float(value.denominator), float(value.numerator / value.denominator)
    squared = _NORMAL**2
    middle = (rate + squared / (2 * count)) / (1 + squared / count)
    half = _NORMAL * sqrt(rate * (1 - rate) / count + squared / (4 * count**2)) / (1 + squared / count)
    return rate, max(middle - half, 0.0), min(middle + half, 1.0)


def _welch(before: Value, after: Value) -> tuple[Fraction, Fraction] | None:
    counts = [len(one.parts) for one in (before, after)]
    if min(counts) < 2:
        return None
    parts = [
        _squares(one.parts, one.amount or Fraction(0)) / (count - 1) / count
        for one, count in zip((before, after), counts, strict=True)
    ]
    if not sum(parts):
        return Fraction(0), Fraction(0)
    freedom = sum(parts) ** 2 / sum(part**2 / (count - 1) for part, count in zip(parts, counts, strict=True))
    return _both(student(freedom) * sqrt(sum(parts)))


def _squares(parts: Iterable[Fraction], middle: Fraction) -> float:
    return float(sum(((part - middle) ** 2 for part in parts), Fraction(0)))


def _both(error: float) -> tuple[Fraction, Fraction]:
    return _rounded(error), _rounded(error)


def _rounded(error: float) -> Fraction:
    return Fraction(round(error * _MILLIONTH), _MILLIONTH)
