"""Time, against an oracle that looks at the clock on the wall minute by minute."""

from __future__ import annotations

import pkgutil
import zoneinfo
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from time import process_time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itsm_as_code.clock import (
    BEGINNING,
    FOREVER,
    MAX_OCCURRENCES,
    Interval,
    Intervals,
    calendar_intervals,
    format_instant,
    parse_date,
    parse_instant,
    wall_intervals,
    zone,
    zone_names,
)
from itsm_as_code.durations import LONGEST, OutOfRange, parse_duration
from tests.conftest import examples
from tests.limits import within

START = datetime(2026, 11, 22, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def at(minute: int) -> datetime:
    return START + minute * MINUTE


def intervals(pairs: list[tuple[int, int]]) -> Intervals:
    return Intervals(Interval(at(min(pair)), at(max(pair))) for pair in pairs)


def minutes(covered: Intervals, first: datetime = START, count: int = 60) -> set[int]:
    """The minutes from ``first`` on whose first instant is covered."""
    return {minute for minute in range(count) if first + minute * MINUTE in covered}


# The algebra.

PAIRS = st.lists(st.tuples(st.integers(0, 59), st.integers(0, 59)), max_size=8)


@settings(max_examples=examples(30))
@given(PAIRS, PAIRS)
def test_the_algebra_is_that_of_sets(left_pairs: list[tuple[int, int]], right_pairs: list[tuple[int, int]]) -> None:
    left, right = intervals(left_pairs), intervals(right_pairs)
    expected = {minute for pair in left_pairs for minute in range(min(pair), max(pair))}
    others = {minute for pair in right_pairs for minute in range(min(pair), max(pair))}
    assert minutes(left) == expected
    assert minutes(left | right) == expected | others
    assert minutes(left & right) == expected & others
    assert minutes(left - right) == expected - others
    for result in (left, left | right, left & right, left - right):
        assert result.total == len(minutes(result)) * MINUTE
        assert bool(result) is bool(minutes(result))
        spans = list(result)
        assert all(span.start < span.end for span in spans)
        assert all(before.end < after.start for before, after in pairwise(spans)), "sorted, disjoint, not touching"
        assert result == Intervals(reversed(spans))
        assert hash(result) == hash(Intervals(spans))
    assert (left | right) - right == left - right
    assert left - (left - right) == left & right


@settings(max_examples=examples(30))
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=2, max_size=2))
def test_two_intervals_overlap_when_they_share_an_instant(pairs: list[tuple[int, int]]) -> None:
    first, second = (Interval(at(min(pair)), at(max(pair))) for pair in pairs)
    shared = any(at(minute) in first and at(minute) in second for minute in range(10))
    assert first.overlaps(second) is shared
    assert second.overlaps(first) is shared


def test_an_interval_holds_its_start_and_not_its_end() -> None:
    span = Interval(at(0), at(1))
    assert at(0) in span
    assert at(1) - timedelta(microseconds=1) in span
    assert at(1) not in span
    assert not span.overlaps(Interval(at(1), at(2)))
    assert at(0) not in Interval(at(0), at(0))
    with pytest.raises(ValueError, match="ends before"):
        Interval(at(1), at(0))


# Calendars.

CHANGES_OF_CLOCK = [
    ("Europe/Berlin", date(2026, 3, 29)),
    ("Europe/Berlin", date(2026, 10, 25)),
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 11, 1)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),  # half an hour
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("America/Sao_Paulo", date(2018, 11, 4)),  # midnight does not exist
    ("Pacific/Apia", date(2011, 12, 30)),  # the whole day does not exist
    ("Asia/Kathmandu", date(2026, 6, 1)),  # 5:45, no change
    ("UTC", date(2026, 6, 1)),
]
HHMM = st.builds("{:02d}:{:02d}".format, st.integers(0, 23), st.sampled_from([0, 1, 15, 30, 45, 59]))
END = HHMM | st.just("24:00")


@st.composite
def spans(draw: st.DrawFn) -> dict[str, str]:
    first, last = sorted((draw(HHMM), draw(END)))
    return {"from": first, "to": last if last > first else "24:00"}


