"""Examples of policies are their tests: the runner, and the policies of this repository."""

from __future__ import annotations

from typing import Any

import pytest

from itsm_as_code.policies.engine import Policy
from itsm_as_code.policies.examples import DEFAULT_NOW, ExampleResult, run_examples
from itsm_as_code.records.catalogue import Catalogue, load_catalogue
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.snapshot import WorkTree
from tests.conftest import ROOT, SMALL
from tests.snapshots import record_of

REGISTRY = KindRegistry.load()


def policies(catalogue: Catalogue) -> list[Policy]:
    return [Policy(record) for record in catalogue.of_kind("Policy")]


OWN = policies(load_catalogue(WorkTree(ROOT), REGISTRY))
OWN += policies(load_catalogue(WorkTree(SMALL), REGISTRY))


def test_this_repository_has_policies() -> None:
    assert len(OWN) > 30


@pytest.mark.parametrize("policy", OWN, ids=lambda policy: policy.name)
def test_the_examples_of_a_policy_hold(policy: Policy) -> None:
    results = list(run_examples(policy))
    assert [f"{result.name}: {result.actual} ({result.message})" for result in results if not result.ok] == []
    assert {"pass", "fail"} <= {result.expected for result in results}
    for result in results:
        if result.actual == "fail":
            assert result.message
            assert result.message != policy.record.title, f"{result.name}: the message cannot be worked out"


@pytest.mark.parametrize("policy", OWN, ids=lambda policy: policy.name)
def test_the_examples_of_a_policy_can_fail(policy: Policy) -> None:
    """A policy that says the opposite fails at least one of its examples."""
    spec = {**policy.record.spec, "require": f"!({policy.record.spec['require']})"}
    assert not all(result.ok for result in run_examples(changed(policy, spec)))


@pytest.mark.parametrize("policy", OWN, ids=lambda policy: policy.name)
def test_the_examples_of_a_policy_speak_of_its_kinds(policy: Policy) -> None:
    for example in policy.record.spec["examples"]:
        if example["expect"] != "skip":
            assert example["object"]["kind"] in policy.kinds, example["name"]


def changed(policy: Policy, spec: dict[str, Any]) -> Policy:
    from dataclasses import replace

    return Policy(replace(policy.record, data={**policy.record.data, "spec": spec}))


TEXT = """\
apiVersion: itsm/v1
kind: Policy
metadata: {name: runner, title: Runner}
spec:
  severity: error
  match: {kinds: [Service]}
  require: REQUIRE
  message: "'said'"
  remedy: x
  examples:
    - name: only
      expect: pass
      object: {kind: Service, metadata: {name: a}, spec: {tier: 1}}
"""


def one(require: str, context: str = "", **replace: str) -> ExampleResult:
    text = TEXT.replace("REQUIRE", require) + context
    for old, new in replace.items():
        text = text.replace(old, new)
    (result,) = run_examples(Policy(record_of(text, REGISTRY)))
    return result


def test_what_an_example_says_is_compared() -> None:
    assert one("object.spec.tier == 1").ok
    assert (one("object.spec.tier == 2").actual, one("object.spec.tier == 2").message) == ("fail", "said")
    assert one("object.spec.tier == 2", pass_="x").ok is False
    assert one("object.spec.tier == 2", **{"expect: pass": "expect: fail"}).ok
    assert one("true", **{"kind: Service, metadata": "kind: Team, metadata"}).actual == "skip"
    assert one("object.spec.nothing == 1").actual == "error"
    broken = one("objct.spec.tier == 1")
    assert (broken.actual, broken.ok) == ("error", False)
    assert broken.message == "does not compile: undeclared reference to 'objct.spec.tier'"
    assert broken.pointer == ("spec", "examples", 0)


def test_an_example_brings_what_it_is_judged_with() -> None:
    record = "{kind: Team, metadata: {name: t}, spec: {members: [a]}}"
    assert one("record('Team', 't').spec.members == ['a']", f"      context: {{records: [{record}]}}\n").ok
    assert one("record('Team', 't') == null").ok
    assert one("risk.level == 'high'", "      context: {risk: {level: high}}\n").ok
    assert one("change.spec.type == 'normal'", "      context: {change: {spec: {type: normal}}}\n").ok
    assert one("request.author == 'alice'", "      context: {request: {author: alice}}\n").ok
    assert one("old.spec.tier == 2", "      old: {spec: {tier: 2}}\n").ok
    assert one("now == timestamp('2026-05-01T00:00:00Z')", '      context: {now: "2026-05-01T00:00:00Z"}\n').ok


def test_an_example_means_the_same_for_ever() -> None:
    assert one(f"now == timestamp('{DEFAULT_NOW.isoformat()}')").ok
