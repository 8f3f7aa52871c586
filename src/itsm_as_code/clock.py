"""Time: instants, dates, zones, half-open intervals, and calendars as sets of intervals.

One interval algebra for freezes, maintenance windows, service hours and holidays. Intervals are half-open
``[start, end)`` in UTC. The clock on the wall is read through the IANA zone: an instant belongs to
``08:00-18:00`` exactly when a clock in that zone shows a time in that span, also on the days on which the
clock is put forward or back.
"""

from __future__ import annotations

import pkgutil
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from io import BytesIO
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from itsm_as_code.durations import OutOfRange, parse_duration
from itsm_as_code.recurrence import occurrences

_INSTANT: Final = re.compile(
    r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?"
    r"(?:Z|[+-](?:0\d|1[0-4]):[0-5]\d)\Z",
    re.ASCII,
)
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d\Z", re.ASCII)
_WALL: Final = re.compile(r"([01]\d|2[0-4]):([0-5]\d)\Z", re.ASCII)
_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_ONE_DAY: Final = timedelta(days=1)

BEGINNING: Final = datetime(1900, 1, 1, tzinfo=UTC)
FOREVER: Final = datetime(2190, 1, 1, tzinfo=UTC)
"""The ends of the time that is reckoned with. Others write "always" and "never" as a day of the years 1 and 9999;
here they are these ends, from which sums of instants and durations do not run over. CEL can subtract no instants that
are further apart than 292 years (its durations are nanoseconds in 64 bits), and calendars are walked day by day."""
RANGE: Final = f"the years {BEGINNING.year} to {FOREVER.year - 1} (and 9999 for never)"


@lru_cache(maxsize=1 << 16)
def parse_instant(text: str) -> datetime:
    """The UTC instant of an RFC 3339 text with seconds and offset; ValueError when it is not one, or out of range.

    The years 1 and 9999 are the ends of time, :data:`BEGINNING` and :data:`FOREVER`.
    Source: https://www.rfc-editor.org/rfc/rfc3339#section-5.6. Leap seconds are not accepted.
    """
    if not _INSTANT.match(text):
        raise ValueError(f"'{text}' is not an instant such as 2026-11-22T08:00:00Z")
    instant = datetime.fromisoformat(text)
    if instant.year == 9999:
        return FOREVER
    try:
        known = instant.astimezone(UTC)
    except OverflowError:
        raise OutOfRange(f"'{text}' is outside {RANGE}") from None
    if instant.year == 1:
        return BEGINNING
    _in_range(instant, text)  # by the year as it is written: so can editors tell
    return known


def parse_date(text: str) -> date:
    """The day of ``2026-11-22``; ValueError when it is not one, or out of range. The ends as in parse_instant."""
    if not _DATE.match(text):
        raise ValueError(f"'{text}' is not a date such as 2026-11-22")
    day = date.fromisoformat(text)
    ends = {1: BEGINNING.date(), 9999: FOREVER.date()}
    return ends.get(day.year) or _in_range(day, text)


_Moment = TypeVar("_Moment", bound=date)


def _in_range(moment: _Moment, text: str) -> _Moment:
    if not BEGINNING.year <= moment.year < FOREVER.year:
        raise OutOfRange(f"'{text}' is outside {RANGE}")
    return moment


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    """The names of the time zone database, links among them, as the tzdata package lists them.

    Never what a machine keeps beside them (localtime, posixrules, right/...): records mean the same everywhere.
    Factory stands for a machine whose zone nobody has set. Source: https://data.iana.org/time-zones/theory.html#naming.
    """
    return frozenset((pkgutil.get_data("tzdata", "zones") or b"").decode().split()) - {"Factory"}


@lru_cache(maxsize=256)
def zone(name: str) -> ZoneInfo:
    """The IANA zone of that name, by the tzdata package; ValueError when there is none."""
    if name not in zone_names():
        raise ValueError(f"'{name}' is not an IANA time zone such as Europe/Berlin")
    # ZoneInfo(name) would read the files of the machine first, which may be older or not the same.
    return ZoneInfo.from_file(BytesIO(pkgutil.get_data("tzdata", f"zoneinfo/{name}") or b""), key=name)