@st.composite
def weekly_entries(draw: st.DrawFn, day: date) -> dict[str, Any]:
    days = draw(st.lists(st.sampled_from(DAYS), min_size=1, max_size=7, unique=True))
    entry: dict[str, Any] = {"weekly": {"days": days, **draw(spans()), "breaks": draw(st.lists(spans(), max_size=2))}}
    for key in draw(st.sets(st.sampled_from(["validFrom", "validUntil"]))):
        entry[key] = (day + draw(st.integers(-1, 2)) * DAY).isoformat()
    return entry


def shows(local: datetime, span: dict[str, str]) -> bool:
    return span["from"] <= local.strftime("%H:%M") < span["to"]


def covered_by(entry: dict[str, Any], instant: datetime, tz: ZoneInfo) -> bool:
    """Whether an entry covers an instant: what a person with a clock on the wall would say."""
    local = instant.astimezone(tz)
    if "date" in entry:
        return local.date().isoformat() == entry["date"]
    if "start" in entry:
        return parse_instant(entry["start"]) <= instant < parse_instant(entry["end"])
    weekly = entry["weekly"]
    return (
        DAYS[local.weekday()] in weekly["days"]
        and shows(local, weekly)
        and not any(shows(local, pause) for pause in weekly.get("breaks", ()))
        and entry.get("validFrom", "") <= local.date().isoformat() < entry.get("validUntil", "9999")
    )


@settings(max_examples=examples(36))
@given(st.data(), st.sampled_from(CHANGES_OF_CLOCK))
def test_calendars_cover_what_the_clock_on_the_wall_shows(data: st.DataObject, where: tuple[str, date]) -> None:
    name, day = where
    tz = ZoneInfo(name)
    first = datetime(day.year, day.month, day.day, tzinfo=UTC) - DAY + data.draw(st.integers(0, 600)) * MINUTE
    window = Interval(first, first + data.draw(st.integers(1, 4000)) * MINUTE)
    entries = data.draw(st.lists(weekly_entries(day), max_size=3))
    days_off = data.draw(st.lists(st.integers(-1, 2), max_size=2))
    holidays = {
        "timezone": data.draw(st.sampled_from([name, "UTC"])),
        "entries": [{"date": (day + number * DAY).isoformat()} for number in days_off],
    }
    others: list[dict[str, Any]] = [{"date": day.isoformat()}] if data.draw(st.booleans()) else []
    if data.draw(st.booleans()):
        begin = first + data.draw(st.integers(-60, 2000)) * MINUTE
        others.append({"start": format_instant(begin), "end": format_instant(begin + 90 * MINUTE)})
    spec = {"timezone": name, "entries": [*entries, *others], "holidays": ["days-off"]}
    covered = calendar_intervals(spec, window, {"days-off": holidays}.get)
    off = ZoneInfo(holidays["timezone"])
    count = 0
    instant = window.start
    while instant < window.end:
        is_off = any(covered_by(entry, instant, off) for entry in holidays["entries"])
        expected = any(covered_by(entry, instant, tz) for entry in others) or (
            not is_off and any(covered_by(entry, instant, tz) for entry in entries)
        )
        assert (instant in covered) is expected, instant.astimezone(tz)
        count += expected
        instant += MINUTE
    assert covered.total == count * MINUTE, "nothing outside the window, nothing between the minutes"


@settings(max_examples=examples(18))
@given(HHMM, END, st.sampled_from(CHANGES_OF_CLOCK), st.integers(-2, 1))
def test_an_overnight_window_goes_on_the_next_day(start: str, end: str, where: tuple[str, date], shift: int) -> None:
    name, day = where
    tz = ZoneInfo(name)
    day += shift * DAY
    covered = Intervals(wall_intervals(day, start, end, tz))
    instant = datetime(day.year, day.month, day.day, tzinfo=UTC) - DAY
    for _ in range(4 * 1440):
        local = instant.astimezone(tz)
        clock = local.strftime("%H:%M")
        if start < end:
            expected = local.date() == day and start <= clock < end
        else:
            expected = (local.date() == day and clock >= start) or (local.date() == day + DAY and clock < end)
        assert (instant in covered) is expected, (local, start, end)
        instant += MINUTE


