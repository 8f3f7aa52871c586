"""Working days, reviews after emergency changes, and models that suspend themselves."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itsm_as_code import clock
from itsm_as_code.clock import Interval, Intervals
from itsm_as_code.measures.retrospective import open_reviews, review_due
from itsm_as_code.measures.suspension import suspension
from itsm_as_code.records.facts import Facts

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
BERLIN = "Europe/Berlin"
HOURS: dict[str, Any] = {
    "kind": "Calendar",
    "metadata": {"name": "office"},
    "spec": {
        "timezone": BERLIN,
        "kind": "service-hours",
        "holidays": ["holidays"],
        "entries": [{"weekly": {"days": ["mon", "tue", "wed", "thu"], "from": "09:00", "to": "17:00"}}],
    },
}
HOLIDAYS: dict[str, Any] = {
    "kind": "Calendar",
    "metadata": {"name": "holidays"},
    "spec": {"timezone": BERLIN, "kind": "holidays", "entries": [{"date": "2026-11-18"}]},
}
SERVICE: dict[str, Any] = {"kind": "Service", "metadata": {"name": "shop"}, "spec": {"hours": "office"}}


def instant(text: str) -> datetime:
    return clock.parse_instant(text)


def test_monday_to_friday_where_a_service_states_no_hours() -> None:
    """Thursday 12 November 2026, five working days on: Thursday 19, to the end of the day in Berlin."""
    assert review_due(instant("2026-11-12T13:00:00Z"), "shop", Facts({}), BERLIN) == instant("2026-11-19T23:00:00Z")
    assert review_due(instant("2026-11-14T13:00:00Z"), "shop", Facts({}), BERLIN) == instant("2026-11-20T23:00:00Z")
    assert review_due(instant("2026-11-12T23:30:00Z"), "shop", Facts({}), BERLIN) == instant("2026-11-20T23:00:00Z")


def test_the_hours_of_the_service_and_their_holidays_count() -> None:
    """Four days a week, Wednesday 18 off: 16, 17, 19, 23, 24."""
    facts = Facts.from_records([SERVICE, HOURS, HOLIDAYS])
    assert review_due(instant("2026-11-12T13:00:00Z"), "shop", facts, "UTC") == instant("2026-11-24T23:00:00Z")


@pytest.mark.parametrize("spoil", [{"timezone": "Nowhere/Land"}, {"entries": []}, {"holidays": ["gone"]}])
def test_hours_that_cannot_be_read_do_not_prolong_it(spoil: dict[str, Any]) -> None:
    hours = {**HOURS, "spec": {**HOURS["spec"], **spoil}}
    facts = Facts.from_records([SERVICE, hours, HOLIDAYS])
    assert review_due(instant("2026-11-12T13:00:00Z"), "shop", facts, BERLIN) == instant("2026-11-19T23:00:00Z")


def change(**spec: Any) -> dict[str, Any]:
    base = {"type": "emergency", "services": ["shop"], "status": "implemented"}
    return {"kind": "Change", "metadata": {"name": spec.pop("name", "chg-1")}, "spec": {**base, **spec}}


@pytest.mark.parametrize(
    ("spec", "due"),
    [
        ({"actual": {"start": "2026-11-11T10:00:00Z", "end": "2026-11-12T10:00:00Z"}}, "2026-11-19T23:00:00Z"),
        ({"actual": {"start": "2026-11-12T10:00:00Z"}}, "2026-11-19T23:00:00Z"),
        (
            {"status": "implementing", "schedule": {"start": "2026-11-11T10:00:00Z", "end": "2026-11-12T10:00:00Z"}},
            "2026-11-19T23:00:00Z",
        ),
        ({"status": "reviewed", "actual": {"start": "2026-11-12T10:00:00Z"}}, None),
        ({"status": "draft"}, None),
        ({"type": "normal", "actual": {"start": "2026-11-12T10:00:00Z"}}, None),
    ],
)
def test_whose_review_is_open(spec: dict[str, Any], due: str | None) -> None:
    found = list(open_reviews(Facts.from_records([change(**spec)]), BERLIN))
    assert [clock.format_instant(review.due) for review in found] == ([due] if due else [])


@given(start=st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)), days=st.integers(1, 9))
def test_working_days_against_a_count_day_by_day(start: datetime, days: int) -> None:
    tz = clock.zone(BERLIN)
    begin = start.replace(tzinfo=UTC)
    spec = {
        "timezone": BERLIN,
        "entries": [{"weekly": {"days": ["mon", "wed", "sat"], "from": "10:00", "to": "11:00"}}],
    }
    working = clock.calendar_intervals(spec, Interval(begin, begin + timedelta(days=60)))
    day: date = begin.astimezone(tz).date()
    left = days
    while left:
        day += timedelta(days=1)
        left -= day.weekday() in (0, 2, 5)
    expected = datetime.combine(day + timedelta(days=1), datetime.min.time(), tz).astimezone(UTC)
    assert clock.working_days_after(begin, days, working, tz) == expected


def test_too_few_working_days_are_no_answer() -> None:
    with pytest.raises(ValueError, match="fewer than 5"):
        clock.working_days_after(NOW, 5, Intervals(), clock.zone(BERLIN))


def model(on: str = "2026-01-01", **rule: Any) -> dict[str, Any]:
    spec: dict[str, Any] = {"preAuthorisation": {"on": on}}
    if rule:
        spec["suspension"] = rule
    return {"kind": "ChangeModel", "metadata": {"name": "m"}, "spec": spec}


def failure(day: int, **spec: Any) -> dict[str, Any]:
    actual = {"start": f"2026-11-{day:02}T10:00:00Z", "end": f"2026-11-{day:02}T11:00:00Z"}
    base = {"type": "standard", "model": "m", "status": "reviewed", "result": "failed", "actual": actual}
    return change(name=f"chg-{day}", **{**base, **spec})


TWO = {"failures": 2, "within": "P10D"}


def test_a_suspension_says_since_when_and_until_when() -> None:
    facts = Facts.from_records([model(**TWO), failure(14), failure(17), failure(20)])
    found = suspension("m", facts, NOW)
    assert found is not None
    assert found.failures == ("chg-14", "chg-17", "chg-20")
    assert (found.since, found.until) == (instant("2026-11-17T11:00:00Z"), instant("2026-11-27T11:00:00Z"))


def test_it_lasts_exactly_until_then() -> None:
    facts = Facts.from_records([model(**TWO), failure(14), failure(17)])
    found = suspension("m", facts, NOW)
    assert found is not None
    assert suspension("m", facts, found.until - timedelta(microseconds=1)) is not None
    assert suspension("m", facts, found.until) is None
    assert suspension("m", facts, found.since) is not None
    assert suspension("m", facts, found.since - timedelta(microseconds=1)) is None


def test_what_does_not_suspend() -> None:
    good = failure(17, result="successful")
    for records in (
        [model(), failure(14), failure(17)],
        [model(**TWO), failure(14), good],
        [model(**TWO), failure(2), failure(17)],
        [model(on="2026-11-18", **TWO), failure(14), failure(17)],
        [model(**TWO), failure(14), failure(17, model="other")],
        [model(**TWO), failure(14), failure(17, type="normal")],
    ):
        assert suspension("m", Facts.from_records(records), NOW) is None
    assert suspension("gone", Facts({}), NOW) is None


def test_a_failure_that_does_not_say_when_was_just_now() -> None:
    records = [model(**TWO), failure(14), failure(17, actual={})]
    assert suspension("m", Facts.from_records(records), NOW) is not None


@given(days=st.lists(st.integers(1, 22), max_size=6, unique=True), allowed=st.integers(1, 4), span=st.integers(1, 20))
def test_against_counting(days: list[int], allowed: int, span: int) -> None:
    facts = Facts.from_records([model(failures=allowed, within=f"P{span}D"), *map(failure, days)])
    times = [instant(f"2026-11-{day:02}T11:00:00Z") for day in days]
    count = sum(NOW - timedelta(days=span) < at <= NOW for at in times)
    found = suspension("m", facts, NOW)
    assert (found is not None) == (count >= allowed)
    if found is not None:
        later = found.until
        assert sum(later - timedelta(days=span) < at <= later for at in times if at <= NOW) < allowed
