"""The risk of a change: what each source finds, and that making anything better never makes the result worse."""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itsm_as_code.measures.risk import Risk, assess
from itsm_as_code.measures.risk_factors import Proposal
from itsm_as_code.measures.risk_table import LEVELS, read_table
from itsm_as_code.records.facts import Facts

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PLAN: dict[str, Any] = {
    "type": "normal",
    "services": ["shop"],
    "status": "proposed",
    "test": {"passed": True, "evidence": [{"title": "Run", "url": "https://ci.example"}]},
    "backout": {"steps": ["Go back."], "minutes": 10, "rehearsedOn": "2026-11-01"},
    "implementation": {"minutes": 10},
    "schedule": {"start": "2026-11-25T08:00:00Z", "end": "2026-11-25T09:00:00Z"},
}
MODEL = {"kind": "ChangeModel", "metadata": {"name": "m"}, "spec": {"test": "Twice.", "backout": {"steps": ["Back."]}}}


def service(name: str, *needs: str, **spec: Any) -> dict[str, Any]:
    depends = [{"service": other, "strength": "hard"} for other in needs]
    return {"kind": "Service", "metadata": {"name": name}, "spec": {"tier": 4, "dependsOn": depends, **spec}}


def past(name: str, result: str, **spec: Any) -> dict[str, Any]:
    base = {"type": "normal", "services": ["shop"], "status": "closed", "result": result}
    return {"kind": "Change", "metadata": {"name": name}, "spec": {**base, **spec}}


def risk(
    spec: dict[str, Any] | None = None, *records: dict[str, Any], proposal: Proposal | None = None, now: datetime = NOW
) -> Risk:
    change = {"kind": "Change", "metadata": {"name": "chg-20261120-new"}, "spec": {**PLAN, **(spec or {})}}
    facts = Facts.from_records([*(records or [service("shop")]), MODEL])
    return assess(change, facts, now, proposal=proposal)


def found(name: str, answer: Risk) -> tuple[int, str]:
    factor = next(factor for factor in answer.factors if factor.name == name)
    return factor.points, factor.value


def test_the_distance_of_dependents_weighs() -> None:
    chain = [service("shop"), service("a", "shop"), service("b", "a"), service("c", "b"), service("d", "c")]
    star = [service("shop"), *(service(name, "shop") for name in "abcd")]
    assert found("blast radius", risk(None, *chain))[1].endswith("weight 7)")
    assert found("blast radius", risk(None, *star))[1].endswith("(4 at distance 1; weight 12)")
    assert found("blast radius", risk()) == (0, "no service fails with them")


def test_a_service_counts_once_at_its_nearest() -> None:
    records = [service("shop"), service("db"), service("a", "shop", "b"), service("b", "db")]
    text = found("blast radius", risk({"services": ["shop", "db"]}, *records))[1]
    assert text == "2 services fail with them (2 at distance 1; weight 6)"


def test_lead_time_counts_from_the_proposal() -> None:
    assert found("lead time", risk()) == (0, "5 days from 2026-11-20T00:00:00Z")
    late = Proposal(datetime(2026, 11, 25, 1, tzinfo=UTC), 0)
    assert found("lead time", risk(proposal=late)) == (1, "7 hours from 2026-11-25T01:00:00Z")
    assert found("lead time", risk({"schedule": {}}))[0] == 1
    assert found("lead time", risk({"type": "standard", "model": "m"}))[0] == 0


def test_the_difference_counts_what_comes_beside() -> None:
    counts = {
        fields: found("size of the difference", risk(proposal=Proposal(None, fields)))[0] for fields in (20, 21, 101)
    }
    assert counts == {20: 0, 21: 1, 101: 2}
    assert found("size of the difference", risk()) == (0, "not judged in a pull request")


def test_a_rehearsal_to_come_is_a_plan() -> None:
    backout = {"steps": ["Back."], "minutes": 10, "rehearsedOn": "2026-11-23"}
    assert found("back-out", risk({"backout": backout})) == (1, "planned, to be rehearsed on 2026-11-23")