@pytest.mark.parametrize(
    ("name", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("America/New_York", date(2026, 3, 8), 23),
        ("America/New_York", date(2026, 11, 1), 25),
        ("Australia/Lord_Howe", date(2026, 10, 4), 23.5),
        ("Australia/Lord_Howe", date(2026, 4, 5), 24.5),
        ("Pacific/Apia", date(2011, 12, 30), 0),
        ("Europe/Berlin", date(2026, 11, 22), 24),
    ],
)
def test_the_length_of_a_day(name: str, day: date, hours: float) -> None:
    assert Intervals(wall_intervals(day, "00:00", "24:00", ZoneInfo(name))).total == timedelta(hours=hours)


# Recurrence rules (RFC 5545, 3.3.10).


def first_minute_that_shows(wall: datetime, tz: ZoneInfo) -> datetime:
    """The first instant at which the clock shows a time; in a gap, where it would have been by the offset before."""
    instant = wall.replace(tzinfo=UTC) - timedelta(hours=16)
    before = instant.astimezone(tz).utcoffset() or timedelta()
    for _ in range(32 * 4):
        if instant.astimezone(tz).replace(tzinfo=None) == wall:
            return instant
        if instant.astimezone(tz).replace(tzinfo=None) > wall:
            return (wall - before).replace(tzinfo=UTC)
        before = instant.astimezone(tz).utcoffset() or timedelta()
        instant += 15 * MINUTE
    raise AssertionError(wall)


@settings(max_examples=examples(18))
@given(st.data(), st.sampled_from([where for where in CHANGES_OF_CLOCK if where[0] != "Pacific/Apia"]))
def test_recurrence_against_days_counted_by_hand(data: st.DataObject, where: tuple[str, date]) -> None:
    name, day = where
    tz = ZoneInfo(name)
    hour, minute = data.draw(st.integers(0, 23)), data.draw(st.sampled_from([0, 30]))
    start = datetime(day.year, day.month, day.day, hour, minute) - data.draw(st.integers(0, 40)) * DAY
    interval = data.draw(st.integers(1, 3))
    wanted = data.draw(st.sets(st.sampled_from(DAYS)))
    rule = f"FREQ=DAILY;INTERVAL={interval}" + (
        f";BYDAY={','.join(sorted(d[:2].upper() for d in wanted))}" * bool(wanted)
    )
    last = data.draw(st.none() | st.integers(0, 50))
    if last is not None:
        rule += f";UNTIL={(start + last * DAY).strftime('%Y%m%dT%H%M%S')}"
    excluded = {day + number * DAY for number in data.draw(st.sets(st.integers(-2, 2)))}
    length = timedelta(minutes=data.draw(st.sampled_from([30, 90, 3 * 1440])))
    window = Interval(
        START.replace(year=day.year, month=day.month, day=day.day) - 2 * DAY,
        datetime.combine(day, datetime.min.time(), UTC) + 2 * DAY,
    )
    entry = {
        "rrule": rule,
        "dtstart": start.isoformat(),
        "duration": f"PT{int(length.total_seconds()) // 60}M",
        "exdate": sorted(item.isoformat() for item in excluded),
    }
    expected, comes = [], False
    for number in range(0, 60, interval):
        occurrence = start + number * DAY
        if wanted and DAYS[occurrence.weekday()] not in wanted:
            continue
        if last is not None and number > last:
            break
        comes = True
        if occurrence.date() not in excluded:
            begin = first_minute_that_shows(occurrence, tz)
            expected.append(Interval(begin, begin + length))
    calendar = {"timezone": name, "entries": [entry]}
    if comes:
        assert calendar_intervals(calendar, window) == Intervals(expected) & Intervals([window])
    else:
        with pytest.raises(ValueError, match="never comes"):
            calendar_intervals(calendar, window)


