"""Days by which something is due. A day counts to its last second, in UTC as everywhere in records.

Ends of spans are half-open, as records write them: a contract that ends on ``2027-01-01`` is in force on New Year's Eve
and no longer on that day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Final

from itsm_as_code.durations import Duration

ONE_DAY: Final = timedelta(days=1)
SOON: Final = timedelta(days=30)
"""How long ahead something due is worth a reminder, unless told otherwise."""


class Due(StrEnum):
    """How something stands to the day by which it is due."""

    CURRENT = "current"
    SOON = "soon"
    OVERDUE = "overdue"


def utc_day(now: datetime) -> date:
    """The day in UTC."""
    return now.astimezone(UTC).date()


def due(by: date, today: date, ahead: timedelta = SOON) -> Due:
    """Overdue once the day is over; soon from ``ahead`` before it on."""
    if today > by:
        return Due.OVERDUE
    return Due.SOON if by - today <= ahead else Due.CURRENT


def last_day_before(end: date) -> date:
    """The last day of a span that ends, half-open, on ``end``; the first day of year 1, with none before it, stays."""
    return max(end, date.min + ONE_DAY) - ONE_DAY


def last_day_of_notice(end: date, notice: Duration) -> date:
    """The last day on which notice can be given so that a contract ends on ``end`` (the first day it is not in force).

    The period begins with the notice and is over by the last day in force. OverflowError outside the years 1 to 9999.
    """
    return notice.last_start(last_day_before(end))


@dataclass(frozen=True, slots=True)
class Notice:
    """The last day of notice of a contract, and how it stands to it."""

    by: date
    state: Due


def contract_notice(end: date, notice: Duration, today: date) -> Notice:
    """When to decide on a contract. Overdue: it can only be left after ``end``, if at all."""
    by = last_day_of_notice(end, notice)
    return Notice(by, due(by, today))


def in_force(start: date | None, end: date | None, today: date) -> bool:
    """True on the days of ``[start, end)``; an end that is left out is open."""
    return (start is None or start <= today) and (end is None or today < end)


def freshness(review_by: date | None, today: date) -> Due:
    """How fresh knowledge is. Without a day of review nobody has promised to look at it again: overdue.

    Source: ITIL 4, knowledge management practice.
    """
    return Due.OVERDUE if review_by is None else due(review_by, today)