def test_history_shows_interval_and_sample() -> None:
    history = [past(f"old-{n}", "successful" if n else "failed") for n in range(10)]
    text = found("history of the services", risk(None, service("shop"), *history))[1]
    assert text == (
        "9 of 10 earlier changes of these services succeeded (expected 90 %, 95 % credible 74 % to 99 %; of all 90 %)"
    )


def blames(change: str, detected: str) -> dict[str, Any]:
    spec = {"services": ["shop"], "status": "new", "detectedAt": detected, "causedBy": change}
    return {"kind": "Incident", "metadata": {"name": f"inc-{change}"}, "spec": spec}


def test_a_change_that_caused_an_incident_did_not_succeed() -> None:
    """Whatever it says of itself, from when on the incident is known; a change without a result counts then, too."""
    history = [past(f"old-{n}", "successful") for n in range(4)]
    running = past("running", "successful", status="implementing")
    del running["spec"]["result"]
    incidents = [blames("old-1", "2026-11-20T08:00:00Z"), blames("running", "2026-11-21T08:00:00Z")]
    for records, said in (
        ([*history, running], "4 of 4"),
        ([*history, running, incidents[0]], "3 of 4"),
        ([*history, running, *incidents], "3 of 5"),
    ):
        assert found("history of the services", risk(None, service("shop"), *records))[1].startswith(said)
    before = datetime(2026, 11, 20, 7, 59, 59, tzinfo=UTC)
    text = found("history of the services", risk(None, service("shop"), *history, *incidents, now=before))[1]
    assert text.startswith("4 of 4"), "nobody knew of it yet"


def test_earlier_changes_are_those_that_had_ended() -> None:
    times = ["2026-11-10T08:00:00Z", "2026-11-15T08:00:00Z", "2026-11-21T08:00:00Z", "2026-11-23T08:00:00Z"]
    history = [past(f"old-{n}", "failed", actual={"start": at, "end": at}) for n, at in enumerate(times)]
    over = {"status": "closed", "result": "successful", "schedule": {"start": times[1], "end": times[2]}}
    for spec, said in (
        (None, "0 of 3"),  # planned: what is known now
        (over, "0 of 2"),  # over: what was known when it began
        ({**over, "status": "scheduled"}, "0 of 3"),  # a plan cannot date itself back
        ({**over, "schedule": {}, "actual": {"start": times[0]}}, "0 of 1"),
    ):
        answer = risk(spec, service("shop"), *history)
        assert found("history of the services", answer)[1].startswith(f"{said} earlier changes")


def test_a_model_has_its_own_history() -> None:
    history = [past(f"old-{n}", "failed", type="standard", model="m", services=["other"]) for n in range(4)]
    answer = risk({"type": "standard", "model": "m"}, service("shop"), *history)
    assert found("history of the model", answer)[0] == 2
    assert found("history of the model", risk())[0] == 0


def test_leaving_out_never_pays() -> None:
    """Without an estimate, a schedule or a statement about data nothing gets better."""
    whole = risk()
    for key in ("test", "backout", "schedule"):
        spec = {name: value for name, value in PLAN.items() if name != key}
        change = {"kind": "Change", "metadata": {"name": "chg-20261120-new"}, "spec": spec}
        less = assess(change, Facts.from_records([service("shop")]), NOW)
        assert sum(f.points for f in less.factors) > sum(f.points for f in whole.factors), key


def test_a_declared_level_can_only_raise() -> None:
    assert risk({"risk": {"level": "very-high"}}).level == "very-high"
    low = risk(
        {"risk": {"level": "low"}, "test": {}, "backout": {}, "type": "emergency", "outage": {"expected": "full"}}
    )
    assert (low.declared, low.level) == ("low", low.derived)
    assert low.derived != "low"


def test_an_own_table_counts() -> None:
    table, problems = read_table({"matrix": {impact: ["very-high"] * 4 for impact in LEVELS}})
    assert problems == []
    change = {"kind": "Change", "metadata": {"name": "x"}, "spec": PLAN}
    assert assess(change, Facts.from_records([service("shop")]), NOW, table).level == "very-high"