def recurring(rule: str, start: str = "2026-01-01T08:00:00", duration: str = "PT1H", **others: Any) -> Intervals:
    """The hours in two weeks of November 2026 in Berlin."""
    spec = {"timezone": "Europe/Berlin", "entries": [{"rrule": rule, "dtstart": start, "duration": duration, **others}]}
    return calendar_intervals(spec, Interval(START, START + 14 * DAY))


def days(found: Intervals) -> list[str]:
    return [span.start.strftime("%m-%dT%H:%M") for span in found]


def test_rules_as_people_write_them() -> None:
    assert days(recurring("FREQ=MONTHLY;BYDAY=-1MO")) == ["11-30T07:00"]
    assert days(recurring("FREQ=WEEKLY;BYDAY=TU,TH")) == ["11-24T07:00", "11-26T07:00", "12-01T07:00", "12-03T07:00"]
    assert days(recurring("FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=1", "2020-12-01T00:00:00")) == ["11-30T23:00"]
    assert days(recurring("FREQ=DAILY;COUNT=2", "2026-11-25T08:00:00")) == ["11-25T07:00", "11-26T07:00"]
    assert days(recurring("freq=daily;count=1", "2026-11-25T08:00:00")) == ["11-25T07:00"]
    assert days(recurring("FREQ=DAILY;UNTIL=20261124", "2026-11-22T08:00:00", exdate=["2026-11-22"])) == ["11-23T07:00"]


