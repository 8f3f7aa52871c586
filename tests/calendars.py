"""Files of calendars as two libraries read them, which share no code."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import icalendar
import vobject

_PROPERTIES = ("uid", "sequence", "status", "summary", "description", "dtstart", "dtend")


def events(content: bytes | str) -> list[Any]:
    """The events that icalendar finds without an error, of which vobject reads the same."""
    text = content.decode() if isinstance(content, bytes) else content
    calendar = icalendar.Calendar.from_ical(text)
    assert not calendar.errors
    found = calendar.walk("VEVENT")
    assert not [event.errors for event in found if event.errors]
    others = vobject.readOne(text).contents.get("vevent", [])
    assert [by_icalendar(event) for event in found] == [by_vobject(event) for event in others]
    return list(found)


def by_icalendar(event: Any) -> dict[str, object]:
    """What counts of an event, by name: text, or an instant in UTC."""
    return {key: _plain(getattr(event[key], "dt", event[key])) for key in _PROPERTIES if key in event}


def by_vobject(event: Any) -> dict[str, object]:
    """The same as another library reads it."""
    return {key: _plain(event.contents[key][0].value) for key in _PROPERTIES if key in event.contents}


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    return value if isinstance(value, date) else str(value)
