"""iCalendar files, read back by the parsers of two other programs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from itsm_as_code.clock import Interval
from itsm_as_code.interchange.icalendar import Event, calendar, escape, fold, stable_uid
from tests.calendars import events

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SPAN = Interval(NOW, NOW + timedelta(hours=2))

EXPECTED = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//itsm-as-code//itsm calendar//EN\r\nCALSCALE:GREGORIAN\r\n"
    "METHOD:PUBLISH\r\nX-WR-CALNAME:Shop\r\n"
    "BEGIN:VEVENT\r\nUID:u\r\nDTSTAMP:20261122T120000Z\r\nSEQUENCE:2\r\nDTSTART:20261122T120000Z\r\n"
    "DTEND:20261122T140000Z\r\nSUMMARY:One\\, two\\; three\r\nDESCRIPTION:A\\nB \\\\ C\r\nCATEGORIES:change,a\\,b\r\n"
    "STATUS:CANCELLED\r\nTRANSP:TRANSPARENT\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


def test_a_file_byte_by_byte() -> None:
    event = Event("u", 2, NOW, SPAN, "One, two; three", "A\r\nB \\ C", ("change", "a,b"), "CANCELLED", is_busy=False)
    assert calendar("Shop", [event]) == EXPECTED.encode()


TEXT = st.text(st.characters(blacklist_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=200)


@given(title=TEXT, description=TEXT, sequence=st.integers(0, 999))
def test_it_is_read_back_as_it_was_written(title: str, description: str, sequence: int) -> None:
    content = calendar("Shop", [Event("u", sequence, NOW, SPAN, title, description)])
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    (event,) = events(content)
    assert str(event["SUMMARY"]) == title
    assert str(event.get("DESCRIPTION", "")) == description
    assert (event.decoded("DTSTART"), event.decoded("DTEND")) == (SPAN.start, SPAN.end)
    assert event["SEQUENCE"] == sequence


@given(line=st.text(max_size=300))
def test_folding_loses_nothing(line: str) -> None:
    folded = fold(line)
    assert folded.endswith(b"\r\n")
    assert folded[:-2].replace(b"\r\n ", b"") == line.encode("utf-8", "replace")
    assert all(len(part) <= 75 for part in folded[:-2].split(b"\r\n "))


def test_no_text_ends_its_line() -> None:
    """A title cannot bring properties of its own: every sort of line end becomes a character of the text."""
    hostile = "a\nEND:VEVENT\r\nATTACH:x\rY\x0bz\x85\u2028\u2029\x00"
    assert escape(hostile) == "a\\nEND:VEVENT\\nATTACH:x\\nYz"


def test_an_identity_depends_on_names_alone() -> None:
    assert len(stable_uid("Shop", "change", "chg-1")) == 36
    assert stable_uid("Shop", "change", "chg-1") == stable_uid("Shop", "change", "chg-1")
    assert stable_uid("Shop", "change", "chg-1") != stable_uid("Shop", "freeze", "chg-1")