def test_holidays_are_taken_out_of_all_that_repeats() -> None:
    """An evening of every working day, as a rule and as weekly hours, is the same without Christmas."""
    days_off = {"timezone": "Europe/Berlin", "entries": [{"date": "2026-12-25"}, {"date": "2026-12-26"}]}
    weekly = {"weekly": {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "19:00", "to": "21:00"}}
    rule = {"rrule": "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "dtstart": "2026-12-01T19:00:00", "duration": "PT2H"}
    over_midnight = {"rrule": "FREQ=DAILY", "dtstart": "2026-12-01T22:00:00", "duration": "PT4H"}
    window = Interval(datetime(2026, 12, 21, tzinfo=UTC), datetime(2026, 12, 31, tzinfo=UTC))

    def covered(*entries: dict[str, Any]) -> Intervals:
        spec = {"timezone": "Europe/Berlin", "entries": [*entries], "holidays": ["days-off"]}
        return calendar_intervals(spec, window, {"days-off": days_off}.get)

    assert covered(weekly) == covered(rule)
    assert [day for day in days(covered(rule)) if day.startswith("12-25")] == []
    assert not covered(over_midnight) & calendar_intervals(days_off, window)
    assert {"12-24T21:00", "12-26T23:00"} <= {*days(covered(over_midnight))}, "up to midnight, and from midnight on"
    single = {"start": "2026-12-25T18:00:00Z", "end": "2026-12-25T20:00:00Z"}
    assert covered(single, {"date": "2026-12-26"}).total == timedelta(hours=26), "what is written for itself stays"


def test_until_in_utc_is_the_same_instant() -> None:
    """RFC 5545 asks for it beside a start with a time zone, and other calendars write it."""
    local = recurring("FREQ=DAILY;UNTIL=20261124T080000")
    assert local == recurring("FREQ=DAILY;UNTIL=20261124T070000Z")
    assert local != recurring("FREQ=DAILY;UNTIL=20261124T065959Z")


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY",
        "FREQ=MINUTELY",
        "FREQ=DAILY;FREQ=SECONDLY",
        "INTERVAL=2",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;INTERVAL=00",
        "FREQ=DAILY;INTERVAL=-1",
        "FREQ=DAILY;INTERVAL=+0",
        "FREQ=DAILY;INTERVAL=1;INTERVAL=0",
        "FREQ=DAILY;INTERVAL=X",
        "FREQ=FORTNIGHTLY",
        "FREQ=DAILY;BYHOUR=25",
        "FREQ=DAILY;UNTIL=20261301",
        "FREQ=DAILY;UNTIL=20261301T000000Z",
        "FREQ=DAILY;COLOUR=RED",
        "FREQ=DAILY;",
        "FREQ=DAILY;;",
        "FREQ=DAILY;COUNT",
        "FREQ=DAILY;COUNT=",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=YEARLY;BYDAY=0MO",
        "FREQ=DAILY;BYSETPOS=0",
        "FREQ=HOURLY;BYMINUTE=0,1,2,3,4,5,6,7,8,9,10,11,12",
        "",
        "=",
    ],
)
def test_a_rule_that_makes_no_sense_is_an_error_at_once(rule: str) -> None:
    with within(5), pytest.raises(ValueError, match=r"."):
        recurring(rule, "2020-01-01T00:00:00")


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("FREQ=DAILY;COUNT=3;UNTIL=20261231T000000Z", "not by both"),
        ("FREQ=YEARLY;BYEASTER=1", "BYEASTER is no part"),
        ("FREQ=WEEKLY;BYWEEKDAY=MO", "BYWEEKDAY is no part"),
        ("FREQ=DAILY;DTSTART=20260101T000000", "DTSTART is no part"),
        ("FREQ=MONTHLY;BYWEEKNO=1", "has no BYWEEKNO"),
        ("FREQ=MONTHLY;BYYEARDAY=1", "has no BYYEARDAY"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "has no BYMONTHDAY"),
        ("FREQ=WEEKLY;BYDAY=1MO", "count within months or years"),
        ("FREQ=DAILY;BYDAY=MO,-1TU", "count within months or years"),
        ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=1MO", "count within months or years"),
        ("FREQ=MONTHLY;BYSETPOS=1", "another BY"),
    ],
)
def test_what_rfc_5545_does_not_let_stand_together_is_refused(rule: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        recurring(rule)


PARTS = st.tuples(
    st.sampled_from(
        [
            "INTERVAL",
            "COUNT",
            "BYDAY",
            "BYMONTH",
            "BYMONTHDAY",
            "BYYEARDAY",
            "BYWEEKNO",
            "BYHOUR",
            "BYMINUTE",
            "BYSECOND",
            "BYSETPOS",
            "WKST",
            "UNTIL",
        ]
    ),
    st.sampled_from(
        [
            "0",
            "1",
            "-1",
            "2",
            "5",
            "13",
            "31",
            "60",
            "366",
            "-400",
            "MO",
            "1MO",
            "-5SU",
            "MO,TU",
            "1,2",
            "20261231",
            "20261231T000000Z",
            "+",
            ",",
            "=",
            "A",
        ]
    ),
)


@settings(max_examples=examples(18))
@given(st.sampled_from(["MONTHLY", "YEARLY"]), st.lists(PARTS, max_size=2))
def test_any_rule_gives_intervals_or_a_value_error(frequency: str, parts: list[tuple[str, str]]) -> None:
    rule = ";".join([f"FREQ={frequency}", *(f"{key}={value}" for key, value in parts)])
    try:
        found = recurring(rule, "2026-10-01T08:00:00")
    except ValueError:
        return
    assert all(span.start < span.end for span in found)


def test_a_rule_with_too_many_occurrences_is_an_error() -> None:
    with pytest.raises(ValueError, match=f"more than {MAX_OCCURRENCES:,}"):
        recurring("FREQ=HOURLY", "2001-01-01T00:00:00")


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=WEEKLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;BYMONTH=4;BYMONTHDAY=31;COUNT=3",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;BYSETPOS=2",
        "FREQ=HOURLY;BYHOUR=25",
        "FREQ=HOURLY;INTERVAL=2;BYHOUR=3",
        "FREQ=DAILY;UNTIL=20001231T000000Z",
        "FREQ=DAILY;COUNT=0",
    ],
)
def test_a_rule_that_never_comes_is_refused_soon(rule: str) -> None:
    before = process_time()
    for _ in range(2):  # and so it stays, for rules are remembered
        with pytest.raises(ValueError, match="recurrence rule"):
            recurring(rule, "2026-01-01T00:00:00")
    assert process_time() - before < 3


