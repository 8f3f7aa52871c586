"""What `itsm report kpi` prints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from typing import Any, Final

from itsm_as_code.clock import Interval, format_instant
from itsm_as_code.measures.comparison import Change
from itsm_as_code.measures.metric import Definition, Metric, shown
from itsm_as_code.measures.numbers import quantity, rounded

COLUMNS: Final = (
    *("figure", "title", "part", "from", "to", "numerator", "denominator", "share", "low", "high"),
    *("total", "median", "mean", "unit", "records", "leftOut", "formula", "benchmarks"),
)
MOST_NAMES: Final = 20
"""Names that people are told of one figure; programs are told all."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A metric of two periods, or of the records of two commits, of which only the records differ."""

    before: Metric
    after: Metric
    change: Change | None

    @property
    def added(self) -> list[str]:
        """Records that are counted now and were not."""
        return sorted(set(self.after.counted).difference(self.before.counted))

    @property
    def removed(self) -> list[str]:
        """Records that were counted and are not now."""
        return sorted(set(self.before.counted).difference(self.after.counted))


@dataclass(frozen=True, slots=True)
class Kpi:
    """Metrics of a period, told by parts or as a whole; ``trends`` by the name of the metric.

    ``sides`` name what is compared, if anything is; ``benchmarks`` are what others reach, by the name of the metric.
    """

    now: datetime
    period: Interval
    by: str | None
    metrics: tuple[Metric, ...]
    trends: Mapping[str, Sequence[Metric]] = field(default_factory=dict)
    sides: tuple[str, str] | None = None
    compared: tuple[Compared, ...] = ()
    benchmarks: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def others(self, metric: Metric) -> Sequence[str]:
        """What others reach, of a figure or a part of it, the newest first."""
        return self.benchmarks.get(metric.definition.name, ())

    def trend(self, metric: Metric) -> Sequence[Metric]:
        """The quarters of a metric; none for a part of it."""
        return () if metric.part else self.trends.get(metric.definition.name, ())


def row(metric: Metric, period: Interval) -> dict[str, Any]:
    """A metric as data: shares and amounts are decimal strings; None for what there is not."""
    definition, interval = metric.definition, metric.interval
    return {
        "figure": definition.name,
        "title": definition.title,
        "part": metric.part or None,
        "from": format_instant(period.start),
        "to": format_instant(period.end),
        **_counts(metric),
        "low": _plain(interval and interval[0]),
        "high": _plain(interval and interval[1]),
        "unit": definition.unit or None,
        "formula": definition.formula,
    }


def _counts(metric: Metric) -> dict[str, Any]:
    is_known = metric.is_known
    return {
        "numerator": metric.numerator if is_known else None,
        "denominator": metric.denominator if is_known else None,
        "share": _plain(metric.share),
        "total": _plain(metric.total),
        "median": _plain(metric.median),
        "mean": _plain(metric.mean),
    }


def data(report: Kpi) -> dict[str, Any]:
    """All of it, for programs."""
    return {
        "now": format_instant(report.now),
        "by": report.by,
        "figures": [
            {
                **row(metric, report.period),
                "records": list(metric.counted),
                "population": list(metric.population),
                "leftOut": [{"record": name, "why": why} for name, why in metric.left_out],
                "benchmarks": list(report.others(metric)),
                "trend": [{"quarter": item.part, **_counts(item)} for item in report.trend(metric)],
            }
            for metric in report.metrics
        ],
        "comparison": None
        if report.sides is None
        else {"before": report.sides[0], "after": report.sides[1], "figures": list(map(_compared, report.compared))},
    }


def _compared(item: Compared) -> dict[str, Any]:
    found = item.change or Change("", None)
    return {
        "figure": item.before.definition.name,
        "before": _counts(item.before),
        "after": _counts(item.after),
        "word": found.word or None,
        "difference": _plain(found.difference),
        "low": _plain(found.low),
        "high": _plain(found.high),
        "why": found.why or None,
        "added": item.added,
        "removed": item.removed,
    }


def _plain(value: Fraction | float | None) -> str | None:
    if value is None:
        return None
    return f"{rounded(Fraction(value), 4).normalize():f}"


def named(names: Iterable[str]) -> str:
    """Names for people, at most so many of them."""
    known = list(names)
    more = f" and {len(known) - MOST_NAMES:,} more" if len(known) > MOST_NAMES else ""
    return ", ".join(known[:MOST_NAMES]) + more


def left_out(metric: Metric) -> str:
    """What was left out, by the reason."""
    by_reason: dict[str, list[str]] = {}
    for name, why in metric.left_out:
        by_reason.setdefault(why, []).append(name)
    return ", ".join(f"{named(names)} ({why})" for why, names in by_reason.items())


def difference(item: Compared) -> str:
    """What became of a figure, in words."""
    found = item.change
    if found is None:
        parts = [f"{sign}{name}" for sign, names in (("+", item.added), ("-", item.removed)) for name in names]
        return named(parts) or "other amounts or another population"
    if found.low is None or found.high is None or found.difference is None:
        return f"{found.word}: {found.why}"
    low, difference, high = (_told(end, item.before.definition) for end in (found.low, found.difference, found.high))
    return f"{found.word}: {difference}, between {low} and {high}"


def _told(amount: Fraction, definition: Definition) -> str:
    if definition.form == "share":
        return f"{rounded(amount * 100, 1)} percentage points"
    a_day = "" if definition.form == "amount" else " a day"
    return f"{shown(amount, definition.unit) if definition.unit else quantity(amount)}{a_day}"


def lines(report: Kpi) -> Iterator[tuple[Metric, str, str]]:
    """Each metric with what is counted and what is left out, for people."""
    for metric in report.metrics:
        yield metric, named(metric.counted), left_out(metric)
