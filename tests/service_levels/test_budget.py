"""Error budgets, worked by hand from the figures of reviews."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itsm_as_code.policies.cel.environment import Context, Environment, EvaluationError
from itsm_as_code.records.facts import Facts
from itsm_as_code.service_levels import ErrorBudget, error_budgets

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def agreement(name: str, service: str = "shop", **targets: str) -> dict[str, Any]:
    objectives = [
        {"name": key, "target": target, "unit": "percent", "comparison": "at-least"} for key, target in targets.items()
    ]
    objectives.append({"name": "latency", "target": "400", "unit": "ms", "comparison": "at-most"})
    return {
        "kind": "ServiceLevelAgreement",
        "metadata": {"name": name},
        "spec": {"service": service, "objectives": objectives},
    }


def review(name: str, start: str, until: str, *lines: tuple[str, str, str | None]) -> dict[str, Any]:
    performance = [
        {"agreement": sla, "objective": objective, "target": "1"} | ({"attained": attained} if attained else {})
        for sla, objective, attained in lines
    ]
    spec = {"service": "shop", "period": {"from": start, "until": until}, "performance": performance}
    return {"kind": "ServiceReview", "metadata": {"name": name}, "spec": spec}


SLA = agreement("shop-sla", availability="99.9", quality="95")


def budgets(*records: dict[str, Any], now: datetime = NOW, service: str = "shop") -> tuple[ErrorBudget, ...]:
    return error_budgets(Facts.from_records([SLA, *records]), service, now)


@pytest.mark.parametrize(
    ("target", "attained", "consumed", "remaining"),
    [
        ("99.9", "100", Fraction(0), Fraction(1)),
        ("99.9", "99.95", Fraction(1, 2), Fraction(1, 2)),  # 0.05 of 0.1 percent
        ("99.9", "99.9", Fraction(1), Fraction(0)),
        ("99.9", "99.8", Fraction(2), Fraction(-1)),
        ("95", "96.25", Fraction(3, 4), Fraction(1, 4)),  # 3.75 of 5 percent
        ("99.95", "99.962", Fraction(38, 50), Fraction(12, 50)),  # 0.038 of 0.05 percent
        ("99", "0", Fraction(100), Fraction(-99)),
        ("100", "100", Fraction(1), Fraction(0)),  # what allows no failure has no budget
        ("100", "99", Fraction(1), Fraction(0)),
        ("0", "50", Fraction(1, 2), Fraction(1, 2)),
        ("99.9", "100.5", Fraction(0), Fraction(1)),  # nothing is better than all
    ],
)
def test_what_is_used_is_the_measured_failure_over_the_allowed(
    target: str, attained: str, consumed: Fraction, remaining: Fraction
) -> None:
    sla = agreement("shop-sla", availability=target)
    (budget,) = budgets(sla, review("q3", "2026-07-01", "2026-10-01", ("shop-sla", "availability", attained)))
    assert (budget.consumed, budget.remaining) == (consumed, remaining)
    assert budget.allowed == 1 - Fraction(target) / 100
    assert (budget.target_text, budget.attained_text) == (target, attained)
    assert (budget.start, budget.end) == (date(2026, 7, 1), date(2026, 10, 1))
    assert (budget.agreement, budget.objective, budget.review) == ("shop-sla", "availability", "q3")


def test_the_worst_comes_first_and_what_is_no_share_has_no_budget() -> None:
    lines = (("shop-sla", "availability", "99.95"), ("shop-sla", "quality", "95.5"), ("shop-sla", "latency", "431"))
    found = budgets(review("q3", "2026-07-01", "2026-10-01", *lines))
    assert [(budget.objective, budget.remaining) for budget in found] == [
        ("quality", Fraction(1, 10)),
        ("availability", Fraction(1, 2)),
    ]


def test_only_the_latest_period_that_is_over_counts() -> None:
    older = review("q2", "2026-04-01", "2026-07-01", ("shop-sla", "availability", "99.0"))
    latest = review("q3", "2026-07-01", "2026-10-01", ("shop-sla", "availability", "99.95"))
    running = review("q4", "2026-10-01", "2027-01-01", ("shop-sla", "availability", "98"))
    assert [budget.review for budget in budgets(older, latest, running)] == ["q3"]
    assert [budget.review for budget in budgets(older, latest, now=datetime(2026, 9, 30, 23, 59, tzinfo=UTC))] == ["q2"]
    assert [budget.review for budget in budgets(older, latest, now=datetime(2026, 10, 1, tzinfo=UTC))] == ["q3"]
    assert [budget.review for budget in budgets(running, now=datetime(2027, 1, 1, tzinfo=UTC))] == ["q4"]


def test_a_figure_that_is_missing_in_the_latest_review_is_not_taken_from_an_older_one() -> None:
    older = review("q2", "2026-04-01", "2026-07-01", ("shop-sla", "availability", "99.95"))
    assert budgets(older, review("q3", "2026-07-01", "2026-10-01", ("shop-sla", "availability", None))) == ()
    assert budgets(older, review("q3", "2026-07-01", "2026-10-01")) == ()


def test_without_agreement_objective_or_review_there_is_no_budget() -> None:
    assert budgets() == ()
    lines = (("gone", "availability", "99"), ("shop-sla", "gone", "99"), ("other-sla", "availability", "1"))
    other = agreement("other-sla", "another-service", availability="99")
    assert budgets(other, review("q3", "2026-07-01", "2026-10-01", *lines)) == ()
    whole = review("q3", "2026-07-01", "2026-10-01", ("shop-sla", "availability", "99"))
    assert budgets(whole, service="another-service") == ()


@given(st.fractions(0, 100, max_denominator=10**6), st.fractions(0, 100, max_denominator=10**6))
def test_used_and_left_make_the_whole(target: Fraction, attained: Fraction) -> None:
    budget = ErrorBudget("a", "o", "r", NOW.date(), NOW.date(), target / 100, attained / 100, "", "")
    assert budget.consumed + budget.remaining == 1
    assert budget.consumed >= 0
    if target < 100:
        assert (budget.remaining >= 0) == (attained >= target)


def test_policies_see_the_worst_budget() -> None:
    lines = (("shop-sla", "availability", "99.95"), ("shop-sla", "quality", "95"))
    facts = Facts.from_records([SLA, review("q3", "2026-07-01", "2026-10-01", *lines)])
    environment = Environment(facts, NOW)
    activation = environment.activation(Context({}, NOW))
    seen = {
        "remaining": 0.0,
        "consumed": 1.0,
        "target": "95",
        "attained": "95",
        "agreement": "shop-sla",
        "objective": "quality",
        "review": "q3",
        "until": "2026-10-01",
    }
    for key, value in seen.items():
        assert environment.evaluate(f"budget('shop').{key}", activation) == value
    assert environment.holds("budget('shop').remaining <= 0.0 && budget('gone') == null", activation)


def test_a_budget_without_an_instant_cannot_be_told() -> None:
    environment = Environment(Facts.from_records([SLA]))
    with pytest.raises(EvaluationError, match="instant"):
        environment.holds("budget('shop') == null", environment.activation(Context({}, NOW)))


@pytest.mark.parametrize(
    ("window", "until"),
    [
        ({"rolling": "P28D"}, "2026-10-29"),
        ({"rolling": "PT1H"}, "2026-10-02"),  # what is left of a day counts as one
        ({"calendar": "month"}, "2026-11-01"),
        ({"calendar": "quarter"}, "2027-01-01"),
        ({"calendar": "year"}, "2027-10-01"),
        ({"rolling": "P36525D"}, "2126-10-02"),
        ({}, None),
    ],
)
def test_a_figure_says_nothing_once_it_is_older_than_its_window(window: dict[str, str], until: str | None) -> None:
    sla = agreement("shop-sla", availability="99.9")
    sla["spec"]["objectives"][0]["window"] = window
    measured = review("q3", "2026-07-01", "2026-10-01", ("shop-sla", "availability", "99.5"))
    end = None if until is None else datetime.combine(date.fromisoformat(until), datetime.min.time(), UTC)
    (found,) = budgets(sla, measured, now=datetime(2026, 10, 1, tzinfo=UTC))
    assert found.until == end
    if end is not None:
        assert budgets(sla, measured, now=end - datetime.resolution) == (found,)
        assert budgets(sla, measured, now=end) == ()
