"""Calendars of other tools become Calendar records that cover the same time; what cannot is named and counted."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itsm_as_code.clock import Interval, calendar_intervals
from itsm_as_code.interchange import Known
from itsm_as_code.interchange._icalendar_import import Asked, convert
from itsm_as_code.records.kinds import KindRegistry
from tests.conftest import SMALL, Run, copy_tree

HOLIDAYS = Path(__file__).parents[3] / "shared" / "corpora" / "ics-holidays-kr" / "holidays.ics"
BERLIN = ZoneInfo("Europe/Berlin")


def ics(*events: str, zone: str = "Europe/Berlin") -> bytes:
    inside = "".join(f"BEGIN:VEVENT\r\n{event}\r\nEND:VEVENT\r\n" for event in events)
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nX-WR-TIMEZONE:{zone}\r\n{inside}END:VCALENDAR\r\n".encode()


def taken(source: bytes, **asked: Any) -> tuple[Any, list[str]]:
    """The specification of the one calendar, and what is said of refused events and of the count."""
    known = Known(Path("/nowhere"), KindRegistry.load())
    conversion = convert({"days.ics": source}, known, Asked(**asked))
    (record,) = conversion.records
    assert not list(known.registry["Calendar"].validator.problems(record.data))
    said = [f"{finding.location.line}: {finding.message}" for finding in conversion.findings]
    return record.data["spec"], said


def entry(event: str, **asked: Any) -> Any:
    spec, said = taken(ics(event), **asked)
    assert len(said) == 1 + ("appliesTo" in spec), said
    return spec["entries"]


@pytest.mark.skipif(not HOLIDAYS.exists(), reason="the corpus is not here")
def test_a_holiday_calendar_comes_in_and_again_without_difference(tmp_path: Path, itsm: Run) -> None:
    copy_tree(SMALL, tmp_path)
    call = ["-C", str(tmp_path), "import", "icalendar", str(HOLIDAYS), "--name", "holidays-kr"]
    code, out, _ = itsm(*call)
    assert (code, "1 created" in out) == (0, True), out
    assert "85 events: 85 days, 0 spans, 0 recurring, 0 called off, 0 worked, 0 refused" in out
    assert "1 unchanged" in itsm(*call)[1]
    assert itsm("-C", str(tmp_path), "validate")[0] == 0


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ("DTSTART;VALUE=DATE:20261225", [{"date": "2026-12-25"}]),
        ("DTSTART;VALUE=DATE:20261225\r\nDTEND;VALUE=DATE:20261227", [{"date": "2026-12-25"}, {"date": "2026-12-26"}]),
        (
            "DTSTART;VALUE=DATE:20261225\r\nRRULE:FREQ=YEARLY;UNTIL=20301225\r\nEXDATE;VALUE=DATE:20271225,20281225",
            [
                {
                    "rrule": "FREQ=YEARLY;UNTIL=20301225T235959",
                    "dtstart": "2026-12-25T00:00:00",
                    "duration": "P1D",
                    "exdate": ["2027-12-25", "2028-12-25"],
                }
            ],
        ),
        (
            "DTSTART:20261218T170000Z\r\nDTEND:20270104T070000Z",
            [{"start": "2026-12-18T17:00:00Z", "end": "2027-01-04T07:00:00Z"}],
        ),
        (
            "DTSTART;TZID=America/New_York:20261218T170000\r\nDURATION:PT2H30M",
            [{"start": "2026-12-18T22:00:00Z", "end": "2026-12-19T00:30:00Z"}],
        ),
        (
            "DTSTART:20260104T020000\r\nDTEND:20260104T060000\r\nRRULE:FREQ=MONTHLY;BYDAY=1SU\r\nEXDATE:20261206T010000Z",
            [
                {
                    "rrule": "FREQ=MONTHLY;BYDAY=1SU",
                    "dtstart": "2026-01-04T02:00:00",
                    "duration": "PT4H",
                    "exdate": ["2026-12-06"],
                }
            ],
        ),
    ],
)
def test_what_an_event_becomes(event: str, expected: list[dict[str, Any]]) -> None:
    found = entry(f"UID:1\r\nSUMMARY:A \r\n day\\, off\r\n{event}")
    for item in found:
        assert item.pop("title", None) or item.pop("reason", None) == "A day, off"
    assert found == expected


def test_one_occurrence_that_was_moved_leaves_its_old_place() -> None:
    rule = "UID:1\r\nSUMMARY:Patching\r\nDTSTART:20260104T020000\r\nDURATION:PT4H\r\nRRULE:FREQ=WEEKLY"
    moved = "UID:1\r\nSUMMARY:Patching\r\nRECURRENCE-ID:20260111T020000\r\nDTSTART:20260112T020000\r\nDURATION:PT4H"
    off = "UID:1\r\nRECURRENCE-ID:20260118T020000\r\nDTSTART:20260118T020000\r\nSTATUS:CANCELLED"
    spec, said = taken(ics(rule, moved, off), kind="maintenance")
    assert spec["entries"][0]["exdate"] == ["2026-01-11", "2026-01-18"]
    assert spec["entries"][1]["start"] == "2026-01-12T01:00:00Z"
    assert said == ["1: days: 3 events: 0 days, 1 spans, 1 recurring, 1 called off, 0 worked, 0 refused"]


def test_a_long_freeze_of_days_is_one_span() -> None:
    (found,) = entry("UID:1\r\nDTSTART;VALUE=DATE:20261218\r\nDTEND;VALUE=DATE:20270104", kind="freeze")
    assert (found["start"], found["end"]) == ("2026-12-17T23:00:00Z", "2027-01-03T23:00:00Z")


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ("SUMMARY:X", "it has no start"),
        ("DTSTART:2026", "is neither a day nor a time"),
        ("DTSTART;VALUE=DATE:20260231", "is neither a day nor a time"),
        ("DTSTART:20260101T100000", "it takes no time"),
        ("DTSTART:20260101T100000\r\nDTEND:20260101T090000", "it takes no time"),
        ("DTSTART:20260101T100000\r\nDTEND;VALUE=DATE:20260102", "ends by another clock"),
        (
            "DTSTART;TZID=W. Europe Standard Time:20260101T100000\r\nDURATION:PT1H",
            "is no zone of the time zone database",
        ),
        (
            "DTSTART;TZID=Asia/Seoul:20260101T100000\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY",
            "recurs in the zone Asia/Seoul",
        ),
        ("DTSTART;VALUE=DATE:20260101\r\nRRULE:FREQ=SECONDLY", "is hourly, daily, weekly, monthly or yearly"),
        ("DTSTART;VALUE=DATE:20260101\r\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "recurrence rule"),
        ("DTSTART;VALUE=DATE:20260102\r\nRRULE:FREQ=YEARLY;BYMONTH=1;BYDAY=1MO", "is none that the rule gives"),
        ("DTSTART;VALUE=DATE:20260101\r\nRRULE:FREQ=DAILY\r\nRRULE:FREQ=YEARLY", "more than one rule"),
        ("DTSTART;VALUE=DATE:20260101\r\nDURATION:P9999D", "it takes 9999 days"),
    ],
)
def test_what_cannot_be_taken_is_named_and_counted(event: str, message: str) -> None:
    spec, said = taken(ics(f"UID:2\r\n{event}", "UID:1\r\nDTSTART;VALUE=DATE:20261225"))
    assert len(spec["entries"]) == 1
    assert said[0].startswith("4: ")
    assert message in said[0]
    assert said[1] == "1: days: 2 events: 1 days, 0 spans, 0 recurring, 0 called off, 0 worked, 1 refused"


@pytest.mark.parametrize("title", ["Working Saturday", "Arbeitstag", "国庆节(补班)"])
def test_a_day_that_is_worked_is_no_holiday(title: str) -> None:
    spec, said = taken(ics(f"UID:1\r\nSUMMARY:{title}\r\nDTSTART;VALUE=DATE:20261212"))
    assert spec["entries"] == []
    assert said[0] == f"4: {title} (20261212) is a day that is worked"


def test_a_substitute_day_off_is_one() -> None:
    assert entry("UID:1\r\nSUMMARY:대체공휴일(설날)\r\nDTSTART;VALUE=DATE:20240212")[0]["date"] == "2024-02-12"


def test_a_calendar_without_a_zone_is_of_the_one_of_its_events_or_assumed() -> None:
    event = "UID:1\r\nDTSTART;TZID=/x.example/Europe/Berlin:20261212T100000\r\nDURATION:PT1H"
    assert taken(ics(event, zone=""))[0]["timezone"] == "Europe/Berlin"
    spec, said = taken(ics("UID:1\r\nDTSTART;VALUE=DATE:20261212", zone=""))
    assert (spec["timezone"], said[0]) == ("UTC", "1: the calendar does not say its time zone: UTC is assumed")


@pytest.mark.parametrize(
    "source",
    [
        b"", b"text", b"\xff", b"BEGIN:VCALENDAR", b"END:VCALENDAR", b"BEGIN:VEVENT\nEND:VEVENT",
        b"BEGIN:VCALENDAR\nX\nEND:VCALENDAR", b"BEGIN:A\n" * 9999,
    ],
)  # fmt: skip
def test_what_is_no_calendar_is_one_finding(source: bytes) -> None:
    conversion = convert({"days.ics": source}, Known(Path("/nowhere"), KindRegistry.load()))
    assert ([finding.rule for finding in conversion.findings], conversion.records) == (["calendar-event"], [])
    assert conversion.entities == 1


TIMES = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)).map(lambda at: at.replace(microsecond=0))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(TIMES, st.integers(1, 3000), st.booleans()), min_size=1, max_size=5))
def test_the_record_covers_what_the_events_cover(events: list[tuple[datetime, int, bool]]) -> None:
    """As the library that writes the file understands it."""
    made, expected = icalendar.Calendar(), []
    made.add("x-wr-timezone", "Europe/Berlin")
    for number, (at, minutes, is_day) in enumerate(events):
        start: date = at.date() if is_day else at.replace(tzinfo=BERLIN)
        end = start + (timedelta(days=minutes % 9 + 1) if is_day else timedelta(minutes=minutes))
        event = icalendar.Event(uid=str(number))
        event.add("dtstart", start)
        event.add("dtend", end)
        made.add_component(event)
        first, last = (
            datetime(day.year, day.month, day.day, tzinfo=BERLIN) if not isinstance(day, datetime) else day
            for day in (start, end)
        )
        if first.timestamp() < last.timestamp():
            expected.append((first.timestamp(), last.timestamp()))
    spec, _ = taken(made.to_ical(), kind="freeze")
    whole = Interval.parse({"start": "2025-12-01T00:00:00Z", "end": "2027-12-01T00:00:00Z"})
    covered = calendar_intervals(spec, whole, lambda _: None)
    for first, last in expected:
        assert any(span.start.timestamp() <= first and last <= span.end.timestamp() for span in covered)
    assert sum((span.end - span.start).total_seconds() for span in covered) <= sum(b - a for a, b in expected)
