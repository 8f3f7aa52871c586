"""The portfolio: quadrants with their reasons, cost with shares by weight or equally, benefits and budgets."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from itsm_as_code.measures.costs import actuals, budget_lines, budget_total, months_before, with_shares
from itsm_as_code.portfolio import Portfolio, planned_by
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.schemas import Validator
from itsm_as_code.reports import renderer
from tests.conftest import NOW
from tests.service_levels.test_alder_bank import facts as alder

REPORT = Validator("report", KindRegistry.load().bundled("reports/portfolio-report.schema.json"))


def record(kind: str, name: str, **spec: Any) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": name, "title": name}, "spec": spec}


def service(name: str, score: int | None = None, **spec: Any) -> dict[str, Any]:
    value = {} if score is None else {"value": {"score": score, "reason": "It sells.", "assessedOn": "2026-10-01"}}
    plain = {"owner": "t", "stage": "catalogue", "lifecycle": "live"}
    return record("Service", name, **{**plain, **value, **spec})


def statement(month: str, currency: str = "EUR", provider: str = "Halo", **lines: str) -> dict[str, Any]:
    told = [{"amount": amount} | ({} if name == "untagged" else {"service": name}) for name, amount in lines.items()]
    return record("CostStatement", f"{provider}-{month}-{currency}", month=month, provider=provider, currency=currency,
                  total=str(sum(map(Fraction, lines.values()))), lines=told)  # fmt: skip


def portfolio(*records: dict[str, Any]) -> Portfolio:
    return Portfolio(Facts.from_records(records), NOW)


@pytest.mark.parametrize(
    ("score", "lifecycle", "quadrant"),
    [(5, "live", "invest"), (5, "deprecated", "migrate"), (2, "live", "tolerate"), (2, "deprecated", "eliminate")],
)
def test_the_four_quadrants(score: int, lifecycle: str, quadrant: str) -> None:
    (found,) = portfolio(service("a", score, lifecycle=lifecycle)).positions
    assert found.quadrant == quadrant
    assert found.why[0] == f"value {score} of 5 (assessed 2026-10-01): It sells."
    assert (found.why[1:] == ("it is deprecated (-2)",)) == (lifecycle == "deprecated")


def test_what_nobody_assessed_has_no_quadrant() -> None:
    (found,) = portfolio(service("a")).positions
    assert (found.quadrant, found.why) == (None, ("its value was not assessed",))
    value = {"score": 3, "reason": "r", "assessedOn": "2025-11-01"}
    assert "over a year ago" in portfolio(service("a", value=value)).positions[0].why[0]


def test_incidents_and_known_errors_speak_against_it_each_with_its_records() -> None:
    grave = [
        record("Incident", f"inc-{number}", services=["a"], priority="P1", detectedAt=f"2026-0{number}-01T08:00:00Z")
        for number in (3, 4, 5)
    ]
    before = record("Incident", "inc-old", services=["a"], priority="P1", detectedAt="2025-01-01T08:00:00Z")
    error = record("Problem", "slow", services=["a"], status="known-error")
    (found,) = portfolio(service("a", 5), *grave, before, error).positions
    assert [(reason.points, reason.records) for reason in found.reasons] == [
        (1, ("inc-3", "inc-4", "inc-5")),
        (1, ("slow",)),
    ]
    assert found.quadrant == "migrate"


def test_cost_is_shared_by_weight_where_one_is_given_and_equally_otherwise() -> None:
    shares = [{"service": "a", "amount": "3"}, {"service": "b", "amount": "1"}]
    cost = {"fixed": "10.00", "currency": "EUR", "period": "month"}
    needs = {"dependsOn": [{"service": "queue", "strength": "hard"}, {"service": "disk", "strength": "hard"}]}
    queue = service("queue", cost={**cost, "allocation": {"by": "volume", "shares": shares}})
    found = portfolio(service("a", **needs), service("b", **needs), queue, service("disk", cost=cost))
    stated = {one.service: one.stated.total for one in found.positions}
    assert (stated["a"], stated["b"]) == ({"EUR": Fraction(90 + 60)}, {"EUR": Fraction(30 + 60)})
    assert found.equally == ("disk",), "it says of what nobody gave a weight"
    assert sum(one["EUR"] for name, one in stated.items() if name in "ab") == 240, "nothing is lost, nothing twice"


def test_weights_of_others_share_equally_rather_than_lose_the_cost() -> None:
    shares = [{"service": "nobody", "amount": "3"}]
    cost = {"fixed": "1", "currency": "EUR", "period": "year", "allocation": {"by": "weight", "shares": shares}}
    needs = {"dependsOn": [{"service": "queue", "strength": "hard"}]}
    facts = Facts.from_records([service("a", **needs), service("b", **needs), service("queue", cost=cost)])
    assert with_shares(facts, {"queue": {"EUR": Fraction(1)}})["a"].total == {"EUR": Fraction(1, 2)}


def test_billed_cost_is_of_the_last_twelve_whole_months_and_never_mixes_currencies() -> None:
    assert months_before(NOW.date())[::11] == ("2025-11", "2026-10")
    facts = Facts.from_records([
        statement("2025-10", a="99"), statement("2025-11", a="0.10", untagged="0.20"), statement("2026-10", a="0.20"),
        statement("2026-10", "USD", a="7"), statement("2026-11", a="99"),
    ])  # fmt: skip
    found = actuals(facts, months_before(NOW.date()))
    assert found.by_service == {"a": {"EUR": Fraction(3, 10), "USD": Fraction(7)}}
    assert (found.known, found.untagged, found.untagged_share("EUR")) == (2, {"EUR": Fraction(1, 5)}, Fraction(2, 5))
    assert found.untagged_share("USD") == 0
    assert found.untagged_share("SGD") is None


def test_a_budget_takes_its_actual_amounts_from_statements() -> None:
    plan = ["10.00"] * 12
    lines = [
        {"name": "Cloud", "category": "operating", "plan": plan, "actualsFrom": ["Halo"]},
        {"name": "Staff", "category": "operating", "plan": plan, "actual": ["9.00"]},
    ]
    budget = record(
        "Budget", "b", fiscalYear="2026", start="2026-01-01", service="a", owner="t", currency="EUR", lines=lines
    )
    facts = Facts.from_records([
        service("a"), budget, statement("2026-01", a="11", b="500"), statement("2026-02", a="12"),
        statement("2026-02", "USD", a="999"), statement("2026-02", provider="Other", a="999"),
        statement("2025-12", a="999"),
    ])  # fmt: skip
    cloud, staff = budget_lines(facts, budget)
    assert cloud.stands is not None
    assert (cloud.computed, cloud.stands.months, cloud.stands.actual, cloud.stands.outlook) == (True, 2, 23, 123)
    assert (staff.computed, staff.stands and staff.stands.actual) == (False, 9)
    total = budget_total((cloud, staff))
    assert total is not None
    assert total.outlook == 123 + 119


def test_a_line_by_statements_has_no_typed_amounts() -> None:
    line = {"name": "Cloud", "category": "operating", "plan": ["1"] * 12, "actualsFrom": ["Halo"]}
    spec = {"fiscalYear": "2026", "start": "2026-01-01", "owner": "t", "currency": "EUR"}
    validator = KindRegistry.load()["Budget"].validator
    for typed, problems in ({}, False), ({"actual": ["1"]}, True):
        data = {"apiVersion": "itsm/v1", **record("Budget", "b", **spec, lines=[{**line, **typed}])}
        assert bool(list(validator.problems(data))) == problems


def test_the_benefit_that_a_case_planned_by_now() -> None:
    option = {
        "name": "o",
        "cashFlows": [{"year": 1, "cost": "0", "benefit": "100"}, {"year": 2, "cost": "0", "benefit": "300"}],
    }
    spec = {"status": "approved", "chosen": "o", "options": [option], "decision": {"on": "2025-01-01"}}
    assert planned_by(spec, date(2024, 6, 1)) == 0
    half = planned_by(spec, date(2025, 7, 2))
    assert half is not None
    assert abs(half - 50) < 1
    assert planned_by(spec, date(2030, 1, 1)) == 400
    assert planned_by({**spec, "status": "stopped"}, date(2030, 1, 1)) is None
    assert planned_by({"status": "draft"}, date(2030, 1, 1)) is None


def test_the_report_of_the_example_in_every_form() -> None:
    report = Portfolio(alder(), NOW)
    data = json.loads(renderer("portfolio", "json")(report))
    assert list(REPORT.problems(data)) == []
    assert {one["case"] for one in data["businessCases"]} >= {"end-codes-by-text-message", "own-card-processing"}
    rows = list(csv.DictReader(io.StringIO(renderer("portfolio", "csv")(report))))
    assert [row["service"] for row in rows] == [one["service"] for one in data["services"]]
    assert "Shared equally" in renderer("portfolio", "text")(report)
    assert "## Business cases" in renderer("portfolio", "markdown")(report)
