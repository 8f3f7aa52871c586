"""What could be kept if a dependency were better or worse, and what it takes to keep a promise."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itsm_as_code.records.facts import Facts
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.schemas import Validator
from itsm_as_code.reports import renderer
from itsm_as_code.service_levels import Feasibility
from itsm_as_code.service_levels.what_if import improvements, kept_text, what_if
from tests.conftest import ROOT, Run, examples
from tests.service_levels.test_alder_bank import NOW, facts
from tests.service_levels.test_redundancy import service

REPORT = Validator("report", KindRegistry.load().bundled("reports/what-if-report.schema.json"))


def agreement(name: str, target: str) -> dict[str, object]:
    objective = {
        "name": "availability",
        "indicator": "availability",
        "target": target,
        "unit": "percent",
        "comparison": "at-least",
        "window": {"rolling": "P28D"},
    }
    spec = {"type": "sla", "service": name, "effective": {"from": "2026-01-01"}, "objectives": [objective]}
    return {"kind": "ServiceLevelAgreement", "metadata": {"name": f"{name}-sla"}, "spec": spec}


def test_a_worse_broker() -> None:
    """99.953932 % hold 99.99 % of the broker; with 99.75 % it is 99.953932 x 0.9975 / 0.9999 = 99.714019 %."""
    found = what_if(facts(), NOW, {"message-broker": Fraction("0.9975")})
    first = found.shifts[0]
    assert (first.promise.agreement, first.promise.text, first.possible) == ("payments-api-sla", "99.95", False)
    assert first.before is not None
    assert first.after.normal == first.before.normal / Fraction("0.9999") * Fraction("0.9975")
    (broker,) = first.improvements
    # All else composes to A / 0.9975, so the broker alone needs 0.9995 / (A / 0.9975).
    assert broker.needed == Fraction("0.9995") * Fraction("0.9975") / first.after.normal
    assert (broker.name, broker.by_a_second, found.exit_code) == ("message-broker", True, 1)


def test_nothing_that_is_supposed_as_it_is_changes_anything() -> None:
    found = what_if(facts(), NOW, {"message-broker": Fraction("0.9999")})
    assert found.shifts
    assert not any(shift.moves for shift in found.shifts)
    assert found.exit_code == 0


@settings(max_examples=examples(40))
@given(st.lists(st.integers(1, 9), min_size=2, max_size=5), st.integers(1, 99), st.booleans())
def test_what_is_needed_is_what_does_it(downs: list[int], promised: int, redundant: bool) -> None:
    """The promise is met exactly by what an improvement says, and by nothing less."""
    names = [f"n{index}" for index in range(len(downs))]
    edges = [{"service": name, "strength": "hard"} for name in names]
    if redundant:
        edges[:2] = [{**edge, "redundancyGroup": "pair"} for edge in edges[:2]]
    records = [service("s", edges), *(service(name, []) for name in names)]
    agreements = [agreement(name, f"{100 - down}") for name, down in zip(names, downs, strict=True)]
    known = Facts.from_records([*records, *agreements, agreement("s", str(promised))])
    feasibility = Feasibility(known, datetime(2026, 6, 1, tzinfo=UTC).date(), ["s"])
    (promise,) = [item for item in feasibility.promises() if item.service == "s"]
    target = promise.availability
    assert target is not None
    whole = feasibility.composition(promise).bound
    for one in improvements(feasibility, promise):
        assert feasibility.supposing(promise, {one.name: one.needed}).bound == target
        second = feasibility.supposing(promise, {one.name: 1 - (1 - one.now) ** 2}).bound
        assert one.by_a_second is (second >= target)
    alone = {name for name in names if feasibility.supposing(promise, {name: Fraction(1)}).bound >= target}
    if whole < target:
        assert {one.name for one in improvements(feasibility, promise)} == alone


def test_a_figure_that_would_seem_to_reach_the_promise_is_shown_exactly() -> None:
    assert kept_text(Fraction("0.99953932"), Fraction("0.9995")) == "99.954"
    assert kept_text(Fraction("0.99953932"), Fraction("0.99954")) == "99.953932"


def test_the_command(itsm: Run) -> None:
    code, out, _ = itsm("-C", ROOT, "sla", "payments-api", "--what-if", "message-broker=99.75", "--format", "json")
    assert code == 1
    assert REPORT.problems(json.loads(out), out.encode()) == []
    assert itsm("-C", ROOT, "sla", "payments-api", "--what-if", "message-broker=99.995")[0] == 0


def test_each_form() -> None:
    found = what_if(facts(), NOW, {"message-broker": Fraction("0.9975")}, "payments-api")
    text = renderer("what_if", "text")(found)
    assert "cannot be kept  payments-api-sla  promises 99.95  99.954 -> 99.714 percent (at peak 99.904 -> " in text
    assert "improve message-broker from 99.75 to 99.986067" in text
    for form in ("csv", "markdown"):
        assert "payments-api-sla" in renderer("what_if", form)(found)


@pytest.mark.parametrize("given_", ["message-broker", "message-broker=", "message-broker=100.1", "broker=99", "=1"])
def test_what_is_no_supposition(itsm: Run, given_: str) -> None:
    code, out, err = itsm("-C", ROOT, "sla", "--what-if", given_)
    assert (code, out) == (2, "")
    assert "itsm: " in err