def format_instant(instant: datetime) -> str:
    """RFC 3339 in UTC, to the second (or microsecond where there is one); the ends of time as others write them."""
    if not BEGINNING < instant < FOREVER:
        return "0001-01-01T00:00:00Z" if instant <= BEGINNING else "9999-12-31T23:59:59Z"
    text = instant.astimezone(UTC).isoformat()
    return text.replace("+00:00", "Z")


def format_span(start: datetime, end: datetime, name: str) -> str:
    """An interval as a clock in the zone ``name`` shows it; with offsets where the clock is put forward or back."""
    first, last = start.astimezone(zone(name)), end.astimezone(zone(name))
    offset = "%z" if first.utcoffset() != last.utcoffset() else ""
    day = "" if first.date() == last.date() else "%a %Y-%m-%d "
    return f"{first:%a %Y-%m-%d %H:%M{offset}} to {last:{day}%H:%M{offset}} ({name})"


def format_date(day: date) -> str:
    """``2026-11-22``; the ends of time as others write them."""
    if BEGINNING.year <= day.year < FOREVER.year:
        return day.isoformat()
    return "0001-01-01" if day.year < FOREVER.year else "9999-12-31"


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """The half-open span ``[start, end)`` of two UTC instants."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError("an interval ends before it starts")

    def __contains__(self, instant: datetime) -> bool:
        return self.start <= instant < self.end

    def overlaps(self, other: Interval) -> bool:
        """True when they share at least one instant."""
        return max(self.start, other.start) < min(self.end, other.end)

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Interval:
        """From ``{start, end}`` as records write it; ValueError when malformed or reversed."""
        return cls(parse_instant(data["start"]), parse_instant(data["end"]))


class Intervals:
    """An immutable set of instants as sorted, disjoint, non-touching half-open intervals."""

    __slots__ = ("_starts", "spans")

    def __init__(self, spans: Iterable[Interval] = ()) -> None:
        merged: list[Interval] = []
        for span in sorted(span for span in spans if span.start < span.end):
            if merged and span.start <= merged[-1].end:
                merged[-1] = Interval(merged[-1].start, max(merged[-1].end, span.end))
            else:
                merged.append(span)
        self.spans: tuple[Interval, ...] = tuple(merged)
        self._starts = [span.start for span in merged]

    def __iter__(self) -> Iterator[Interval]:
        return iter(self.spans)

    def __bool__(self) -> bool:
        return bool(self.spans)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Intervals) and self.spans == other.spans

    def __hash__(self) -> int:
        return hash(self.spans)

    def __repr__(self) -> str:
        return f"Intervals({list(self.spans)!r})"

    def __contains__(self, instant: datetime) -> bool:
        index = bisect_right(self._starts, instant) - 1
        return index >= 0 and instant in self.spans[index]

    def __or__(self, other: Intervals) -> Intervals:
        return Intervals((*self.spans, *other.spans))

    def __and__(self, other: Intervals) -> Intervals:
        result: list[Interval] = []
        left, right = self.spans, other.spans
        i, j = max(0, bisect_right(self._starts, right[0].start) - 1) if right else 0, 0
        while i < len(left) and j < len(right):
            start, end = max(left[i].start, right[j].start), min(left[i].end, right[j].end)
            if start < end:
                result.append(Interval(start, end))
            if left[i].end <= right[j].end:
                i += 1
            else:
                j += 1
        return Intervals(result)

    def __sub__(self, other: Intervals) -> Intervals:
        result: list[Interval] = []
        holes, first = other.spans, 0
        for span in self.spans:
            start = span.start
            while first < len(holes) and holes[first].end <= start:
                first += 1
            index = first
            while index < len(holes) and holes[index].start < span.end:
                if start < holes[index].start:
                    result.append(Interval(start, holes[index].start))
                start = max(start, holes[index].end)
                index += 1
            if start < span.end:
                result.append(Interval(start, span.end))
        return Intervals(result)

    @property
    def total(self) -> timedelta:
        """The time they cover together."""
        return sum((span.end - span.start for span in self.spans), timedelta())


def midnight(day: date) -> datetime:
    """The beginning of a day on the clocks of wherever it is.

    ``combine`` reads a day without asking it, so that one which notes what it is asked (:mod:`itsm_as_code.horizon`)
    would not hear of it.
    """
    return datetime.combine(day.replace(), time())


def wall_intervals(day: date, start: str, end: str, tz: ZoneInfo) -> list[Interval]:
    """The instants of a local day at which a clock in ``tz`` shows a time in ``[start, end)``.

    ``start`` and ``end`` are ``HH:MM``; ``24:00`` is the end of the day. An ``end`` not after ``start`` means
    the next day (``22:00-06:00``).
    """
    first, last = _minutes(start), _minutes(end)
    if last <= first:
        return [
            *wall_intervals(day, start, "24:00", tz),
            *(wall_intervals(day + _ONE_DAY, "00:00", end, tz) if last else ()),
        ]
    wall_start = midnight(day) + timedelta(minutes=first)
    wall_end = midnight(day) + timedelta(minutes=last)
    return list(_wall_intervals(wall_start, wall_end, tz))


@lru_cache(maxsize=1 << 14)
def _wall_intervals(wall_start: datetime, wall_end: datetime, tz: ZoneInfo) -> tuple[Interval, ...]:
    """Remembered, for services share hours, and those of one day are asked for again and again."""
    found = []
    for segment, offset in _segments(wall_start - _ONE_DAY, wall_end + _ONE_DAY, tz):
        lower, upper = ((wall - offset).replace(tzinfo=UTC) for wall in (wall_start, wall_end))
        found.append((max(segment.start, lower), min(segment.end, upper)))
    return tuple(Interval(*span) for span in found if span[0] < span[1])


def _segments(wall_start: datetime, wall_end: datetime, tz: ZoneInfo) -> list[tuple[Interval, timedelta]]:
    """Spans of constant UTC offset that cover the wall-clock span."""
    start = wall_start.replace(tzinfo=tz).astimezone(UTC)
    end = wall_end.replace(tzinfo=tz).astimezone(UTC)
    first, last = _offset(start, tz), _offset(end, tz)
    if first == last:
        return [(Interval(start, end), first)]
    low, high = start, end
    while high - low > timedelta(seconds=1):
        middle = (low + (high - low) / 2).replace(microsecond=0)
        if middle in (low, high):
            break
        if _offset(middle, tz) == first:
            low = middle
        else:
            high = middle
    return [(Interval(start, high), first), (Interval(high, end), last)]


def _offset(instant: datetime, tz: ZoneInfo) -> timedelta:
    return instant.astimezone(tz).utcoffset() or timedelta()


def _minutes(wall: str) -> int:
    match = _WALL.match(wall)
    if not match or (match[1] == "24" and match[2] != "00"):
        raise ValueError(f"'{wall}' is not a time of day such as 08:00 or 24:00")
    return int(match[1]) * 60 + int(match[2])


def calendar_intervals(
    spec: Mapping[str, Any], window: Interval, holidays: Callable[[str], Mapping[str, Any] | None] = lambda name: None
) -> Intervals:
    """The instants within ``window`` that a Calendar's ``spec`` covers.

    ``holidays`` answers the spec of the Calendar of that name, whose days are taken out of what repeats: weekly
    hours and recurring spans. Single spans and days stay as they are written.
    Raises ValueError for an entry that makes no sense: a calendar that cannot be read covers nothing *known*,
    and callers must not take it as free.
    """
    try:
        return _calendar_intervals(spec, window, holidays)
    except OverflowError:
        raise ValueError("a date outside the years that can be reckoned with") from None


def _calendar_intervals(
    spec: Mapping[str, Any], window: Interval, holidays: Callable[[str], Mapping[str, Any] | None]
) -> Intervals:
    tz = zone(spec["timezone"])
    repeated: list[Interval] = []
    single: list[Interval] = []
    for entry in spec["entries"]:
        is_repeated = "weekly" in entry or "rrule" in entry
        (repeated if is_repeated else single).extend(_entry_spans(entry, window, tz))
    regular = Intervals(repeated)
    for name in spec.get("holidays", ()):
        days = holidays(name)
        if days is None:
            raise ValueError(f"the holidays calendar '{name}' does not exist")
        if days.get("holidays"):
            raise ValueError(f"the holidays calendar '{name}' has holidays of its own")
        regular = regular - calendar_intervals(days, window)
    return (regular | Intervals(single)) & Intervals([window])


def entry_spans(spec: Mapping[str, Any], entry: Mapping[str, Any], window: Interval) -> list[Interval]:
    """Each occurrence of one entry of a Calendar near ``window``, whole and by itself; ValueError as above."""
    try:
        return list(_entry_spans(entry, window, zone(spec["timezone"])))
    except OverflowError:
        raise ValueError("a date outside the years that can be reckoned with") from None


def _entry_spans(entry: Mapping[str, Any], window: Interval, tz: ZoneInfo) -> Iterable[Interval]:
    if "weekly" in entry:
        return _weekly(entry, window, tz)
    if "rrule" in entry:
        return _recurring(entry, window, tz)
    if "date" in entry:
        day = parse_date(entry["date"])
        if not BEGINNING.date() < day < FOREVER.date():
            raise ValueError(f"{entry['date']} is no day that comes")
        return wall_intervals(day, "00:00", "24:00", tz)
    return [Interval.parse(entry)]


def _weekly(entry: Mapping[str, Any], window: Interval, tz: ZoneInfo) -> Iterator[Interval]:
    weekly = entry["weekly"]
    days = {_DAYS.index(day) for day in weekly["days"]}
    day = window.start.astimezone(tz).date() - _ONE_DAY
    last = window.end.astimezone(tz).date()
    if "validFrom" in entry:
        day = max(day, parse_date(entry["validFrom"]))
    if "validUntil" in entry:
        last = min(last, parse_date(entry["validUntil"]) - _ONE_DAY)
    while day <= last:
        if day.weekday() in days:
            span = Intervals(wall_intervals(day, weekly["from"], weekly["to"], tz))
            for pause in weekly.get("breaks", ()):
                span = span - Intervals(wall_intervals(day, pause["from"], pause["to"], tz))
            yield from span
        day += _ONE_DAY


MAX_OCCURRENCES: Final = 50_000


def _recurring(entry: Mapping[str, Any], window: Interval, tz: ZoneInfo) -> Iterator[Interval]:
    length = parse_duration(entry["duration"])
    longest = length.fixed + _ONE_DAY  # a day of the change to winter time is longer than 24 hours
    start = datetime.fromisoformat(entry["dtstart"])
    if start.tzinfo is not None:
        raise ValueError("dtstart is a local time, without an offset")
    excluded = {parse_date(day) for day in entry.get("exdate", ())}
    lower = window.start.astimezone(tz).replace(tzinfo=None) - longest
    upper = window.end.astimezone(tz).replace(tzinfo=None) + _ONE_DAY
    for count, occurrence in enumerate(occurrences(entry["rrule"], start, tz)):
        if occurrence > upper:
            break
        if count >= MAX_OCCURRENCES:
            raise ValueError(f"a recurrence rule with more than {MAX_OCCURRENCES:,} occurrences since its dtstart")
        if occurrence >= lower and occurrence.date() not in excluded:
            yield Interval(occurrence.replace(tzinfo=tz).astimezone(UTC), length.after(occurrence, tz))


def working_days_after(instant: datetime, days: int, working: Intervals, tz: ZoneInfo) -> datetime:
    """The end of the ``days``-th working day after the day of ``instant``, as clocks in ``tz`` show it.

    A working day is one with working time. ValueError when ``working`` covers fewer of them.
    """
    first = instant.astimezone(tz).date()
    found: dict[date, None] = {}
    for span in working:
        day, last = span.start.astimezone(tz).date(), (span.end - timedelta.resolution).astimezone(tz).date()
        while day <= last and len(found) <= days:
            if day > first:
                found[day] = None
            day += _ONE_DAY
    if len(found) < days:
        raise ValueError(f"fewer than {days} working days")
    return wall_intervals(list(found)[days - 1], "00:00", "24:00", tz)[-1].end
