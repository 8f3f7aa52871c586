"""Growth of loads from dated observations, and the month in which a threshold is passed."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from math import exp
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itsm_as_code.clock import Interval
from itsm_as_code.configuration import Configuration
from itsm_as_code.gate.agenda import agenda
from itsm_as_code.gate.conflicts import World, conflicts_of, next_free_slot
from itsm_as_code.measures.growth import MOST_MONTHS, Observation, growth, month_after, passes, student
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.schemas import Validator
from itsm_as_code.reports import renderer
from itsm_as_code.reports.capacity import Capacity
from itsm_as_code.service_levels.capacity import outlook, outlooks
from tests.conftest import ROOT, Run, examples
from tests.service_levels.test_alder_bank import NOW, facts

REPORT = Validator("report", KindRegistry.load().bundled("reports/capacity-report.schema.json"))
MONTH = 30.436875


def test_memory_of_the_example() -> None:
    """8,800 GiB growing 1.5 % a month: 9,202 in month 3, 9,340 in month 4, and 9,216 are half of 18,432."""
    rate, target = Fraction("0.015"), Fraction(18_432, 2)
    assert [round(8800 * Fraction("1.015") ** month) for month in (3, 4)] == [9202, 9340]
    assert passes(lambda month: Fraction(8800), rate, target) == 4
    assert passes(lambda month: Fraction(8800), Fraction(0), target) is None
    assert month_after(date(2026, 11, 1), 4) == "2027-03"


def test_memory_of_the_example_from_its_observations() -> None:
    found = next(
        one
        for one in outlooks(facts(), NOW.date())
        if (one.service, one.measure) == ("container-platform-berlin", "Memory in use")
    )
    assert found.growth is not None
    assert found.growth.low is not None
    assert found.growth.high is not None
    assert found.growth.low < Fraction("0.0149") < found.growth.rate < found.growth.high < Fraction("0.0150")
    assert found.target is not None
    assert (found.target.threshold, found.target.month, found.target.soonest, found.target.latest) == (9216, 4, 4, 4)


@pytest.mark.parametrize(("freedom", "known"), [(1, 12.7062), (2, 4.3027), (5, 2.5706), (10, 2.2281), (30, 2.0423)])
def test_students_t(freedom: int, known: float) -> None:
    """Against printed tables: https://www.itl.nist.gov/div898/handbook/eda/section3/eda3672.htm."""
    assert student(freedom) == pytest.approx(known, abs=1e-4)


@settings(max_examples=examples(60))
@given(st.floats(-0.2, 0.3), st.integers(3, 20), st.integers(10, 10_000))
def test_what_grows_evenly_is_found(rate: float, count: int, start: int) -> None:
    """On a curve without noise the growth is that of the curve, and the interval closes around it."""
    first = date(2024, 1, 1)
    seen = [
        Observation(first + timedelta(days=20 * at), Fraction(start * (1 + rate) ** (20 * at / MONTH)))
        for at in range(count)
    ]
    found = growth(seen[::-1])
    assert found is not None
    assert found.low is not None
    assert found.high is not None
    assert float(found.rate) == pytest.approx(rate, abs=1e-6)
    assert found.low <= found.rate <= found.high
    assert float(found.high - found.low) < 1e-6
    assert found.last == seen[-1]


@settings(max_examples=examples(60))
@given(st.lists(st.integers(1, 10**6), min_size=3, max_size=12), st.integers(2, 9))
def test_a_unit_changes_nothing(loads: list[int], unit: int) -> None:
    days = [date(2026, 1, 1) + timedelta(days=30 * at) for at in range(len(loads))]
    one = growth([Observation(day, Fraction(load)) for day, load in zip(days, loads, strict=True)])
    other = growth([Observation(day, Fraction(load * unit)) for day, load in zip(days, loads, strict=True)])
    assert one is not None
    assert other is not None
    assert one.low is not None
    assert one.high is not None
    assert one.low <= one.rate <= one.high
    assert float(one.rate) == pytest.approx(float(other.rate), rel=1e-6, abs=1e-7)


@settings(max_examples=examples(80))
@given(st.integers(1, 1000), st.integers(-50, 300), st.integers(1, 2000))
def test_the_month_is_the_first_in_which_it_is_above(load: int, permille: int, threshold: int) -> None:
    rate = Fraction(permille, 1000)
    found = passes(lambda month: Fraction(load), rate, Fraction(threshold))
    loads = [load * float(1 + rate) ** month for month in range(MOST_MONTHS + 1)]
    above = [month for month, value in enumerate(loads) if value > threshold * (1 + 1e-9)]
    below = [month for month, value in enumerate(loads) if value < threshold * (1 - 1e-9)]
    if found is None:
        assert not above
    else:
        assert found not in below
        assert not [month for month in above if month < found]


@settings(max_examples=examples(80))
@given(
    st.lists(st.fractions(0, 100, max_denominator=20), min_size=1, max_size=5),
    st.fractions(-1, 3, max_denominator=10**8),
    st.fractions(0, 2000, max_denominator=50),
)
def test_it_is_what_fractions_say(loads: list[Fraction], rate: Fraction, threshold: Fraction) -> None:
    """By the definition, digit by digit: each month's growth is rounded to twelve digits, half to even."""
    factor, expected = 10**12, None
    for month in range(MOST_MONTHS + 1):
        if loads[month % len(loads)] * factor > threshold * 10**12:
            expected = month
            break
        factor = round(factor * (1 + rate))
    assert passes(lambda month: loads[month % len(loads)], rate, threshold) == expected