RESULTS = st.lists(st.booleans(), max_size=12)
BETTER: dict[str, list[Any]] = {
    # for each input its values, the best first
    "type": ["normal", "emergency"],
    "test": [PLAN["test"], {"passed": True}, {}],
    "backout": [PLAN["backout"], {"steps": ["Back."], "minutes": 10}, {}],
    "outage": [{"expected": "none"}, {"expected": "degraded"}, {"expected": "full"}],
    "tier": [4, 3, 2, 1],
    "data": ["public", "internal", "confidential", None, "secret"],
    "window": [600, 60, 24, 20, 0],
    "lead": [2000, 48, 24, 23, 1],
    "fields": [0, 20, 21, 100, 101, 500],
    "services": [1, 2, 3, 4, 6],
    "dependents": [0, 1, 4, 5, 11, 30],
    "distance": [4, 3, 2, 1],
}
CHOICES = st.fixed_dictionaries({name: st.integers(0, len(values) - 1) for name, values in BETTER.items()})


def total(choice: dict[str, int], results: list[bool]) -> tuple[int, int, Risk]:
    """Likelihood points, impact points and the answer for one choice of every input."""
    value = {name: copy.deepcopy(BETTER[name][index]) for name, index in choice.items()}
    names = [f"s{index}" for index in range(value["services"])]
    security = {"security": {"dataClassification": value["data"]}} if value["data"] else {}
    records = [service(name, tier=value["tier"], **security) for name in names]
    between = ["s0", *(f"hop-{n}" for n in range(1, value["distance"]))]
    # The services in between are there whatever the distance: only where the others hang on changes.
    records += [service(f"hop-{n}", "s0" if n == 1 else f"hop-{n - 1}") for n in range(1, 4)]
    records += [service(f"user-{n}", between[-1]) for n in range(value["dependents"])]
    records += [past(f"old-{n}", "successful" if ok else "failed", services=["s0"]) for n, ok in enumerate(results)]
    spec = {name: value[name] for name in ("type", "test", "backout", "outage")} | {"services": names}
    minutes = value["window"]
    spec["schedule"] = {"start": "2026-11-25T08:00:00Z"}
    if minutes:
        end = datetime(2026, 11, 25, 8 + minutes // 60, minutes % 60, tzinfo=UTC)
        spec["schedule"]["end"] = end.strftime("%Y-%m-%dT%H:%M:%SZ")
    start = datetime(2026, 11, 25, 8, tzinfo=UTC)
    answer = risk(spec, *records, proposal=Proposal(start - timedelta(hours=value["lead"]), value["fields"]))
    sums = {side: sum(f.points for f in answer.factors if f.dimension == side) for side in ("likelihood", "impact")}
    return sums["likelihood"], sums["impact"], answer


@given(choice=CHOICES, results=RESULTS, which=st.sampled_from(sorted(BETTER)))
def test_improving_one_input_never_raises_the_risk(choice: dict[str, int], results: list[bool], which: str) -> None:
    likelihood, impact, before = total(choice, results)
    for better in range(choice[which]):
        other_likelihood, other_impact, after = total({**choice, which: better}, results)
        assert other_likelihood <= likelihood
        assert other_impact <= impact
        assert LEVELS.index(after.level) <= LEVELS.index(before.level)


@given(choice=CHOICES, results=RESULTS, at=st.integers(0, 11))
def test_a_better_history_never_raises_the_risk(choice: dict[str, int], results: list[bool], at: int) -> None:
    before = total(choice, results)[2]
    for better in ([*results, True], [ok or index == at for index, ok in enumerate(results)]):
        assert LEVELS.index(total(choice, better)[2].level) <= LEVELS.index(before.level)


@pytest.mark.parametrize("level", LEVELS)
def test_a_declaration_is_monotone(level: str) -> None:
    assert LEVELS.index(risk({"risk": {"level": level}}).level) >= LEVELS.index(risk().level)
