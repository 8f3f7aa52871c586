"""Windows that come again are rules, and two programs that read them come to the times that the calendar covers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import icalendar
import pytest
import vobject
from dateutil.rrule import rrulestr

from itsm_as_code.clock import Interval
from itsm_as_code.interchange.icalendar import Event
from itsm_as_code.interchange.icalendar import calendar as written
from itsm_as_code.interchange.series import series_of
from itsm_as_code.records.facts import Facts

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PERIOD = Interval(NOW - timedelta(days=35), NOW + timedelta(days=190))
HOLIDAYS = {"metadata": {"name": "days"}, "spec": {"timezone": "Europe/Berlin", "kind": "holidays", "entries": [
    {"date": "2026-12-27"}, {"start": "2027-01-03T02:00:00Z", "end": "2027-01-03T08:00:00Z"}]}}  # fmt: skip
WEEKLY = {"days": ["sun"], "from": "01:00", "to": "05:00"}


def window(*entries: dict[str, Any], zone: str = "Europe/Berlin", **spec: Any) -> dict[str, Any]:
    said = {"timezone": zone, "kind": "maintenance", "entries": list(entries), **spec}
    return {"metadata": {"name": "w"}, "spec": said}


def facts_of(calendar: dict[str, Any]) -> Facts:
    return Facts({"Calendar": {"w": calendar, "days": HOLIDAYS}})


def file_of(found: list[tuple[str, Interval, Any]]) -> bytes:
    return written("Shop", [Event(name, 1, NOW, span, "Window", series=series) for name, span, series in found])


def by_icalendar(content: bytes) -> list[Interval]:
    """The times of a file as icalendar reads it and dateutil reckons."""
    read, found, moved = icalendar.Calendar.from_ical(content), [], {}
    for event in read.walk("VEVENT"):
        if "RECURRENCE-ID" in event:
            moved[event["UID"], event.decoded("RECURRENCE-ID")] = event
    for event in read.walk("VEVENT"):
        assert not event.errors
        if "RRULE" not in event:
            continue
        start, length = event.decoded("DTSTART"), event.decoded("DTEND") - event.decoded("DTSTART")
        without = event.get("EXDATE", [])
        without = {at.dt for each in (without if isinstance(without, list) else [without]) for at in each.dts}
        local = rrulestr(event["RRULE"].to_ical().decode().replace("Z", ""), dtstart=start.replace(tzinfo=None))
        for naive in local.between(PERIOD.start.replace(tzinfo=None), PERIOD.end.replace(tzinfo=None)):
            at = naive.replace(tzinfo=start.tzinfo)
            instead = moved.get((event["UID"], at))
            if instead is not None:
                found.append(
                    Interval(instead.decoded("DTSTART").astimezone(UTC), instead.decoded("DTEND").astimezone(UTC))
                )
            elif at not in without:
                found.append(Interval(at.astimezone(UTC), at.astimezone(UTC) + length))
    return sorted(found)


def by_vobject(content: bytes) -> list[datetime]:
    """When its occurrences begin, as vobject reads and reckons them."""
    found = set()
    for event in vobject.readOne(content.decode()).vevent_list:
        if hasattr(event, "rrule"):
            found |= {at.astimezone(UTC) for at in event.rruleset.between(PERIOD.start, PERIOD.end)}
    return sorted(found)


@pytest.mark.parametrize(
    ("calendar", "count"),
    [
        (window({"weekly": WEEKLY}), 32),
        (window({"weekly": WEEKLY}, holidays=["days"]), 31),
        (window({"weekly": {"days": ["wed", "sat"], "from": "22:00", "to": "24:00"}}, zone="Asia/Singapore"), 64),
        (window({"weekly": WEEKLY, "validUntil": "2027-01-01"}), 10),
    ],
    ids=["through a change of clocks", "without holidays", "two days a week", "with an end"],
)  # fmt: skip
def test_a_rule_gives_what_the_calendar_covers(calendar: dict[str, Any], count: int) -> None:
    facts = facts_of(calendar)
    found = series_of(calendar, facts, PERIOD)
    assert found is not None
    content = file_of(found)
    assert content.count(b"RRULE") == 1
    wanted = list(facts.calendar_intervals(calendar, PERIOD))
    assert by_icalendar(content) == wanted
    assert len(wanted) == count
    assert by_vobject(content) == [span.start for span in wanted]


@pytest.mark.parametrize(
    "calendar",
    [
        window({"weekly": {**WEEKLY, "breaks": [{"from": "02:00", "to": "03:00"}]}}),
        window({"weekly": {**WEEKLY, "from": "02:30"}}),
        window({"start": "2026-12-01T00:00:00Z", "end": "2026-12-02T00:00:00Z"}),
    ],
    ids=["breaks", "a time that one day does not have", "a single span"],
)
def test_what_no_rule_can_say_is_a_list(calendar: dict[str, Any]) -> None:
    assert series_of(calendar, facts_of(calendar), PERIOD) is None


def test_a_rule_is_the_same_on_every_day() -> None:
    made = window({"weekly": WEEKLY})
    later = Interval(PERIOD.start + timedelta(days=3), PERIOD.end + timedelta(days=3))
    assert series_of(made, facts_of(made), PERIOD) == series_of(made, facts_of(made), later)
