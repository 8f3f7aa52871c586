"""The table of figures, each worked out from the example organisation, and effects that nobody typed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest

from itsm_as_code.clock import Interval
from itsm_as_code.figures import Authorisation, Seen, all_figures, effect
from itsm_as_code.records.kinds import KindRegistry
from tests.conftest import NOW
from tests.service_levels.test_alder_bank import facts

YEAR = Interval(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
CASE = {
    "name": "request-hours",
    "before": {"from": "2026-01-01", "until": "2026-06-01"},
    "after": {"from": "2026-06-01"},
}


@pytest.mark.parametrize("name", sorted(all_figures()))
def test_every_figure_has_a_value_or_says_why_not(name: str) -> None:
    figure = all_figures()[name]
    value = figure.work_out(Seen(facts(), NOW), YEAR, None)
    assert value.form == figure.form
    assert (value.amount is None) == bool(value.missing)
    assert figure.shown(value)
    if figure.evidence:
        assert value.amount is None, "what was not asked for is not known, and never good"


def test_the_records_of_requests_are_named() -> None:
    value = all_figures()["request-satisfaction"].work_out(Seen(facts(), NOW), YEAR, frozenset(["service-desk-portal"]))
    assert value.records == tuple(
        request["metadata"]["name"]
        for request in facts().requests_by_service["service-desk-portal"]
        if "satisfaction" in request["spec"]
    )


def test_an_effect_is_worked_out_and_has_its_interval() -> None:
    found = effect(Seen(facts(), NOW), CASE, None)
    assert found.before.denominator > 1 < found.after.denominator
    assert found.told().startswith(f"{found.change.word}: ")
    assert ", between " in found.told()
    assert found.spans[1].end == NOW


def test_evidence_is_counted_where_it_was_asked_for() -> None:
    day = datetime(2026, 5, 1, tzinfo=UTC)
    seen = Seen(
        facts(),
        NOW,
        landings=((day, "c1", True), (day, "c2", False), (day - timedelta(days=400), "c0", False)),
        deployments=((day, "payments-api", "line 1", True), (day, "core-ledger", "line 2", False)),
        authorisations=(Authorisation("chg-a", ("payments-api",), day, day + timedelta(hours=30)),),
    )
    shown = {name: one.shown(one.work_out(seen, YEAR, None)) for name, one in all_figures().items() if one.evidence}
    assert shown == {
        "deployments-covered": "50 % (1 of 2)",
        "direct-pushes": "50 % (1 of 2)",
        "hours-to-authorisation": "30 hours (mean of 1)",
    }
    of_one = all_figures()["deployments-covered"].work_out(seen, YEAR, frozenset(["core-ledger"]))
    assert of_one.amount == Fraction(0)


@pytest.mark.parametrize("typed", [{"measured": [{"on": "2026-12-15", "value": "0"}]}, {"baseline": "3"}])
def test_a_typed_value_is_refused_where_a_figure_is_named(typed: dict[str, Any]) -> None:
    kinds = KindRegistry.load()
    spec = {"owner": "a", "source": {"type": "survey"}, "status": "accepted", "figure": CASE}
    head = {"apiVersion": "itsm/v1", "kind": "Improvement", "metadata": {"name": "a", "title": "A"}}
    assert not list(kinds["Improvement"].validator.problems({**head, "spec": spec}))
    assert list(kinds["Improvement"].validator.problems({**head, "spec": {**spec, **typed}}))
    measure = {"metric": "m", "target": "1", "figure": CASE}
    base = {"sponsor": "a", "owner": "b", "purpose": "c", "status": "planned"}
    for adoption, problems in (
        ([measure], False),
        ([{**measure, **typed}], True),
        ([{"metric": "m", "target": "1"}], True),
    ):
        data = {**head, "kind": "Initiative", "spec": {**base, "adoption": adoption}}
        assert bool(list(kinds["Initiative"].validator.problems(data))) == problems
