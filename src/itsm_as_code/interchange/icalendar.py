"""iCalendar: events as other calendars read them (RFC 5545), the same bytes for the same input.

Times of single events are UTC; what repeats is written once, as a rule in its own zone, whose offsets are given. An
event keeps its UID for ever; its SEQUENCE rises with every revision of its record; one that is called off stays in the
file as CANCELLED, for a calendar that has it already would keep it otherwise.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from itsm_as_code.clock import Interval

if TYPE_CHECKING:
    from itsm_as_code.interchange._store import Conversion, Known

TITLE: Final = "a calendar as iCalendar"
_PRODID: Final = "-//itsm-as-code//itsm calendar//EN"
_LONGEST: Final = 75
"""Octets of a line without its end (RFC 5545, section 3.1)."""
_CONTROLS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f\u0085\u2028\u2029]")
_ZONE_SPAN: Final = timedelta(days=5 * 366)
"""How far the offsets of a zone are given; programs that know it go by its name anyhow."""
_LINE_ENDS: Final = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Series:
    """How an event comes again: by a rule of RFC 5545 in a zone, but not at some of its times.

    ``moved`` are occurrences that differ: by when they would begin, when they do.
    """

    rule: str
    zone: ZoneInfo
    without: tuple[datetime, ...] = ()
    moved: tuple[tuple[datetime, Interval], ...] = ()


def convert(sources: Mapping[str, bytes], known: Known, asked: Any = None) -> Conversion:
    """Calendar records; feeds of the site, which write only, do without what this takes."""
    from itsm_as_code.interchange import _icalendar_import

    return _icalendar_import.convert(sources, known, asked)


@dataclass(frozen=True, slots=True)
class Event:
    """One event. ``status`` is TENTATIVE, CONFIRMED or CANCELLED; ``is_busy`` says whether it blocks the time.

    ``stamp`` is when what it says was last revised, so that the same events are the same bytes whenever they are
    written (DTSTAMP, RFC 5545 section 3.8.7.2).
    """

    uid: str
    sequence: int
    stamp: datetime
    span: Interval
    title: str
    description: str = ""
    categories: tuple[str, ...] = ()
    status: str = "CONFIRMED"
    is_busy: bool = True
    url: str = ""
    series: Series | None = None


def stable_uid(*names: str) -> str:
    """An identifier that depends on names alone: the same thing has the same one for ever (RFC 9562, version 5)."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "itsm:" + "/".join(names)))


