"""Facts that take over what others know, or are asked for a part of their records, answer as by themselves."""

from __future__ import annotations

from typing import Any

import pytest

from itsm_as_code.records import facts as facts_module
from itsm_as_code.records.facts import Facts

Data = dict[str, Any]


def change(name: str, status: str, **spec: Any) -> Data:
    return {"kind": "Change", "metadata": {"name": name}, "spec": {"services": ["a"], "status": status, **spec}}


CHANGES = {
    "one": change("one", "closed", result="successful", actual={"end": "2026-01-01T00:00:00Z"}),
    "two": change("two", "proposed"),
    "three": change("three", "failed", type="standard", model="m"),
}
INCIDENT = {
    "kind": "Incident",
    "metadata": {"name": "i"},
    "spec": {"causedBy": "one", "detectedAt": "2026-02-01T00:00:00Z"},
}
OF_CHANGES = [name for name, value in vars(Facts).items() if isinstance(value, facts_module._OfChanges)]


def answers(facts: Facts) -> dict[str, Any]:
    found = {name: getattr(facts, name) for name in OF_CHANGES}
    return {name: vars(answer) if hasattr(answer, "__dict__") else answer for name, answer in found.items()}


@pytest.mark.parametrize("name", OF_CHANGES)
def test_the_same_changes_are_looked_through_once(name: str) -> None:
    by_kind: dict[str, dict[str, Data]] = {"Change": CHANGES, "Incident": {"i": INCIDENT}}
    facts = Facts(by_kind)
    assert getattr(Facts({**by_kind, "Service": {}}, facts), name) is getattr(facts, name)
    assert getattr(facts.narrowed("Change", ["two"]), name) is getattr(facts, name)


def test_other_changes_or_incidents_are_other_facts() -> None:
    facts = Facts({"Change": CHANGES, "Incident": {}})
    fewer = {name: data for name, data in CHANGES.items() if name != "one"}
    for by_kind in ({"Change": fewer, "Incident": {}}, {"Change": CHANGES, "Incident": {"i": INCIDENT}}):
        assert answers(Facts(by_kind, facts)) == answers(Facts(by_kind)) != answers(facts)


def test_narrowed_facts_list_less_and_know_as_much() -> None:
    facts = Facts({"Change": CHANGES, "Incident": {"i": INCIDENT}})
    narrowed = facts.narrowed("Change", ["two", "nobody"])
    assert narrowed.records("Change") == [CHANGES["two"]]
    assert narrowed.record("Change", "one") is CHANGES["one"]
    assert narrowed.records("Incident") == [INCIDENT]
    assert answers(narrowed) == answers(facts)


def test_changes_to_come_are_those_that_are_not_over() -> None:
    facts = Facts({"Change": CHANGES})
    assert [data["metadata"]["name"] for data in facts.changes_to_come] == ["two", "three"]
