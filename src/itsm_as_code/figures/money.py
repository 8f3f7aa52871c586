"""What was billed by cost statements, and how much of it names no service."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from itsm_as_code.clock import Interval
from itsm_as_code.figures import Figure, Seen, Services, of
from itsm_as_code.measures.comparison import Value, level, nothing
from itsm_as_code.measures.costs import Billed, billed


def _of(seen: Seen, span: Interval) -> list[Billed]:
    """The lines of the months that end within a span, and are over."""
    first, last = (f"{moment:%Y-%m}" for moment in (span.start, min(span.end, seen.now)))
    return [line for line in billed(seen.facts) if first <= line.month < last]


def _monthly(seen: Seen, span: Interval, services: Services) -> Value:
    lines = [line for line in _of(seen, span) if line.service is not None and of(services, line.service)]
    months, currencies = {line.month for line in lines}, {line.currency for line in lines}
    if len(currencies) != 1:
        return nothing("level", "several currencies, which are never added up" if currencies else "no cost statement")
    total = sum((line.amount for line in lines), Fraction(0))
    return level(total / len(months), sorted({line.statement for line in lines}))


def _untagged(seen: Seen, span: Interval, services: Services) -> Value:
    lines = _of(seen, span)
    if len({line.currency for line in lines}) != 1:
        return nothing("level", "several currencies, which are never added up" if lines else "no cost statement")
    total = sum((line.amount for line in lines), Fraction(0))
    bare = sum((line.amount for line in lines if line.service is None), Fraction(0))
    return level(bare / total) if total else nothing("level", "nothing was billed")


FIGURES: Final = (
    Figure(
        "monthly-cost",
        "Billed a month",
        "level",
        "a month",
        "lower",
        "Mean of the months of which cost statements name the services, in their currency.",
        _monthly,
    ),
    Figure(
        "untagged-cost",
        "Untagged cost",
        "level",
        "percent",
        "lower",
        "Share of what cost statements say that names no service; of all services.",
        _untagged,
    ),
)
