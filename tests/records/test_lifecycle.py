"""Lifecycles: every pair of states of every kind, and what each state requires and freezes."""

from __future__ import annotations

import copy
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from itsm_as_code.findings import RecordId
from itsm_as_code.records.catalogue import Record
from itsm_as_code.records.diff import RecordDiff, diff_data
from itsm_as_code.records.kinds import Kind, KindRegistry
from itsm_as_code.records.lifecycle import required_problems, transition_of, transition_problems

REGISTRY = KindRegistry.load()
WITH_STATES = [kind for kind in REGISTRY if kind.lifecycle is not None]

# What design/records.md says, written down a second time; one letter less there or in a schema and a test fails.
CHANGE = {
    "draft": "proposed cancelled",
    "proposed": "authorised rejected cancelled",
    "authorised": "scheduled cancelled",
    "scheduled": "implementing cancelled",
    "implementing": "implemented backed-out failed",
    "implemented": "reviewed",
    "backed-out": "reviewed",
    "failed": "reviewed",
    "reviewed": "closed",
    "closed": "",
    "cancelled": "",
    "rejected": "",
}
ALLOWED: dict[str, dict[str, str]] = {
    "BusinessCase": {
        "draft": "proposed",
        "proposed": "approved rejected draft",
        "approved": "realised stopped",
        "rejected": "",
        "realised": "",
        "stopped": "",
    },
    "Change": CHANGE,
    "Improvement": {
        "proposed": "accepted declined",
        "accepted": "in-progress",
        "declined": "",
        "in-progress": "done",
        "done": "measured",
        "measured": "",
    },
    "Initiative": {"planned": "running stopped", "running": "embedded stopped", "embedded": "", "stopped": ""},
    "KnowledgeArticle": {"draft": "published", "published": "retired", "retired": ""},
    "Problem": {
        "new": "investigating",
        "investigating": "known-error",
        "known-error": "resolved",
        "resolved": "closed",
        "closed": "",
    },
    "Release": {
        "planned": "built",
        "built": "deployed",
        "deployed": "verified rolled-back",
        "verified": "closed",
        "closed": "",
        "rolled-back": "",
    },
    "Risk": {
        "identified": "assessed",
        "assessed": "treating",
        "treating": "accepted closed",
        "accepted": "assessed closed",
        "closed": "",
    },
    "ServiceRequest": {
        "submitted": "approved declined",
        "approved": "in-progress",
        "declined": "",
        "in-progress": "fulfilled",
        "fulfilled": "closed",
        "closed": "",
    },
    "Incident": {
        "new": "acknowledged cancelled",
        "acknowledged": "in-progress on-hold cancelled",
        "in-progress": "restored on-hold cancelled",
        "on-hold": "in-progress cancelled",
        "restored": "resolved",
        "resolved": "closed in-progress",
        "closed": "",
        "cancelled": "",
    },
    "Service": {
        "design": "transition retired",
        "transition": "live design retired",
        "live": "deprecated retired",
        "deprecated": "live retired",
        "retired": "",
    },
}


NOT_IN_ONE_GO = {
    ("Change", old): "implementing implemented backed-out failed reviewed closed" for old in ("draft", "proposed")
}
"""Borders: what a pull request does not make of a record that is still there on the base."""


def reachable(kind: str, old: str, new: str) -> bool:
    """Whether a path leads from a state to another one that no border lies before."""
    reached = [old]
    for state in reached:
        reached += [following for following in ALLOWED[kind][state].split() if following not in reached]
    return new in reached and new not in NOT_IN_ONE_GO.get((kind, old), "").split()


def record(kind: Kind, **spec: Any) -> Record:
    """A record of a kind with nothing but a spec."""
    data = {"apiVersion": "itsm/v1", "kind": kind.name, "metadata": {"name": "x", "title": "X"}, "spec": spec}
    return Record(RecordId(kind.name, "x"), kind, data, f"{kind.folder}/x.yaml", b"")


def diff(old: Record | None, new: Record | None) -> RecordDiff:
    fields = tuple(diff_data(old.data if old else None, new.data if new else None))
    some = new or old
    assert some is not None
    return RecordDiff(some.id, old, new, fields)


def field_of(kind: Kind) -> str:
    assert kind.lifecycle is not None
    return str(kind.lifecycle["field"]).removeprefix("/spec/")


def put(data: Any, parts: list[str], value: Any) -> None:
    """Put a value at a path, making the mappings on the way."""
    for part in parts[:-1]:
        if not isinstance(data.get(part), dict):
            data[part] = {}
        data = data[part]
    data[parts[-1]] = value


