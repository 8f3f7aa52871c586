"""iCalendar: events as other calendars read them (RFC 5545), the same bytes for the same input.

Times are UTC, so that no description of a time zone is needed. An event keeps its UID for ever; its SEQUENCE rises with
every revision of its record; one that is called off stays in the file as CANCELLED, for a calendar that has it already
would keep it otherwise.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from itsm_as_code.clock import Interval

TITLE: Final = "iCalendar"
_PRODID: Final = "-//itsm-as-code//itsm calendar//EN"
_LONGEST: Final = 75
"""Octets of a line without its end (RFC 5545, section 3.1)."""
_CONTROLS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f\u0085\u2028\u2029]")
_LINE_ENDS: Final = re.compile(r"\r\n|\r|\n")


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


def stable_uid(*names: str) -> str:
    """An identifier that depends on names alone: the same thing has the same one for ever (RFC 9562, version 5)."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "itsm:" + "/".join(names)))


def calendar(name: str, events: Iterable[Event]) -> bytes:
    """The file: UTF-8, lines folded and ended by CRLF."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{_PRODID}", "CALSCALE:GREGORIAN", "METHOD:PUBLISH"]
    lines.append(f"X-WR-CALNAME:{escape(name)}")
    for event in events:
        lines += _lines(event)
    lines.append("END:VCALENDAR")
    return b"".join(fold(line) for line in lines)


def _lines(event: Event) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{event.uid}"
    yield f"DTSTAMP:{_instant(event.stamp)}"
    yield f"SEQUENCE:{event.sequence}"
    yield f"DTSTART:{_instant(event.span.start)}"
    yield f"DTEND:{_instant(event.span.end)}"
    yield f"SUMMARY:{escape(event.title)}"
    if event.description:
        yield f"DESCRIPTION:{escape(event.description)}"
    if event.categories:
        yield f"CATEGORIES:{','.join(map(escape, event.categories))}"
    yield f"STATUS:{event.status}"
    yield f"TRANSP:{'OPAQUE' if event.is_busy else 'TRANSPARENT'}"
    yield "END:VEVENT"


def _instant(instant: datetime) -> str:
    """To the second; iCalendar has no fractions."""
    return instant.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def escape(text: str) -> str:
    """TEXT of RFC 5545, section 3.3.11; control characters, which it does not allow, are left out."""
    plain = _CONTROLS.sub("", _LINE_ENDS.sub("\n", text))
    for character in ("\\", ";", ","):
        plain = plain.replace(character, "\\" + character)
    return plain.replace("\n", "\\n")


def fold(line: str) -> bytes:
    """A content line with its end, folded at 75 octets, never within a character (RFC 5545, section 3.1)."""
    parts: list[bytes] = []
    current = b""
    for character in line:
        octets = character.encode("utf-8", "replace")
        if len(current) + len(octets) > _LONGEST - bool(parts):
            parts.append(current)
            current = b""
        current += octets
    return b"\r\n ".join([*parts, current]) + b"\r\n"
