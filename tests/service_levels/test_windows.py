"""Windows that follow each other from a moment, worked out by hand."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from itsm_as_code.clock import Interval, parse_instant
from itsm_as_code.records.facts import Facts
from itsm_as_code.service_levels.alerts import days
from itsm_as_code.service_levels.budget import error_budgets, recovers
from itsm_as_code.service_levels.windows import window_at
from itsm_as_code.site.views.promises import window

NEW_YORK = ZoneInfo("America/New_York")
WEEKS = {"every": "P1W", "from": "2022-01-01", "at": "12:00:00"}


@pytest.mark.parametrize(
    ("span", "at", "start", "end"),
    [
        # Saturdays at noon; in summer that is four hours from UTC, else five.
        (WEEKS, "2026-11-22T12:00:00Z", "2026-11-21T17:00:00Z", "2026-11-28T17:00:00Z"),
        (WEEKS, "2026-11-21T16:59:59Z", "2026-11-14T17:00:00Z", "2026-11-21T17:00:00Z"),
        (WEEKS, "2026-10-31T16:00:00Z", "2026-10-31T16:00:00Z", "2026-11-07T17:00:00Z"),
        (WEEKS, "2021-06-01T00:00:00Z", "2022-01-01T17:00:00Z", "2022-01-08T17:00:00Z"),
        # Months from a 31st end on the last day of a short one, and begin on a 31st again.
        ({"every": "P1M", "from": "2026-01-31"},
         "2026-03-01T05:00:00Z", "2026-02-28T05:00:00Z", "2026-03-31T04:00:00Z"),
        ({"every": "P1M", "from": "2026-01-31"},
         "2026-04-01T05:00:00Z", "2026-03-31T04:00:00Z", "2026-04-30T04:00:00Z"),
        ({"every": "PT1M", "from": "2022-01-01"},
         "2026-11-22T12:00:30Z", "2026-11-22T12:00:00Z", "2026-11-22T12:01:00Z"),
        ({"every": "P100Y", "from": "2026-01-01"},
         "0001-01-01T00:00:00Z", "2026-01-01T05:00:00Z", "2126-01-01T05:00:00Z"),
    ],
)  # fmt: skip
def test_repeated_windows(span: dict[str, str], at: str, start: str, end: str) -> None:
    moment = parse_instant(at)
    found = window_at(span, moment, NEW_YORK)
    assert found.whole == Interval(parse_instant(start), parse_instant(end))
    assert found.span == Interval(found.whole.start, max(moment, found.whole.start))


def test_a_window_without_length_is_said() -> None:
    with pytest.raises(ValueError, match="no time at all"):
        window_at({"every": "P0D", "from": "2026-01-01"}, parse_instant("2026-11-22T12:00:00Z"), NEW_YORK)


def test_its_words_and_its_days() -> None:
    assert window({"window": WEEKS}) == "every 7 days from Sat 1 Jan 2022 at 12:00:00"
    assert days(WEEKS) == 7


def test_a_used_up_budget_recovers_with_the_next_window() -> None:
    objective = {"name": "up", "indicator": "availability", "target": "99", "unit": "percent"}
    agreement = {
        "kind": "ServiceLevelAgreement",
        "metadata": {"name": "shop-sla"},
        "spec": {
            "type": "sla",
            "service": "shop",
            "effective": {"from": "2022-01-01"},
            "timezone": "America/New_York",
            "objectives": [{**objective, "comparison": "at-least", "window": WEEKS}],
        },
    }
    outage = {"service": "shop", "start": "2026-11-22T08:00:00Z", "end": "2026-11-22T11:00:00Z", "kind": "full"}
    incident = {"kind": "Incident", "metadata": {"name": "inc"}, "spec": {"outages": [outage], "status": "resolved"}}
    now = parse_instant("2026-11-22T12:00:00Z")
    facts = Facts.from_records([agreement, incident])
    (budget,) = error_budgets(facts, "shop", now)
    assert budget.allowed == timedelta(days=7).total_seconds() / 100
    assert budget.is_used_up()
    assert recovers(facts, budget, Fraction(1), now, now) == parse_instant("2026-11-28T17:00:00Z")