def rules(step: RecordDiff) -> list[str]:
    return sorted({rule.id for rule, _ in transition_problems(step)})


@pytest.mark.parametrize("kind", WITH_STATES, ids=lambda kind: kind.name)
def test_the_states_are_those_of_the_schema(kind: Kind) -> None:
    assert kind.lifecycle is not None
    node: Any = kind.schema["properties"]["spec"]["properties"][field_of(kind)]
    assert set(node["enum"]) == kind.lifecycle["transitions"].keys()


@pytest.mark.parametrize("kind", WITH_STATES, ids=lambda kind: kind.name)
def test_what_may_change_has_a_way_to_its_end(kind: Kind) -> None:
    """A state that is not final and that nothing follows holds its record open for ever."""
    assert kind.lifecycle is not None
    last = [state for state, following in kind.lifecycle["transitions"].items() if not following]
    assert sorted(last) == sorted(kind.lifecycle.get("final", []))


@pytest.mark.parametrize("kind", WITH_STATES, ids=lambda kind: kind.name)
def test_every_step_is_allowed_or_refused(kind: Kind) -> None:
    lifecycle = kind.lifecycle
    assert lifecycle is not None
    assert kind.name in ALLOWED, "write down here what the lifecycle of this kind allows"
    field, final = field_of(kind), lifecycle.get("final", [])
    assert lifecycle["transitions"].keys() == ALLOWED[kind.name].keys()
    for old, new in product(ALLOWED[kind.name], repeat=2):
        step = diff(record(kind, **{field: old, "type": "normal"}), record(kind, **{field: new, "type": "normal"}))
        allowed = reachable(kind.name, old, new)
        expected = [] if allowed else ["lifecycle-final"] if old in final else ["lifecycle-transition"]
        assert [rule for rule in rules(step) if rule != "lifecycle-required"] == expected, (old, new)
        transition = transition_of(step)
        assert (transition is None) is (old == new)
        if transition is not None:
            assert (transition.old, transition.new, transition.allowed) == (old, new, allowed), (old, new)


@pytest.mark.parametrize(
    ("change_type", "old", "new", "allowed"),
    [
        ("standard", "draft", "scheduled", True),
        ("normal", "draft", "scheduled", True),
        ("emergency", "draft", "scheduled", True),
        ("emergency", "draft", "implementing", True),
        ("normal", "draft", "implementing", False),
        ("standard", "draft", "implementing", False),
        ("standard", None, "scheduled", True),
        ("normal", None, "scheduled", True),
        ("emergency", None, "implementing", True),
        ("normal", None, "implementing", False),
        ("normal", None, "draft", True),
        ("normal", None, "proposed", True),
        ("normal", None, "closed", False),
        ("normal", None, "authorised", True),
        ("normal", "draft", None, True),
        ("normal", "proposed", None, True),
        ("normal", "authorised", None, False),
        ("standard", "scheduled", None, False),
    ],
)
def test_the_type_of_a_change_decides(change_type: str, old: str | None, new: str | None, allowed: bool) -> None:
    kind = REGISTRY["Change"]
    before = record(kind, status=old, type=change_type) if old else None
    after = record(kind, status=new, type=change_type) if new else None
    step = diff(before, after)
    transition = transition_of(step)
    assert transition is not None
    assert transition.allowed is allowed
    assert ("lifecycle-transition" in rules(step)) is not allowed


def test_refusals_say_what_would_be_allowed() -> None:
    kind = REGISTRY["Change"]
    step = diff(record(kind, status="proposed", type="normal"), record(kind, status="closed", type="normal"))
    ((_, problem),) = transition_problems(step)
    assert problem.message == "a change that is still proposed cannot be closed in one pull request"
    assert problem.remedy.startswith("merge it as scheduled first")
    assert problem.pointer == ("spec", "status")
    ((_, problem),) = transition_problems(diff(None, record(kind, status="closed", type="normal")))
    assert problem.message == "a change that is new cannot be closed in one pull request"
    step = diff(record(kind, status="implemented", type="normal"), record(kind, status="scheduled", type="normal"))
    ((_, problem),) = transition_problems(step)
    assert problem.message == "no path of the lifecycle leads from implemented to scheduled"
    assert problem.remedy == "from implemented it goes to: reviewed"
    ((_, problem),) = transition_problems(diff(record(kind, status="failed", type="normal"), None))
    assert problem.message == "a record that is failed cannot be deleted"


