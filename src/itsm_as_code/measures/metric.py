"""A figure with what it rests on: the records counted, those they are counted among, and those that were left out.

Whatever is measured is first a list of *rows*, one for each record: when it counts, for which services, whether it
counts, how much it was. A metric is what a selection of rows comes to, so a total and its parts by service, team, model
or quarter are reckoned alike. What can be said of its change is for :mod:`itsm_as_code.measures.comparison`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from statistics import median
from typing import Final, Literal

from itsm_as_code.clock import Interval
from itsm_as_code.measures import comparison
from itsm_as_code.measures.comparison import Better, Value
from itsm_as_code.measures.numbers import quantity, rounded

LEAST: Final = 20
"""Of so many a share is told; of fewer one record more or less would move it by over five percent, and only the counts
are."""
_DAY: Final = 86_400
Form = Literal["count", "share", "amount", "total"]
"""How many; how many of how many; how much each, of which median and mean are told; how much all together."""


@dataclass(frozen=True, slots=True)
class Row:
    """One record of a population. ``amount`` is how much it was, in the unit of the definition; None for no amount.

    ``left_out`` says why it is counted neither way.
    """

    record: str
    at: datetime
    services: tuple[str, ...] = ()
    counts: bool = True
    amount: Fraction | None = None
    left_out: str = ""
    model: str = ""


@dataclass(frozen=True, slots=True)
class Definition:
    """What is measured. ``formula`` says how, ``better`` which way is better."""

    name: str
    title: str
    form: Form
    unit: str
    formula: str
    better: Better = "lower"


@dataclass(frozen=True, slots=True)
class Metric:
    """A definition over some rows: ``counted`` among ``population``; of an amount, ``amounts`` of ``counted`` in order.

    ``part`` names what it is of (a service, a team, a quarter), empty for all. Where ``is_known`` is False nobody says
    what it would be reckoned from.
    """

    definition: Definition
    part: str
    counted: tuple[str, ...]
    population: tuple[str, ...]
    amounts: tuple[Fraction, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()
    is_known: bool = True

    @classmethod
    def of(cls, definition: Definition, rows: Iterable[Row] | None, part: str = "") -> Metric:
        """What rows come to; None for nobody says."""
        known = list(rows or ())
        taken = [row for row in known if not row.left_out]
        counted = [
            row for row in taken if row.counts and (definition.form in ("count", "share") or row.amount is not None)
        ]
        return cls(
            definition,
            part,
            tuple(row.record for row in counted),
            tuple(row.record for row in taken),
            tuple(row.amount for row in counted if row.amount is not None),
            tuple((row.record, row.left_out) for row in known if row.left_out),
            rows is not None,
        )

    @property
    def numerator(self) -> int:
        return len(self.counted)

    @property
    def denominator(self) -> int:
        return len(self.population)

    @property
    def share(self) -> Fraction | None:
        """The numerator by the denominator; None for no share, and for one of too few."""
        if self.definition.form != "share" or self.denominator < LEAST:
            return None
        return Fraction(self.numerator, self.denominator)

    @property
    def interval(self) -> tuple[float, float] | None:
        """Between what the rate of a share lies, however few it is known from; None for no share."""
        if self.definition.form != "share" or not self.population:
            return None
        _, low, high = comparison.wilson(comparison.share(self.counted, self.denominator))
        return low, high

    @property
    def total(self) -> Fraction | None:
        """All together; None for what is no total."""
        return sum(self.amounts, Fraction()) if self.definition.form == "total" else None

    @property
    def mean(self) -> Fraction | None:
        """Of amounts; None without any."""
        is_amount = self.definition.form == "amount" and self.amounts
        return sum(self.amounts, Fraction()) / len(self.amounts) if is_amount else None

    @property
    def median(self) -> Fraction | None:
        """Of amounts, the mean of the two in the middle where they are even in number; None without any."""
        return median(self.amounts) if self.definition.form == "amount" and self.amounts else None

    def over(self, period: Interval) -> Value:
        """What it came to in a period, as it is compared: of amounts the mean, of counts and totals what a day has."""
        form = self.definition.form
        if not self.is_known:
            return comparison.nothing({"share": "share", "amount": "mean"}.get(form, "total"), "nobody says")  # type: ignore[arg-type]
        if form == "share":
            return comparison.share(self.counted, self.denominator)
        if form == "amount":
            return comparison.mean(zip(self.counted, self.amounts, strict=True))
        days = Fraction(int((period.end - period.start).total_seconds()), _DAY)
        parts = self.amounts if form == "total" else (Fraction(1),) * self.numerator
        return Value("total", sum(parts, Fraction()), days, parts, self.counted, "" if days else "no time")

    def __str__(self) -> str:
        """For people: ``13 of 39 (33.3 %, 95 % certain: 20.6 to 49.0 %)``, ``median 83 min, mean 82.8 min (n 13)``.

        The percentage is told of as many as carry one, its interval always.
        """
        form, unit = self.definition.form, self.definition.unit
        if not self.is_known or (form == "share" and not self.population) or (form == "amount" and not self.amounts):
            return "no data"
        if form == "count":
            return f"{self.numerator:,}"
        if form == "share":
            return f"{self.numerator:,} of {self.denominator:,} ({self._percent()})"
        if self.total is not None:
            return f"{shown(self.total, unit)} (n {self.numerator:,})"
        middle, mean = (shown(value or Fraction(), unit) for value in (self.median, self.mean))
        return f"median {middle}, mean {mean} (n {self.numerator:,})"

    def _percent(self) -> str:
        low, high = (f"{100 * end:.1f}" for end in self.interval or ())
        certain = f"95 % certain: {low} to {high} %"
        return certain if self.share is None else f"{rounded(self.share * 100, 1)} %, {certain}"


def shown(amount: Fraction, unit: str) -> str:
    """An amount for people; minutes as hours from a day on, and as days from three days on."""
    if unit != "minutes":
        return quantity(amount, 1)
    if abs(amount) < 1440:
        return f"{quantity(amount, 1)} min"
    return f"{quantity(amount / 60, 1)} h" if abs(amount) < 72 * 60 else f"{quantity(amount / 1440, 1)} days"
