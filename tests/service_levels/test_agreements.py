"""Chains of agreements down to contracts, their last days, and the credits that are due by what was attained."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itsm_as_code.durations import parse_duration
from itsm_as_code.measures.deadlines import in_force, last_day_before, last_day_of_notice
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.schemas import Validator
from itsm_as_code.reports import renderer
from itsm_as_code.reports.agreements import Agreements, credit_row
from itsm_as_code.service_levels.chains import Chains
from itsm_as_code.service_levels.credits import credits_of
from itsm_as_code.service_levels.overview import overview
from tests.conftest import ROOT, Run, examples
from tests.service_levels.test_alder_bank import NOW, facts
from tests.service_levels.test_redundancy import service

REPORT = Validator("report", KindRegistry.load().bundled("reports/agreements-report.schema.json"))
DECEMBER = datetime(2026, 12, 1, tzinfo=UTC)


def agreed(target: str, comparison: str, penalties: list[dict[str, Any]]) -> dict[str, Any]:
    objective = {
        "name": "availability",
        "indicator": "availability",
        "target": target,
        "unit": "percent",
        "comparison": comparison,
        "window": {"calendar": "month"},
    }
    spec = {
        "type": "underpinning",
        "service": "line",
        "provider": "carrier",
        "effective": {"from": "2026-01-01"},
        "objectives": [objective],
        "penalties": penalties,
    }
    return {"kind": "ServiceLevelAgreement", "metadata": {"name": "line-contract"}, "spec": spec}


def outage(minutes: int) -> dict[str, Any]:
    start = datetime(2026, 11, 3, tzinfo=UTC)
    span = {"start": f"{start:%Y-%m-%dT%H:%M:%SZ}", "end": f"{start + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}"}
    spec = {"services": ["line"], "detectedAt": span["start"], "status": "closed"}
    return {
        "kind": "Incident",
        "metadata": {"name": "inc"},
        "spec": {**spec, "outages": [{"service": "line", "kind": "full", **span}]},
    }


def states(minutes: int, penalties: list[dict[str, Any]], target: str = "99.95") -> list[tuple[str, str | None]]:
    known = Facts.from_records([service("line", []), agreed(target, "at-least", penalties), outage(minutes)])
    found = credits_of(known, overview(known, DECEMBER, "line", "2026-11"))
    return [(credit.state, credit.penalty.get("creditPercent")) for credit in found]


TIERS = [
    {"when": "Below 99.95 %", "worseThan": "99.95", "creditPercent": "10"},
    {"when": "Below 99.5 %", "worseThan": "99.5", "creditPercent": "50"},
]


@pytest.mark.parametrize(
    ("minutes", "due"),
    [(0, []), (21, []), (22, ["10"]), (216, ["10"]), (217, ["50"]), (43_200, ["50"])],
)
def test_credits_of_a_month_with_an_outage(minutes: int, due: list[str]) -> None:
    """November has 43,200 minutes: 0.05 % are 21.6, 0.5 % are 216; exactly 99.5 % is not below it."""
    assert [percent for state, percent in states(minutes, TIERS) if state == "due"] == due


def test_a_condition_in_words_is_for_people_to_judge() -> None:
    words = [{"when": "Two misses in a quarter", "creditPercent": "5"}]
    assert states(0, words) == [("none", "5")]
    assert states(22, words) == [("judge", "5")]


def test_what_nobody_measured_owes_nothing_and_says_so() -> None:
    record = agreed("99.95", "at-least", TIERS)
    record["spec"]["objectives"][0].update(indicator="latency", unit="ms", comparison="at-most", target="400")
    known = Facts.from_records([service("line", []), record])
    assert {one.state for one in credits_of(known, overview(known, DECEMBER, "line", "2026-11"))} == {"no-data"}


@settings(max_examples=examples(60))
@given(st.integers(0, 2000), st.lists(st.integers(9000, 9999), min_size=1, max_size=4, unique=True))
def test_of_several_tiers_the_gravest_that_is_reached_is_due(minutes: int, tiers: list[int]) -> None:
    penalties = [{"when": "w", "worseThan": f"{tier / 100:.2f}", "creditPercent": str(10_000 - tier)} for tier in tiers]
    attained = 100 - Fraction(minutes, 432)
    reached = [10_000 - tier for tier in tiers if attained < Fraction(tier, 100)]
    due = [percent for state, percent in states(minutes, penalties) if state == "due"]
    assert due == ([str(max(reached))] if reached else [])


def test_the_chain_of_the_example() -> None:
    """The card network: what customers get, the agreement between teams, the contract and its last days."""
    chains = Chains(facts(), NOW.date())
    links = {link.agreement: link for link in chains.of("card-network-link")}
    contract = links["card-network-link-underpinning"]
    assert (contract.last_day, contract.contract) == (date(2028, 3, 31), date(2028, 3, 31))
    assert "card-network-link-underpinning" in links["card-network-link-sla"].supported_by
    assert contract.supported_by == ()
    (authorisation,) = chains.of("card-authorisation")
    assert {"card-network-link-sla", "card-network-link-underpinning"} <= set(authorisation.supported_by)
    below = {link.agreement for link in chains.below(links["card-network-link-sla"])}
    assert below == set(links["card-network-link-sla"].supported_by)


@settings(max_examples=examples(80))
@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.sampled_from(["P3M", "P1M", "P1Y", "P90D", "P6M"]))
def test_the_last_day_is_the_last_in_force_and_notice_on_it_is_in_time(end: date, period: str) -> None:
    last = last_day_before(end)
    assert in_force(None, end, last)
    assert not in_force(None, end, end)
    notice = last_day_of_notice(end, parse_duration(period))
    assert parse_duration(period).after_day(notice) <= last
    assert parse_duration(period).after_day(notice + timedelta(days=1)) > last


@pytest.mark.parametrize(("year", "day"), [(2027, 28), (2028, 29)])
def test_three_months_to_the_end_of_may(year: int, day: int) -> None:
    """P3M to 31 May is 28 or 29 February: a month that is too short ends on its last day."""
    assert last_day_of_notice(date(year, 6, 1), parse_duration("P3M")) == date(year, 2, day)


def test_the_command_and_its_forms(itsm: Run) -> None:
    code, out, _ = itsm("-C", ROOT, "report", "agreements", "card-network-link", "--format", "json")
    assert code == 0
    data = json.loads(out)
    assert REPORT.problems(data, out.encode()) == []
    assert [row["lastDay"] for row in data["agreements"] if row["type"] == "underpinning"] == ["2028-03-31"]


def test_each_form_tells_what_is_due() -> None:
    known = Facts.from_records([service("line", []), agreed("99.95", "at-least", TIERS), outage(30)])
    attained = overview(known, DECEMBER, "line", "2026-11")
    report = Agreements(tuple(Chains(known, DECEMBER.date()).of("line")), tuple(credits_of(known, attained)), attained)
    assert report.exit_code == 1
    assert [credit_row(credit)["state"] for credit in report.credits] == ["due", "none"]
    for form in ("text", "csv", "markdown"):
        told = renderer("agreements", form)(report).replace("\\", "")
        assert "due, 10 percent of the charge (attained 99.93 percent, worse than 99.95)" in told