def test_two_observations_have_no_interval_and_one_no_growth() -> None:
    seen = [Observation(date(2026, 1, 1), Fraction(100)), Observation(date(2026, 3, 1), Fraction(110))]
    found = growth(seen)
    assert found is not None
    assert (found.low, found.high, found.count) == (None, None, 2)
    assert float(found.rate) == pytest.approx(exp(0.0953101798 / (59 / MONTH)) - 1, abs=1e-6)
    assert growth(seen[:1]) is None


SEASON = {
    "kind": "Calendar",
    "metadata": {"name": "season", "title": "Christmas"},
    "spec": {
        "timezone": "UTC",
        "kind": "peak",
        "entries": [{"rrule": "FREQ=YEARLY", "dtstart": "2020-12-10T00:00:00", "duration": "P14D"}],
    },
}


def shop(**measure: Any) -> dict[str, Any]:
    known = {"measure": "m", "unit": "u", "peak": "50", "limit": "100", **measure}
    return {"kind": "Service", "metadata": {"name": "shop"}, "spec": {"lifecycle": "live", "capacity": [known]}}


def test_capacity_is_judged_at_the_peak_that_is_named_for_the_month() -> None:
    """At 2 % a month 50 is 100 after 36 months; 80 in December passes it in the second December, month 13."""
    seen = [{"on": f"2026-{month:02d}-01", "load": str(round(50 * 1.02 ** (month - 11), 6))} for month in (9, 10, 11)]
    plain, named = shop(observations=seen), shop(observations=seen, peaks=[{"calendar": "season", "load": "80"}])
    for record, month in ((plain, 36), (named, 13)):
        known = Facts.from_records([SEASON, record])
        found = outlook(known, "shop", 0, record["spec"]["capacity"][0], date(2026, 11, 22))
        assert found is not None
        assert found.limit is not None
        assert found.limit.month == month


def change(start: str, end: str, kind: str = "normal") -> dict[str, Any]:
    spec = {"type": kind, "status": "scheduled", "services": ["shop"], "schedule": {"start": start, "end": end}}
    return {"kind": "Change", "metadata": {"name": "chg"}, "spec": spec}


def world(record: dict[str, Any], **calendar: Any) -> World:
    season = {**SEASON, "spec": {**SEASON["spec"], **calendar}}
    known = Facts.from_records([season, record])
    return World(known, known, datetime(2026, 11, 22, tzinfo=UTC), configuration=Configuration())


@pytest.mark.parametrize(
    ("record", "calendar"),
    [
        (shop(peaks=[{"calendar": "season", "load": "80"}]), {}),
        (shop(), {"appliesTo": {"services": ["shop"]}}),
        (shop(), {"appliesTo": {"all": True}}),
    ],
)
def test_a_change_inside_a_peak_of_its_service_is_a_conflict(record: dict[str, Any], calendar: dict[str, Any]) -> None:
    about = world(record, **calendar)
    inside = change("2026-12-23T20:00:00Z", "2026-12-24T04:00:00Z")
    (found,) = conflicts_of(inside, about)
    assert (found.kind, found.other, found.message) == ("peak", "Calendar/season", "shop has a peak: Christmas")
    assert (found.start, found.end) == (datetime(2026, 12, 23, 20, tzinfo=UTC), datetime(2026, 12, 24, tzinfo=UTC))
    slot = next_free_slot(inside, about)
    assert slot is not None
    assert slot.start == datetime(2026, 12, 24, tzinfo=UTC), "the season ends before it"
    assert conflicts_of(change("2026-12-24T00:00:00Z", "2026-12-24T04:00:00Z"), about) == []
    december = Interval(datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    assert [(item.kind, item.services) for item in agenda(about, december, frozenset({"shop"}))] == [
        ("peak", ("shop",))
    ]


def test_a_peak_of_another_service_or_with_an_exemption_is_none() -> None:
    inside = change("2026-12-15T20:00:00Z", "2026-12-15T21:00:00Z", "emergency")
    assert conflicts_of(inside, world(shop())) == []
    assert conflicts_of(inside, world(shop(), appliesTo={"all": True}, exempt=["emergency"])) == []


def test_the_command_and_its_forms(itsm: Run) -> None:
    code, out, _ = itsm("-C", ROOT, "report", "capacity", "--format", "json")
    assert code == 0, "nothing is passed already"
    assert REPORT.problems(json.loads(out), out.encode()) == []
    found = Capacity(NOW, tuple(one for one in outlooks(facts(), NOW.date()) if one.service.endswith("berlin")))
    text = renderer("capacity", "text")(found)
    assert "8,800 gibibytes on 2026-11-01  1.492 % (1.487 to 1.498)  9,216, passed in 2027-03 (month 4) " in text
    assert "growth not known 2,048 4,096" in " ".join(text.split()), (
        "what nobody observed is not foretold, and that is said once"
    )
    assert renderer("capacity", "csv")(found).count("\n") == len(found.rows) + 1
    assert "2027-03" in renderer("capacity", "markdown")(found).replace("\\", "")