def test_a_rule_that_comes_seldom_is_found() -> None:
    # 29 February is a Monday in 2016, 2044 and 2072.
    spec = {"dtstart": "1970-01-01T00:00:00", "rrule": "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO", "duration": "P1D"}
    window = Interval(datetime(2040, 1, 1, tzinfo=UTC), datetime(2050, 1, 1, tzinfo=UTC))
    found = calendar_intervals({"timezone": "UTC", "entries": [spec]}, window)
    assert [span.start for span in found] == [datetime(2044, 2, 29, tzinfo=UTC)]


# Entries that cannot be read are errors, never free time.


@pytest.mark.parametrize(
    "spec",
    [
        {"timezone": "Europe/Berln", "entries": []},
        {"timezone": "UTC", "entries": [{"start": "2026-11-22T08:00:00Z", "end": "2026-11-22T07:00:00Z"}]},
        {"timezone": "UTC", "entries": [{"weekly": {"days": ["mon"], "from": "8:00", "to": "18:00"}}]},
        {"timezone": "UTC", "entries": [{"weekly": {"days": DAYS, "from": "08:00", "to": "24:30"}}]},
        {"timezone": "UTC", "entries": [{"date": "2026-02-29"}]},
        {"timezone": "UTC", "entries": [{"date": "0001-01-01"}]},
        {"timezone": "UTC", "entries": [{"date": "9999-12-31"}]},
        {"timezone": "UTC", "entries": [], "holidays": ["gone"]},
        {"timezone": "UTC", "entries": [], "holidays": ["nested"]},
        {"timezone": "UTC", "entries": [{"rrule": "FREQ=DAILY", "dtstart": "2026-02-30T00:00:00", "duration": "PT1H"}]},
        {"timezone": "UTC", "entries": [{"rrule": "FREQ=DAILY", "dtstart": "2026-02-01T00:00:00", "duration": "P1M"}]},
        {"timezone": "UTC", "entries": [{"rrule": "FREQ=DAILY", "dtstart": "2026-02-01T00:00:00Z", "duration": "P1D"}]},
        {
            "timezone": "UTC",
            "entries": [
                {"rrule": "FREQ=DAILY", "dtstart": "2026-01-01T00:00:00", "duration": "P1D", "exdate": ["2026-1-1"]}
            ],
        },
    ],
)
def test_a_calendar_that_cannot_be_read_is_a_value_error(spec: dict[str, Any]) -> None:
    calendars = {"nested": {"timezone": "UTC", "entries": [], "holidays": ["nested"]}}
    with pytest.raises(ValueError, match=r"."):
        calendar_intervals(spec, Interval(START, START + 7 * DAY), calendars.get)


@pytest.mark.parametrize("edge", [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, tzinfo=UTC)])
def test_the_ends_of_time_are_value_errors(edge: datetime) -> None:
    spec = {"timezone": "Europe/Berlin", "entries": [{"weekly": {"days": DAYS, "from": "08:00", "to": "18:00"}}]}
    with pytest.raises(ValueError, match="outside the years"):
        calendar_intervals(spec, Interval(edge, edge))


# Text.


@settings(max_examples=examples(30))
@given(st.datetimes(datetime(1900, 1, 2), datetime(2189, 12, 30)), st.sampled_from(["Z", "+00:00", "-03:30", "+14:00"]))
def test_instants_read_back(moment: datetime, offset: str) -> None:
    instant = parse_instant(moment.isoformat() + offset)
    assert instant.tzinfo is UTC
    assert parse_instant(format_instant(instant)) == instant
    assert format_instant(instant).endswith("Z")
    assert instant == datetime.fromisoformat(moment.isoformat() + offset)


DURATIONS = {
    "P1W": timedelta(weeks=1),
    "P2DT3H4M5S": timedelta(days=2, hours=3, minutes=4, seconds=5),
    "PT90M": timedelta(minutes=90),
    "PT0S": timedelta(),
}


@pytest.mark.parametrize("text", DURATIONS)
def test_durations(text: str) -> None:
    assert parse_duration(text).fixed == DURATIONS[text]


NEVER = ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999999-14:00", "9999-01-01T00:00:00+14:00"]


