"""Calendars that come again, as rules instead of a list of every time: a year of Sundays is one event."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from itsm_as_code import clock
from itsm_as_code.clock import Interval, Intervals
from itsm_as_code.interchange.icalendar import Series
from itsm_as_code.records.facts import Data, Facts

KINDS: Final = ("maintenance", "peak")
_DAYS: Final = {"mon": "MO", "tue": "TU", "wed": "WE", "thu": "TH", "fri": "FR", "sat": "SA", "sun": "SU"}


class _NoSeries(Exception):
    """What a rule cannot say."""


def series_of(calendar: Data, facts: Facts, period: Interval) -> list[tuple[str, Interval, Series]] | None:
    """Each entry of a calendar as a first occurrence and how it comes again, with a name that stays.

    None where that cannot be said by rules, and each occurrence has to be an event by itself. It begins with the year,
    so that it is the same on every day; what holidays take out is known to the end of ``period``, and no rule of a
    calendar with holidays goes on beyond.
    """
    spec = calendar["spec"]
    start = datetime(period.start.year, 1, 1, tzinfo=UTC)
    window = Interval(start, period.end)
    around = Interval(start - timedelta(days=40), period.end + timedelta(days=40))
    covered = facts.calendar_intervals(calendar, around)
    try:
        return [
            (f"series-{number}", *found)
            for number, entry in enumerate(spec["entries"])
            if (found := _entry(spec, entry, window, covered)) is not None
        ]
    except _NoSeries:
        return None


def _entry(
    spec: Mapping[str, Any], entry: Mapping[str, Any], window: Interval, covered: Intervals
) -> tuple[Interval, Series] | None:
    if "weekly" not in entry or entry["weekly"].get("breaks"):
        raise _NoSeries
    zone = clock.zone(spec["timezone"])
    spans = [span for span in clock.entry_spans(spec, entry, window) if window.start <= span.start < window.end]
    if not spans:
        return None
    first = spans[0]
    length, time = first.end - first.start, first.start.astimezone(zone).time()
    without: list[datetime] = []
    moved: list[tuple[datetime, Interval]] = []
    for span in spans:
        if span.start.astimezone(zone).time() != time:
            raise _NoSeries  # a clock that was put forward has no such time on that day
        found = list(covered & Intervals([span]))
        if not found:
            without.append(span.start)
        elif len(found) > 1:
            raise _NoSeries
        elif found[0] != Interval(span.start, span.start + length):
            moved.append((span.start, found[0]))
    rule = f"FREQ=WEEKLY;BYDAY={','.join(_DAYS[day] for day in _DAYS if day in entry['weekly']['days'])}"
    ends = list(_ends(spec, entry, window, zone))
    if ends:
        rule += f";UNTIL={min(ends).astimezone(UTC):%Y%m%dT%H%M%SZ}"
    return first, Series(rule, zone, tuple(without), tuple(moved))


def _ends(spec: Mapping[str, Any], entry: Mapping[str, Any], window: Interval, zone: Any) -> Iterator[datetime]:
    if spec.get("holidays"):
        yield window.end
    if "validUntil" in entry:
        day = date.fromisoformat(entry["validUntil"]) - timedelta(days=1)
        yield datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=zone)
