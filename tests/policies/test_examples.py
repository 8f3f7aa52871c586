"""Examples of policies are their tests: the runner, and the policies of this repository."""

from __future__ import annotations

from typing import Any

import pytest

from itsm_as_code.policies import examples
from itsm_as_code.policies.examples import DEFAULT_NOW, ExampleResult, example_problems, run_examples
from itsm_as_code.policies.fixtures import no_fixtures
from itsm_as_code.policies.policy import Policy
from itsm_as_code.records.catalogue import Catalogue
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.reading import load_catalogue
from itsm_as_code.snapshot import WorkTree
from tests.conftest import ROOT, SMALL
from tests.snapshots import Memory, record_of

REGISTRY = KindRegistry.load()


def policies(catalogue: Catalogue) -> list[Policy]:
    return [Policy(record) for record in catalogue.of_kind("Policy")]


FILES = {str(file.relative_to(ROOT)): file.read_bytes() for file in sorted(ROOT.glob("policies/**/*.yaml"))}
OWN = policies(load_catalogue(Memory(FILES), REGISTRY))
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


def test_each_example_is_judged_with_its_own_records() -> None:
    """One and true are the same to Python, and not to a policy."""
    example = "    - {name: NAME, expect: pass, object: {kind: Service, metadata: {name: a}, spec: {tier: 1}}, "
    example += "context: {records: [{kind: Team, metadata: {name: t}, spec: {a: VALUE}}]}}\n"
    values = ("1", "true", "1.0", "'1'", "1")
    text = TEXT.replace("REQUIRE", "type(record('Team', 't').spec.a) == int")
    text = text.split("    - name: only")[0] + "".join(
        example.replace("NAME", f"n{index}").replace("VALUE", value) for index, value in enumerate(values)
    )
    told = [result.actual for result in run_examples(Policy(record_of(text, REGISTRY)))]
    assert told == ["pass", "fail", "fail", "fail", "pass"]


def test_an_example_means_the_same_for_ever() -> None:
    assert one(f"now == timestamp('{DEFAULT_NOW.isoformat()}')").ok


def problems(*texts: str) -> list[tuple[str, str]]:
    made = [Policy(record_of(text, REGISTRY)) for text in texts]
    return [(policy.name, problem.message) for policy, problem in example_problems(made, no_fixtures)]


def policy_named(name: str, require: str, more: str = "") -> str:
    return TEXT.replace("REQUIRE", require).replace("runner", name) + more


def test_what_does_not_hold_is_one_problem_of_its_policy() -> None:
    again = "    - {name: again, expect: pass, object: {kind: Service, spec: {tier: 2}}}\n"
    assert problems(policy_named("a", "object.spec.tier == 1")) == []
    assert problems(policy_named("a", "object.spec.tier == 3", again)) == [
        ("a", "2 of 2 examples do not hold: 'only' is to pass, and fails: said")
    ]
    assert problems(policy_named("a", "object.spec.tier == 1", again)) == [
        ("a", "1 of 2 examples do not hold: 'again' is to pass, and fails: said")
    ]
    (said,) = problems(policy_named("a", "object.spec.nothing == 1"))
    assert "'only' is to pass, and gives no answer: policy a could not be evaluated" in said[1]
    assert problems(policy_named("a", "objct == 1")) == []  # the rule for what does not compile says so


def test_one_example_that_takes_too_long_stops_them_all() -> None:
    """What could not be run has not passed, and nobody waits for the rest of it."""
    numbers = ", ".join(["1"] * 9_000)
    slow = f"    - {{name: slow, expect: pass, object: {{kind: Service, spec: {{tier: 1, list: [{numbers}]}}}}}}\n"
    grows = "object.spec.list.map(x, object.spec.list.map(y, y)).size() > 0"
    require = f"object.spec.tier == 1 && (!has(object.spec.list) || {grows})"
    found = problems(policy_named("a", require, slow * 3), policy_named("b", "1 == 1"))
    assert [name for name, _ in found] == ["a", "b"]
    assert "1 of 2 examples do not hold: 'slow' is to pass, and gives no answer" in found[0][1]
    assert found[1][1] == "its examples were not all run: 'slow' of a takes too much time or memory"


@pytest.mark.parametrize(("limit", "most"), [("MOST_EXAMPLES", 3), ("MOST_RECORDS", 2)])
def test_so_many_examples_are_run_and_no_more(limit: str, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examples, limit, most)
    records = "context: {records: [{kind: Team, metadata: {name: a}}, {kind: Team, metadata: {name: b}}]}"
    more = f"    - {{name: more, expect: pass, object: {{kind: Service}}, {records}}}\n"
    found = problems(policy_named("a", "1 == 1", more), policy_named("b", "1 == 1", more))
    assert [(name, message[:36]) for name, message in found] == [("b", "its examples were not all run: more ")]