@pytest.mark.parametrize("text", NEVER)
def test_never_is_an_end_from_which_nothing_runs_over(text: str) -> None:
    instant = parse_instant(text)
    assert instant == FOREVER
    assert instant + 2 * LONGEST - 3 * LONGEST < instant < instant + timedelta.resolution
    assert format_instant(instant) == "9999-12-31T23:59:59Z"
    assert parse_date(text[:10]) == FOREVER.date()


def test_the_other_end() -> None:
    assert parse_instant("0001-01-01T00:00:00Z") == BEGINNING
    assert format_instant(BEGINNING - timedelta(days=1)) == "0001-01-01T00:00:00Z"
    assert parse_date("0001-12-31") == BEGINNING.date()


@pytest.mark.parametrize("text", ["1899-12-31", "2190-01-01", "9998-12-31", "0002-01-01"])
def test_what_is_out_of_range_is_named(text: str) -> None:
    for parse, written in ((parse_date, text), (parse_instant, f"{text}T12:00:00Z")):
        with pytest.raises(OutOfRange, match=f"^'{written}' is outside the years 1900 to 2189"):
            parse(written)


def test_a_length_beyond_a_hundred_years_is_named() -> None:
    assert parse_duration("P36525D").fixed == LONGEST
    with pytest.raises(OutOfRange, match="'P999999W' is longer than a hundred years"):
        parse_duration("P999999W")


def test_taking_holes_out_grows_with_their_number_not_its_square() -> None:
    """A hundred years of weekly hours less their holidays; by looking at all holes for each span it took a minute."""
    start = datetime(1990, 1, 1, tzinfo=UTC)
    days = [Interval(start + number * DAY, start + number * DAY + DAY / 3) for number in range(20_000)]
    holes = [Interval(day.start + DAY / 6, day.end) for day in days[::2]]
    began = process_time()
    left = Intervals(days) - Intervals(holes)
    assert process_time() - began < 2
    assert left.total == DAY / 3 * 10_000 + DAY / 6 * 10_000


def test_dates_and_zones() -> None:
    assert parse_date("2028-02-29") == date(2028, 2, 29)
    assert zone("Europe/Berlin") is zone("Europe/Berlin")
    for text in ("2026-02-29", "26-01-01", "2026-11-22T00:00:00Z"):
        with pytest.raises(ValueError, match=r"."):
            parse_date(text)
    for name in ("Mars/Olympus", "../../etc/passwd", "Europe", "", "Europe/Berlin\x00", "posixrules/", "A" * 5000):
        with pytest.raises(ValueError, match="not an IANA time zone"):
            zone(name)


MACHINE_NAMES = ("localtime", "posixrules", "Factory", "right/Europe/Berlin", "posix/Europe/Berlin", "posix/UTC")


@pytest.mark.parametrize("name", [*MACHINE_NAMES, "europe/berlin", "zones", "tzdata.zi", "../Europe/Berlin"])
def test_no_zone_depends_on_the_machine(name: str) -> None:
    with pytest.raises(ValueError, match="not an IANA time zone"):
        zone(name)


def test_every_name_of_the_database_is_a_zone() -> None:
    assert {"PST8PDT", "EST5EDT", "W-SU", "GB-Eire", "Etc/GMT+12", "America/Argentina/Buenos_Aires"} <= zone_names()
    for name in zone_names():
        assert zone(name).key == name
        assert START.astimezone(zone(name)).utcoffset() is not None


def test_the_zone_files_of_the_machine_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "Europe").mkdir()
    (tmp_path / "Europe" / "Madrid").write_bytes(pkgutil.get_data("tzdata", "zoneinfo/Asia/Tokyo") or b"")
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath([tmp_path])
    zone.cache_clear()
    ZoneInfo.clear_cache()
    try:
        assert ZoneInfo("Europe/Madrid").utcoffset(START.replace(tzinfo=None)) == timedelta(hours=9)
        assert zone("Europe/Madrid").utcoffset(START.replace(tzinfo=None)) == timedelta(hours=1)
    finally:
        zoneinfo.reset_tzpath(before)
        ZoneInfo.clear_cache()
