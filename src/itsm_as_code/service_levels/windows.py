"""Windows of objectives: the span that a figure is about, as clocks in the zone of the agreement show it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from itsm_as_code.clock import BEGINNING, FOREVER, Interval, wall_intervals
from itsm_as_code.durations import Duration, add_months, parse_duration
from itsm_as_code.records.facts import Data

_MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True, slots=True)
class Window:
    """``span`` is what is over of ``whole``: for a rolling window all of it, for a calendar one up to the instant."""

    span: Interval
    whole: Interval


def window_at(window: Data, at: datetime, tz: ZoneInfo) -> Window:
    """The window of an objective as of an instant: its last so many days, or the month, quarter or year that it is in.

    Days are nominal: 28 days back is the same time of day on the clock (RFC 5545, section 3.3.6).
    """
    if "rolling" in window:
        span = Interval(_before(at, parse_duration(window["rolling"]), tz), at)
        return Window(span, span)
    months = _MONTHS[window["calendar"]]
    today = at.astimezone(tz).date()
    first = date(today.year, (today.month - 1) // months * months + 1, 1)
    whole = Interval(day_begins(first, tz), day_begins(add_months(first, months), tz))
    return Window(Interval(whole.start, max(at, whole.start)), whole)


def day_begins(day: date, tz: ZoneInfo) -> datetime:
    """The first instant of a day on clocks in ``tz``, or of the next where they left that one out.

    It is within the time that is reckoned with.
    """
    if day <= BEGINNING.date():
        return BEGINNING
    if day >= FOREVER.date():
        return FOREVER
    spans = wall_intervals(day, "00:00", "24:00", tz)
    return spans[0].start if spans else day_begins(day + timedelta(days=1), tz)


def _before(at: datetime, length: Duration, tz: ZoneInfo) -> datetime:
    wall = (at - length.time).astimezone(tz)
    try:
        day = add_months(wall.date(), -length.months) - timedelta(days=length.days)
        return max(datetime.combine(day, wall.timetz().replace(fold=0)).astimezone(UTC), BEGINNING)
    except OverflowError:
        return BEGINNING
