"""Promises of agreements: which are longer, which are in force, and what the promises below them compose to."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from itsm_as_code.records.facts import Facts
from itsm_as_code.service_levels import Feasibility, Promise, Promises, surely_looser
from tests.conftest import examples

TODAY = date(2026, 11, 22)


def objective(**more: Any) -> dict[str, Any]:
    return {"name": "n", "comparison": "at-most", "unit": "hours", "indicator": "time-to-resolve", "target": "1"} | more


def availability(target: str) -> dict[str, Any]:
    return objective(indicator="availability", unit="percent", comparison="at-least", target=target)


def agreement(name: str, service: str, *objectives: dict[str, Any], **spec: Any) -> dict[str, Any]:
    base = {"type": "sla", "service": service, "effective": {"from": "2026-01-01"}, "objectives": list(objectives)}
    return {"kind": "ServiceLevelAgreement", "metadata": {"name": name}, "spec": base | spec}


def service(name: str, *needs: str, **groups: list[str]) -> dict[str, Any]:
    depends = [{"service": need, "strength": "hard"} for need in needs]
    depends += [
        {"service": member, "strength": "hard", "redundancyGroup": group}
        for group, members in groups.items()
        for member in members
    ]
    return {"kind": "Service", "metadata": {"name": name}, "spec": {"dependsOn": depends}}


def promise(**more: Any) -> Promise:
    return Promises(Facts.from_records([agreement("a", "s", objective(**more))])).all[0]


def test_longer_on_any_clock() -> None:
    assert surely_looser(promise(target="61", unit="minutes"), promise())
    assert not surely_looser(promise(target="60", unit="minutes"), promise())
    assert surely_looser(promise(target="2", hours="office"), promise(target="1"))
    assert surely_looser(promise(target="2", hours="office"), promise(target="1", hours="office"))
    assert not surely_looser(promise(target="2"), promise(target="1", hours="office"))
    assert not surely_looser(promise(target="2", hours="east"), promise(target="1", hours="west"))
    assert not surely_looser(
        promise(target="1", unit="days", hours="office"), promise(target="9", unit="hours", hours="office")
    )
    assert not surely_looser(promise(target="2"), promise(target="1", indicator="time-to-own"))
    assert not surely_looser(promise(target="2", indicator="latency", unit="ms"), promise())


def test_of_several_promises_for_a_dependency_the_highest_counts_and_contracts_only_alone() -> None:
    facts = Facts.from_records(
        [
            service("s", "db", "net"),
            service("db"),
            service("net"),
            agreement("s-sla", "s", availability("99")),
            agreement("db-sla", "db", availability("99.5")),
            agreement("db-ola", "db", availability("99.9"), type="ola"),
            agreement("db-contract", "db", availability("99.99"), type="underpinning"),
            agreement("net-contract", "net", availability("99.8"), type="underpinning"),
            agreement("net-old", "net", availability("99.99"), effective={"from": "2025-01-01", "until": "2026-11-22"}),
        ]
    )
    feasibility = Feasibility(facts, TODAY)
    [own] = [item for item in feasibility.promises() if item.service == "s"]
    result = feasibility.composition(own)
    assert result.bound == Fraction("0.999") * Fraction("0.998")
    assert [item.names for item in result.weakest] == [("net",)]
    assert result.unknown == ()


def test_supporting_agreements_of_the_same_service_come_in_series() -> None:
    facts = Facts.from_records(
        [
            service("s"),
            agreement("sla", "s", availability("99")),
            agreement("ola", "s", availability("99.5"), type="ola"),
            agreement("contract", "s", availability("99.9"), type="underpinning"),
        ]
    )
    feasibility = Feasibility(facts, TODAY)
    bounds = {item.type: feasibility.composition(item).bound for item in feasibility.promises()}
    assert bounds == {"sla": Fraction("0.995") * Fraction("0.999"), "ola": Fraction("0.999")}


@settings(max_examples=examples(30))
@given(st.data())
def test_what_is_surely_feasible_is_feasible(data: st.DataObject) -> None:
    names = [f"s{index}" for index in range(6)]
    targets = st.integers(0, 1000).map(lambda value: f"{100 - value / 1000:.3f}")
    records = []
    for at, name in enumerate(names):
        below = names[at + 1 :]
        some = st.lists(st.sampled_from(below), unique=True, max_size=3) if below else st.just([])
        records += [
            service(name, *data.draw(some), g=data.draw(some)),
            agreement(f"{name}-sla", name, availability(data.draw(targets))),
        ]
    feasibility = Feasibility(Facts.from_records(records), TODAY)
    for item in feasibility.promises():
        if feasibility.surely_feasible(item):
            assert item.availability is not None
            assert item.availability <= feasibility.composition(item).bound
