"""Windows of objectives: the span that a figure is about, as clocks in the zone of the agreement show it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from itsm_as_code.clock import BEGINNING, FOREVER, Interval, parse_date, wall_intervals
from itsm_as_code.durations import Duration, add_months, parse_duration
from itsm_as_code.records.facts import Data

_MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}
_MONTH: Final = timedelta(days=365.2425) / 12


@dataclass(frozen=True, slots=True)
class Window:
    """``span`` is what is over of ``whole``: all of one that ``rolls``, of another one what is up to the instant."""

    span: Interval
    whole: Interval
    rolls: bool = False


def window_at(window: Data, at: datetime, tz: ZoneInfo) -> Window:
    """The window of an objective as of an instant: its last so many days, or the span of the calendar that it is in.

    Days are nominal: 28 days back is the same time of day on the clock (RFC 5545, section 3.3.6). ValueError for
    repeated windows without a length.
    """
    if "every" in window:
        whole = _repeated(window, at, tz)
        return Window(Interval(whole.start, max(at, whole.start)), whole)
    if "rolling" in window:
        span = Interval(_before(at, parse_duration(window["rolling"]), tz), at)
        return Window(span, span, rolls=True)
    months = _MONTHS[window["calendar"]]
    today = at.astimezone(tz).date()
    first = date(today.year, (today.month - 1) // months * months + 1, 1)
    whole = Interval(day_begins(first, tz), day_begins(add_months(first, months), tz))
    return Window(Interval(whole.start, max(at, whole.start)), whole)


def _repeated(window: Data, at: datetime, tz: ZoneInfo) -> Interval:
    """The one that ``at`` is in of windows that follow each other from a moment on clocks in ``tz``; before, the first.

    Each is counted from that moment, so that months which begin on a 31st do so whenever there is one.
    """
    every = parse_duration(window["every"])
    if not every:
        raise ValueError(f"'{window['every']}' is no time at all")
    first = datetime.combine(parse_date(window["from"]), time.fromisoformat(window.get("at", "00:00")))

    def start(number: int) -> datetime:
        return Duration(every.months * number, every.days * number, every.time * number).after(first, tz)

    about = every.months * _MONTH + timedelta(days=every.days) + every.time
    number = max((at - start(0)) // about, 0)
    while number and start(number) > at:
        number -= 1
    while start(number + 1) <= at:
        number += 1
    return Interval(start(number), start(number + 1))


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


def days_of(span: Interval, tz: ZoneInfo) -> Iterator[tuple[date, Interval]]:
    """The days of a span on clocks in ``tz``, the first and the last as far as they lie in it."""
    day, start = span.start.astimezone(tz).date(), span.start
    while start < span.end:
        end = min(day_begins(day + timedelta(days=1), tz), span.end)
        if start < end:
            yield day, Interval(start, end)
            start = end
        day += timedelta(days=1)


def _before(at: datetime, length: Duration, tz: ZoneInfo) -> datetime:
    wall = (at - length.time).astimezone(tz)
    try:
        day = add_months(wall.date(), -length.months) - timedelta(days=length.days)
        return max(datetime.combine(day, wall.timetz().replace(fold=0)).astimezone(UTC), BEGINNING)
    except OverflowError:
        return BEGINNING
