"""Error budgets, worked by hand from outages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itsm_as_code.clock import Interval, format_instant
from itsm_as_code.policies.cel.environment import Context, Environment, EvaluationError
from itsm_as_code.records.facts import Facts
from itsm_as_code.service_levels import BudgetPolicy, ErrorBudget, budget_stops, error_budgets, recovers

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SPAN = Interval(NOW - timedelta(days=28), NOW)


def objective(name: str = "up", target: str = "99.9", **more: Any) -> dict[str, Any]:
    base = {"name": name, "indicator": "availability", "target": target, "unit": "percent", "comparison": "at-least"}
    return {**base, "window": {"rolling": "P28D"}, **more}


def agreement(*objectives: dict[str, Any], name: str = "shop-sla", **spec: Any) -> dict[str, Any]:
    base = {"type": "sla", "service": "shop", "objectives": list(objectives)}
    return {"kind": "ServiceLevelAgreement", "metadata": {"name": name}, "spec": {**base, **spec}}


def down(
    name: str, start: datetime, minutes: float | None, kind: str = "full", service: str = "shop"
) -> dict[str, Any]:
    outage = {"service": service, "start": format_instant(start), "kind": kind}
    if minutes is not None:
        outage["end"] = format_instant(start + minutes * MINUTE)
    return {"kind": "Incident", "metadata": {"name": name}, "spec": {"status": "closed", "outages": [outage]}}


def budgets(*records: dict[str, Any], now: datetime = NOW, service: str = "shop") -> tuple[ErrorBudget, ...]:
    return error_budgets(Facts.from_records(records), service, now)


@pytest.mark.parametrize(
    ("target", "minutes", "consumed"),
    [
        ("99.9", 0, Fraction(0)),
        ("99.9", Fraction("20.16"), Fraction(1, 2)),  # of 40,320 minutes 40.32 are allowed
        ("99.9", Fraction("40.32"), Fraction(1)),
        ("99.9", Fraction("80.64"), Fraction(2)),
        ("95", 1512, Fraction(3, 4)),
        ("100", 0, Fraction(1)),  # what allows no failure has no budget
        ("100", 1, Fraction(1)),
        ("0", 20160, Fraction(1, 2)),
    ],
)
def test_what_is_used_is_the_lost_over_the_allowed_time(target: str, minutes: Fraction, consumed: Fraction) -> None:
    (budget,) = budgets(agreement(objective(target=target)), down("i", NOW - timedelta(days=20), float(minutes)))
    assert (budget.consumed, budget.remaining) == (consumed, 1 - consumed)
    assert budget.allowed == (1 - Fraction(target) / 100) * 40320 * 60
    assert (budget.served, budget.lost, budget.window) == (40320 * 60, minutes * 60, SPAN)
    assert (budget.agreement, budget.objective, budget.target_text) == ("shop-sla", "up", target)
    assert budget.sources == (("Incident/i",) if minutes else ())
    assert budget.is_used_up() == (minutes > 0 and consumed >= 1)


def test_the_worst_comes_first_and_what_is_no_share_has_no_budget() -> None:
    latency = objective("latency", "400", indicator="latency", unit="ms", comparison="at-most")
    mine = agreement(objective(), objective("strict", "99.99"), latency)
    contract = agreement(objective("theirs"), name="contract", type="underpinning")
    later = agreement(objective("later"), name="later", effective={"from": "2026-11-23"})
    over = agreement(objective("over"), name="over", effective={"from": "2026-01-01", "until": "2026-11-22"})
    found = budgets(mine, contract, later, over, down("i", NOW - timedelta(days=1), 2))
    assert [(budget.objective, budget.consumed) for budget in found] == [
        ("strict", Fraction(2 * 10000, 40320)),
        ("up", Fraction(2 * 1000, 40320)),
    ]
    assert budgets(mine, service="other") == ()
    assert budgets() == ()


def test_the_budget_of_a_month_is_that_of_the_whole_month() -> None:
    """November has 43,200 minutes, of which 43.2 may fail; 30,960 of them are over."""
    (budget,) = budgets(agreement(objective(window={"calendar": "month"})), down("i", NOW - timedelta(hours=1), 10.8))
    assert budget.consumed == Fraction(1, 4)
    assert budget.attained == 1 - Fraction(108, 309600)
    assert budget.window == Interval(datetime(2026, 11, 1, tzinfo=UTC), NOW)
    (fresh,) = budgets(
        agreement(objective(window={"calendar": "month"})),
        down("i", NOW, 600),
        now=datetime(2026, 12, 1, tzinfo=UTC),
    )
    assert (fresh.attained, fresh.attained_text, fresh.consumed) == (None, None, 0)


def test_what_is_not_known_yet_counts_not() -> None:
    """An outage that goes on counts to now, one of the future not at all, and at a later instant no more is known."""
    running = down("i", NOW - 30 * MINUTE, None)
    facts = Facts.from_records([agreement(objective()), running, down("later", NOW + MINUTE, 60)])
    assert [budget.lost for budget in error_budgets(facts, "shop", NOW)] == [30 * 60]
    assert [budget.lost for budget in error_budgets(facts, "shop", NOW, NOW + timedelta(days=3))] == [30 * 60]
    assert [budget.lost for budget in error_budgets(facts, "shop", NOW - timedelta(hours=1))] == [0]


@given(st.integers(0, 40320), st.integers(0, 1000))
def test_used_and_left_make_the_whole(lost: int, target: int) -> None:
    share = Fraction(target, 1000)
    budget = ErrorBudget("a", "s", "o", SPAN, share, "", Fraction(40320), Fraction(lost), (1 - share) * 40320)
    assert budget.consumed + budget.remaining == 1
    assert budget.consumed >= 0
    assert budget.attained is not None
    if target < 1000:
        assert (budget.remaining >= 0) == (budget.attained >= share)


@pytest.mark.parametrize("window", [{"rolling": "P28D"}, {"rolling": "P7D"}, {"calendar": "month"}])
def test_a_budget_recovers_at_the_first_minute_at_which_it_is_not_used_up(window: dict[str, str]) -> None:
    facts = Facts.from_records([agreement(objective(window=window)), down("i", NOW - timedelta(days=3), 90)])
    (budget,) = error_budgets(facts, "shop", NOW)
    until = recovers(facts, budget, Fraction(1), NOW, NOW)
    assert until is not None
    (before,) = error_budgets(facts, "shop", NOW, until - MINUTE)
    (after,) = error_budgets(facts, "shop", NOW, until)
    assert (before.is_used_up(), after.is_used_up()) == (True, False)


def test_seconds_later_a_budget_recovers_at_the_same_minute() -> None:
    facts = Facts.from_records(
        [agreement(objective(window={"rolling": "P28D"})), down("i", NOW - timedelta(days=3), 90)]
    )
    (budget,) = error_budgets(facts, "shop", NOW)
    moments = [NOW + timedelta(seconds=seconds) for seconds in (0, 20, 40)]
    untils = {recovers(facts, budget, Fraction(1), moment, moment) for moment in moments}
    assert untils == {recovers(facts, budget, Fraction(1), NOW, NOW)}


def change(**spec: Any) -> dict[str, Any]:
    return {"spec": {"type": "normal", "services": ["shop"], **spec}}


def test_what_cannot_be_computed_stops_and_says_why() -> None:
    """An outage that ends before it starts, or a calendar that cannot be read, is no free budget."""
    backwards = down("i", NOW - timedelta(days=3), -90)
    for records, why in (
        ([agreement(objective()), backwards], "an outage of Incident/i ends before it starts"),
        ([agreement(objective(exclude=["gone"]))], "the calendar 'gone' does not exist"),
    ):
        (stop,) = budget_stops(change(), Facts.from_records(records), BudgetPolicy(), NOW)
        assert stop.message == f"the error budget of shop could not be computed: {why}"
        assert (stop.severity.value, stop.source, stop.remedy) == (
            "error",
            "Service/shop",
            "mend the record that it names",
        )
        assert budget_stops(change(type="emergency"), Facts.from_records(records), BudgetPolicy(), NOW) == ()
    old = down("i", NOW - timedelta(days=33), -90)
    assert budget_stops(change(), Facts.from_records([agreement(objective()), old]), BudgetPolicy(), NOW) == ()


def test_policies_see_the_worst_budget() -> None:
    mine = agreement(objective(), objective("tight", "99.95", window={"calendar": "month"}))
    facts = Facts.from_records([mine, down("i", NOW - timedelta(days=1), 21.6)])
    environment = Environment(facts, NOW)
    activation = environment.activation(Context({}, NOW))
    seen = {
        "remaining": 0.0,
        "consumed": 1.0,
        "target": "99.95",
        "attained": "99.93",
        "agreement": "shop-sla",
        "objective": "tight",
        "lostMinutes": 21.6,
        "allowedMinutes": 21.6,
        "burnRate": float(Fraction("21.6") / (Fraction("21.5") * 1440 / 2000)),
    }
    for key, value in seen.items():
        assert environment.evaluate(f"budget('shop').{key}", activation) == value
    assert environment.holds("budget('shop').remaining <= 0.0 && budget('gone') == null", activation)


def test_a_budget_without_an_instant_cannot_be_told() -> None:
    environment = Environment(Facts.from_records([agreement(objective())]))
    with pytest.raises(EvaluationError, match="instant"):
        environment.holds("budget('shop') == null", environment.activation(Context({}, NOW)))


def test_a_budget_that_cannot_be_computed_is_no_null_for_policies() -> None:
    environment = Environment(Facts.from_records([agreement(objective(hours="gone"))]), NOW)
    with pytest.raises(EvaluationError, match="gone"):
        environment.holds("budget('shop') == null", environment.activation(Context({}, NOW)))