def calendar(name: str, events: Iterable[Event], note: str = "") -> bytes:
    """The file: UTF-8, lines folded and ended by CRLF; ``note`` says what a reader has to know of it."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{_PRODID}", "CALSCALE:GREGORIAN", "METHOD:PUBLISH"]
    lines.append(f"X-WR-CALNAME:{escape(name)}")
    if note:
        lines.append(f"X-WR-CALDESC:{escape(note)}")
    made = list(events)
    zones = {event.series.zone.key: (event.series.zone, event.span.start.year) for event in made if event.series}
    parts = [_folded(lines), *(_zone(zone, year) for _, (zone, year) in sorted(zones.items()))]
    parts += map(_event, made)
    return b"".join([*parts, fold("END:VCALENDAR")])


def _folded(lines: Iterable[str]) -> bytes:
    return b"".join(map(fold, lines))


@lru_cache(maxsize=4096)
def _event(event: Event) -> bytes:
    """An event with those that differ from its rule; remembered, for it stands in the calendars of all it is about."""
    moved = event.series.moved if event.series else ()
    return _folded(_lines(event)) + b"".join(
        _folded(_lines(replace(event, span=span), begins)) for begins, span in moved
    )


def _lines(event: Event, instead: datetime | None = None) -> Iterator[str]:
    """An event; ``instead`` of the occurrence of its series that would begin then."""
    series = event.series
    yield "BEGIN:VEVENT"
    yield f"UID:{event.uid}"
    yield f"DTSTAMP:{_instant(event.stamp)}"
    yield f"SEQUENCE:{event.sequence}"
    if series is None:
        yield f"DTSTART:{_instant(event.span.start)}"
        yield f"DTEND:{_instant(event.span.end)}"
    else:
        yield f"DTSTART{_local(event.span.start, series.zone)}"
        yield f"DTEND{_local(event.span.end, series.zone)}"
        if instead is not None:
            yield f"RECURRENCE-ID{_local(instead, series.zone)}"
        else:
            yield f"RRULE:{series.rule}"
            yield from (f"EXDATE{_local(start, series.zone)}" for start in series.without)
    yield f"SUMMARY:{escape(event.title)}"
    if event.description:
        yield f"DESCRIPTION:{escape(event.description)}"
    if event.categories:
        yield f"CATEGORIES:{','.join(map(escape, event.categories))}"
    if event.url:
        yield f"URL:{_CONTROLS.sub('', _LINE_ENDS.sub('', event.url))}"
    yield f"STATUS:{event.status}"
    yield f"TRANSP:{'OPAQUE' if event.is_busy else 'TRANSPARENT'}"
    yield "END:VEVENT"


def _instant(instant: datetime) -> str:
    """To the second; iCalendar has no fractions."""
    return instant.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _local(instant: datetime, zone: ZoneInfo) -> str:
    return f";TZID={zone.key}:{instant.astimezone(zone):%Y%m%dT%H%M%S}"


@lru_cache(maxsize=64)
def _zone(zone: ZoneInfo, year: int) -> bytes:
    """The offsets of a zone, from the year before on, each from when it holds (RFC 5545, section 3.6.5)."""
    return _folded(_offsets(zone, year))


def _offsets(zone: ZoneInfo, year: int) -> Iterator[str]:
    first = datetime(year - 1, 1, 1, tzinfo=UTC)
    yield "BEGIN:VTIMEZONE"
    yield f"TZID:{zone.key}"
    before = first.astimezone(zone).utcoffset() or timedelta()
    for at in (first, *_turns(zone, first, first + _ZONE_SPAN)):
        local = at.astimezone(zone)
        after = local.utcoffset() or timedelta()
        name = "DAYLIGHT" if local.dst() else "STANDARD"
        yield f"BEGIN:{name}"
        yield f"DTSTART:{(at + before).replace(tzinfo=None):%Y%m%dT%H%M%S}"
        yield f"TZOFFSETFROM:{_offset(before)}"
        yield f"TZOFFSETTO:{_offset(after)}"
        yield f"TZNAME:{escape(local.tzname() or zone.key)}"
        yield f"END:{name}"
        before = after
    yield "END:VTIMEZONE"


def _turns(zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[datetime]:
    """When the offset of a zone changes."""
    at, day = start, timedelta(days=1)
    while at < end:
        low, high = at, at + day
        if low.astimezone(zone).utcoffset() != high.astimezone(zone).utcoffset():
            while high - low > timedelta(seconds=1):
                middle = low + (high - low) // 2
                same = middle.astimezone(zone).utcoffset() == low.astimezone(zone).utcoffset()
                low, high = (middle, high) if same else (low, middle)
            yield high.replace(microsecond=0)
        at += day


def _offset(offset: timedelta) -> str:
    seconds = int(offset.total_seconds())
    sign, seconds = ("-", -seconds) if seconds < 0 else ("+", seconds)
    text = f"{sign}{seconds // 3600:02}{seconds // 60 % 60:02}"
    return text + (f"{seconds % 60:02}" if seconds % 60 else "")


def escape(text: str) -> str:
    """TEXT of RFC 5545, section 3.3.11; control characters, which it does not allow, are left out."""
    plain = _CONTROLS.sub("", _LINE_ENDS.sub("\n", text))
    for character in ("\\", ";", ","):
        plain = plain.replace(character, "\\" + character)
    return plain.replace("\n", "\\n")


def fold(line: str) -> bytes:
    """A content line with its end, folded at 75 octets, never within a character (RFC 5545, section 3.1)."""
    whole = line.encode("utf-8", "replace")
    if len(whole) <= _LONGEST:  # as nearly all are
        return whole + b"\r\n"
    parts: list[bytes] = []
    current = b""
    for character in line:
        octets = character.encode("utf-8", "replace")
        if len(current) + len(octets) > _LONGEST - bool(parts):
            parts.append(current)
            current = b""
        current += octets
    return b"\r\n ".join([*parts, current]) + b"\r\n"
