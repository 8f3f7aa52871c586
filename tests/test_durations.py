"""Durations: as calendars and clocks count them, against day-by-day counting."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itsm_as_code.clock import Interval, Intervals, calendar_intervals, zone
from itsm_as_code.durations import Duration, add_months, parse_duration

DAY = timedelta(days=1)
BERLIN = zone("Europe/Berlin")
PERIODS = st.builds(Duration, st.integers(0, 30), st.integers(0, 400))
DATES = st.dates(date(1990, 1, 1), date(2110, 1, 1))


def shifts(first: str, duration: str, zone_name: str = "Europe/Berlin") -> list[Interval]:
    """A week's shift of each of three teams, one after another, in the last quarter of 2026."""
    starts = (datetime.fromisoformat(first) + week * timedelta(weeks=1) for week in range(3))
    rule = {"rrule": "FREQ=WEEKLY;INTERVAL=3", "duration": duration}
    window = Interval(datetime(2026, 1, 7, tzinfo=UTC), datetime(2026, 12, 30, tzinfo=UTC))
    entries = [{**rule, "dtstart": start.isoformat()} for start in starts]
    found = [calendar_intervals({"timezone": zone_name, "entries": [entry]}, window) for entry in entries]
    return sorted(span for spans in found for span in spans)


@pytest.mark.parametrize("duration", ["P7D", "P1W"])
@pytest.mark.parametrize("first", ["2026-01-05T09:00:00", "2026-01-04T02:30:00", "2026-01-01T00:00:00"])
@pytest.mark.parametrize("zone_name", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"])
def test_a_weekly_shift_has_no_hole_and_no_overlap_in_any_season(duration: str, first: str, zone_name: str) -> None:
    """RFC 5545, section 3.3.6: days and weeks are nominal."""
    found = shifts(first, duration, zone_name)
    assert len(found) > 50
    assert all(one.end == next_.start for one, next_ in pairwise(found))
    assert len(Intervals(found).spans) == 1


def test_hours_are_exact_where_days_are_nominal() -> None:
    saturday = datetime(2026, 10, 24, 10, tzinfo=UTC)  # noon in Berlin; the clock is put back in the night
    assert parse_duration("P1D").after(saturday, BERLIN) == saturday + timedelta(hours=25)
    assert parse_duration("PT24H").after(saturday, BERLIN) == saturday + timedelta(hours=24)
    assert parse_duration("P1DT1H").after(saturday, BERLIN) == saturday + timedelta(hours=26)
    assert parse_duration("P1D").after(saturday) == saturday + DAY, "in UTC a day is 24 hours"


@given(PERIODS, st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)), st.sampled_from([UTC, BERLIN]))
def test_the_clock_on_the_wall_shows_the_same_time_after_days(period: Duration, wall: datetime, tz: tzinfo) -> None:
    wall = wall.replace(hour=12)  # no clock changes at noon
    end = period.after(wall.replace(tzinfo=tz), tz).astimezone(tz)
    assert end.time() == wall.time()
    assert end.date() == period.after_day(wall.date()) == add_months(wall.date(), period.months) + period.days * DAY
    assert period.after(wall, tz) == period.after(wall.replace(tzinfo=tz), tz)


@given(PERIODS, DATES)
def test_the_last_start_is_found_by_trying_every_day(period: Duration, end: date) -> None:
    day = end
    while period.after_day(day) > end:
        day -= DAY
    assert period.last_start(end) == day


@pytest.mark.parametrize(
    ("end", "period", "last"),
    [
        ("2027-05-31", "P3M", "2027-02-28"),
        ("2028-05-31", "P3M", "2028-02-29"),
        ("2027-06-30", "P3M", "2027-03-31"),
        ("2027-02-28", "P1M", "2027-01-31"),
        ("2028-02-29", "P1Y", "2027-02-28"),
        ("2027-12-31", "P3M", "2027-09-30"),
        ("2027-12-31", "P1Y", "2026-12-31"),
        ("2027-05-15", "P6W", "2027-04-03"),
        ("2027-02-27", "P90D", "2026-11-29"),
        ("2027-02-27", "PT36H", "2027-02-25"),
    ],
)
def test_the_last_day_of_notice_by_hand(end: str, period: str, last: str) -> None:
    assert parse_duration(period).last_start(date.fromisoformat(end)).isoformat() == last


def test_durations_in_words() -> None:
    texts = {
        "P3M": "3 months",
        "P1Y6M": "1 year 6 months",
        "P2W": "14 days",
        "P1DT4H": "1 day 4 hours",
        "PT90M": "1 hour 30 minutes",
        "PT1S": "1 second",
        "PT0S": "0 minutes",
        "P1000D": "1,000 days",
    }
    assert {text: str(parse_duration(text)) for text in texts} == texts


@pytest.mark.parametrize("text", ["P", "PT", "P1.5M", "P-1M", "P1D1M", "PT1D", "P1H", "1M", "P١M", "P1M ", "P1M\n"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        parse_duration(text)


def test_months_have_no_fixed_length() -> None:
    with pytest.raises(ValueError, match="no fixed length"):
        _ = parse_duration("P1M").fixed
    assert parse_duration("P1WT1M").fixed == timedelta(days=7, minutes=1)
    assert not Duration()


@pytest.mark.parametrize("text", ["P100Y", "P5000W", "P1200M", "P1D"])
def test_the_end_of_time_is_an_end(text: str) -> None:
    last = datetime.max.replace(tzinfo=UTC)
    assert parse_duration(text).after(last) == last
    assert parse_duration(text).after(datetime.max, BERLIN) == last
    with pytest.raises(OverflowError):
        parse_duration(text).last_start(date.min)