@pytest.mark.parametrize("state", ["closed", "cancelled", "rejected"])
def test_a_final_record_never_changes_but_for_links_and_annotations(state: str) -> None:
    kind = REGISTRY["Change"]
    old = record(kind, status=state, type="normal", summary="x")

    def changed(**metadata: Any) -> Record:
        new = copy.deepcopy(old.data)
        new["metadata"] |= metadata
        return replace(old, data=new)

    assert rules(diff(old, changed(links=[{"title": "a", "url": "https://a.example"}]))) == []
    assert rules(diff(old, changed(annotations={"a": "b"}))) == []
    assert rules(diff(old, changed(title="Y"))) == ["lifecycle-final"]
    assert rules(diff(old, changed(labels={"a": "b"}))) == ["lifecycle-final"]
    assert rules(diff(old, record(kind, status=state, type="normal", summary="y"))) == ["lifecycle-final"]
    assert rules(diff(old, record(kind, status=state, type="emergency", summary="x"))) == ["lifecycle-final"]
    assert rules(diff(old, None)) == ["lifecycle-final"]
    assert rules(diff(old, replace(old, path="changes/elsewhere/x.yaml"))) == ["lifecycle-final"]


def test_the_type_of_a_change_is_settled_in_draft() -> None:
    kind = REGISTRY["Change"]
    for state in set(CHANGE) - {"closed", "cancelled", "rejected"}:
        step = diff(record(kind, status=state, type="normal"), record(kind, status=state, type="emergency"))
        assert rules(step) == ([] if state == "draft" else ["lifecycle-frozen"]), state


def test_a_step_and_another_type_at_once_is_refused() -> None:
    """Otherwise a normal change would become an emergency on its way to being implemented."""
    kind = REGISTRY["Change"]
    step = diff(record(kind, status="proposed", type="normal"), record(kind, status="authorised", type="emergency"))
    assert rules(step) == ["lifecycle-frozen"]
    step = diff(record(kind, status="draft", type="normal"), record(kind, status="implementing", type="emergency"))
    assert rules(step) == ["lifecycle-transition"], "the type is that of the base, and its border holds"


@pytest.mark.parametrize("kind", WITH_STATES, ids=lambda kind: kind.name)
def test_each_state_requires_its_fields(kind: Kind) -> None:
    assert kind.lifecycle is not None
    field = field_of(kind)
    for state, entries in kind.lifecycle.get("required", {}).items():
        bare = record(kind, **{field: state, "type": "normal"})
        wanted = {entry if isinstance(entry, str) else entry["field"] for entry in entries}
        assert {"/" + "/".join(map(str, problem.pointer)) for problem in required_problems(bare)} == wanted
        full = copy.deepcopy(bare.data)
        for pointer in wanted:
            parts = pointer.split("/")[1:]
            put(full, parts, {})
        assert list(required_problems(replace(bare, data=full))) == []
        for pointer in wanted:  # a key without a value is not there
            parts = pointer.split("/")[1:]
            empty = copy.deepcopy(full)
            put(empty, parts, None)
            assert [problem.pointer for problem in required_problems(replace(bare, data=empty))] == [tuple(parts)]


@pytest.mark.parametrize(
    ("name", "state", "said"), [("Change", "scheduled", "a change"), ("Incident", "closed", "an incident")]
)
def test_what_is_missing_is_said_in_a_sentence(name: str, state: str, said: str) -> None:
    kind = REGISTRY[name]
    problems = list(required_problems(record(kind, **{field_of(kind): state, "type": "normal"})))
    assert problems
    for problem in problems:
        assert problem.message == f"{said} that is {state} needs {'.'.join(map(str, problem.pointer))}"


def test_a_standard_change_takes_its_plans_from_its_model() -> None:
    kind = REGISTRY["Change"]
    missing = [problem.pointer[1] for problem in required_problems(record(kind, status="scheduled", type="standard"))]
    assert missing == ["justification", "schedule"]
    missing = [
        problem.pointer[1] for problem in required_problems(record(kind, status="implementing", type="emergency"))
    ]
    assert missing == ["schedule", "backout"]


def test_a_state_that_is_no_text_stops_nothing() -> None:
    """A record that breaks its schema still goes through the gate's diff."""
    kind = REGISTRY["Change"]
    for state in ([], {}, 5, None, True):
        broken = record(kind, status=state, type="normal")
        assert rules(diff(record(kind, status="draft", type="normal"), broken)) == ["lifecycle-transition"]
        assert rules(diff(broken, record(kind, status="draft", type="normal"))) == ["lifecycle-transition"]
        assert list(required_problems(broken)) == []


def test_a_kind_without_states_has_no_lifecycle() -> None:
    kind = REGISTRY["Team"]
    step = diff(record(kind, members=["a"]), record(kind, members=["b"]))
    assert transition_of(step) is None
    assert rules(step) == []
    assert list(required_problems(record(kind))) == []
