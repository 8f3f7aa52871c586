"""Who is on call: shifts over changes of the clock, gaps, overlaps, runs; the command and the calendars."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itsm_as_code.clock import Interval, Intervals, parse_instant
from itsm_as_code.interchange.feeds import feeds
from itsm_as_code.measures.on_call import Shift, gaps, on_duty, overlaps, rotas, runs, shifts, too_long
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.schemas import Validator
from itsm_as_code.validation import validate
from tests.calendars import events
from tests.conftest import ROOT, SMALL, Run, examples
from tests.service_levels.test_alder_bank import NOW, facts
from tests.snapshots import Memory, folder

REPORT = Validator("report", KindRegistry.load().bundled("reports/on-call-report.schema.json"))
YEAR = Interval(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
HOUR = timedelta(hours=1)


def weekly(zone: str, weeks: int, length: str = "P7D") -> tuple[Facts, dict[str, Any]]:
    """A rota of so many people, a week each from Monday 10:00."""
    entries = [
        {
            "rrule": f"FREQ=WEEKLY;INTERVAL={weeks};BYDAY=MO",
            "dtstart": f"2025-12-{1 + 7 * number:02d}T10:00:00",
            "duration": length,
            "people": [f"p{number}"],
        }
        for number in range(weeks)
    ]
    spec = {"timezone": zone, "kind": "on-call", "entries": entries}
    rota = {"kind": "Calendar", "metadata": {"name": "rota"}, "spec": spec}
    return Facts.from_records([rota]), rota


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"])
def test_a_week_spans_the_change_of_the_clock_without_a_hole(zone: str) -> None:
    known, rota = weekly(zone, 3)
    found = shifts(known, rota, YEAR)
    assert not gaps(found, Intervals([YEAR]))
    assert list(overlaps(found)) == []
    assert not any(too_long(run, zone) for run in runs(found))
    lengths = {shift.span.end - shift.span.start for shift in found}
    assert len(lengths) == (1 if zone == "UTC" else 3), "168 hours, and one more and one less over a change"


def test_hours_instead_of_days_leave_a_hole_and_an_overlap() -> None:
    """The guard: a week is not 168 hours."""
    known, rota = weekly("Europe/Berlin", 2, "PT168H")
    found = shifts(known, rota, YEAR)
    assert [span.start for span in gaps(found, Intervals([YEAR]))] == [datetime(2026, 10, 26, 8, tzinfo=UTC)]
    assert [span.start for _, _, span in overlaps(found)] == [datetime(2026, 3, 30, 8, tzinfo=UTC)]


def test_one_person_for_two_weeks_in_a_row() -> None:
    assert [too_long(run, "UTC") for run in runs(shifts(*weekly("UTC", 1), YEAR))] == [True]
    known, rota = weekly("Europe/Berlin", 2)
    assert not any(too_long(run, "Europe/Berlin") for run in runs(shifts(known, rota, YEAR)))


_SHIFTS = st.lists(st.tuples(st.integers(0, 400), st.integers(1, 200), st.sampled_from("abc")), max_size=8)


@settings(max_examples=examples(80))
@given(_SHIFTS)
def test_hour_by_hour(given_: list[tuple[int, int, str]]) -> None:
    """Gaps, overlaps and who is on duty, against asking every hour."""
    start = YEAR.start
    found = sorted(
        (
            Shift(Interval(start + first * HOUR, start + (first + hours) * HOUR), (who,), "rota", index)
            for index, (first, hours, who) in enumerate(given_)
        ),
        key=lambda shift: (shift.span, shift.index),
    )
    whole = Interval(start, start + 600 * HOUR)
    left, twice = gaps(found, Intervals([whole])), Intervals(span for _, _, span in overlaps(found))
    for hour in range(600):
        at = start + hour * HOUR
        many = sum(first <= hour < first + hours for first, hours, _ in given_)
        assert len(on_duty(found, at)) == many
        assert (at in left) is (many == 0)
        assert (at in twice) is (many > 1)
    for run in runs(found):
        assert len({shift.people[0] for shift in run}) == 1
    assert sorted(shift.index for run in runs(found) for shift in run) == list(range(len(given_)))


def test_the_example() -> None:
    assert [rota["metadata"]["name"] for rota in rotas(facts())] == [
        "on-call-major-incident",
        "on-call-payments",
        "on-call-platform",
    ]
    (payments,) = [rota for rota in rotas(facts()) if rota["metadata"]["name"] == "on-call-payments"]
    found = shifts(facts(), payments, Interval(NOW, NOW + timedelta(days=1)))
    assert [shift.people for shift in on_duty(found, NOW)] == [("lukas-vogel", "marco-bellini")]
    handover = parse_instant("2026-11-23T10:00:00+01:00")
    assert [shift.people[0] for shift in on_duty(found, handover - timedelta(seconds=1))] == ["lukas-vogel"]
    assert [shift.people[0] for shift in on_duty(found, handover)] == ["marco-bellini"]


def test_the_command(itsm: Run) -> None:
    code, out, _ = itsm("-C", ROOT, "oncall", "team-payments", "--at", "2026-12-24T22:00:00Z")
    assert code == 0
    assert "elif-yildirim, then lukas-vogel, until Mon 2026-12-28 10:00" in out
    code, out, _ = itsm("-C", ROOT, "oncall", "--format", "json")
    assert code == 0
    assert REPORT.problems(json.loads(out), out.encode()) == []
    code, out, err = itsm("-C", ROOT, "oncall", "team-paymants")
    assert (code, out) == (2, "")
    assert "there is no rota or team with one 'team-paymants'" in err


ROTA = """apiVersion: itsm/v1
kind: Calendar
metadata: {name: rota, title: Rota}
spec:
  timezone: Europe/Berlin
  kind: on-call
  entries:
    - {start: "2026-11-20T00:00:00Z", end: "2026-11-27T00:00:00Z", people: [alice, bob]}
    - {start: "2026-11-28T00:00:00Z", end: "2026-12-04T00:00:00Z", people: [bob, alice]}
"""


def test_each_person_has_a_calendar() -> None:
    validation = validate(Memory({**folder(SMALL), "changes/calendars/rota.yaml": ROTA}), NOW)
    found = feeds(validation, {})
    for name, titles in (
        ("alice", ["On call: Rota", "On call, second: Rota"]),
        ("bob", ["On call, second: Rota", "On call: Rota"]),
    ):
        read = events(found["Person", name])
        assert [str(event["SUMMARY"]) for event in read] == titles
        assert read[0]["DTSTART"].dt == datetime(2026, 11, 20, tzinfo=UTC)
    assert ("Person", "carol") not in found


def test_nobody_on_call_is_exit_code_1(itsm: Run, workshop: Any) -> None:
    workshop.write("changes/calendars/rota.yaml", ROTA)
    for at, code in (("2026-11-26T23:59:59Z", 0), ("2026-11-27T12:00:00Z", 1)):
        assert itsm("-C", workshop.path, "oncall", "--at", at)[0] == code
    assert "nobody" in itsm("-C", workshop.path, "oncall", "--at", "2026-11-27T12:00:00Z")[1]
    code, out, _ = itsm("-C", workshop.path, "oncall", "--person", "bob", "--at", "2026-11-22T12:00:00Z")
    assert (code, out.count("bob, then alice")) == (0, 1)
