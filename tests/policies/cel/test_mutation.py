"""Mutants of expressions, and what it takes to kill them."""

from __future__ import annotations

from fractions import Fraction

import pytest

from itsm_as_code.policies.cel.environment import Environment
from itsm_as_code.policies.cel.mutation import mutants
from itsm_as_code.policies.examples import run_examples
from itsm_as_code.policies.policy import Policy
from itsm_as_code.policies.strength import share, strength_of
from itsm_as_code.records.facts import Facts
from tests.policies.test_examples import OWN, REGISTRY, changed
from tests.snapshots import record_of


def texts(expression: str) -> list[str]:
    return [mutant.expression for mutant in mutants(expression)]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a == b", ["a != b"]),
        ("a != b", ["a == b"]),
        ("a < b", ["a <= b", "a >= b"]),
        ("a <= b", ["a < b", "a > b"]),
        ("a > b", ["a <= b", "a >= b"]),
        ("a >= b", ["a < b", "a > b"]),
        ("a + b", ["a - b"]),
        ("a in b", ["!(a in b)"]),
        ("!a", ["a"]),
        ("!!a", ["!a"]),
        ("-a", ["a"]),
        ("7", ["6", "8"]),
        ("-1", ["-2", "0"]),
        ("0u", ["1u"]),
        ("1.5", ["0.5", "2.5"]),
        ("true", ["false"]),
        ("'x'", ["'x~'"]),
        ("''", ["'~'"]),
        (r"'it\'s'", [r"'it\'s~'"]),
        ("period('P2D')", ["period('P1D')", "period('P3D')"]),
        ("period('PT0S')", ["period('PT1S')"]),
        ("'PX'", ["'PX~'"]),
        ("has(a.b)", ["!has(a.b)"]),
        ("!has(a.b)", ["has(a.b)"]),
        ("a.all(x, x)", ["a.exists(x, x)"]),
        ("a.exists(x, x)", ["a.all(x, x)"]),
        ("a.exists_one(x, x)", ["a.exists(x, x)"]),
        ("a && b", ["b", "a", "a || b"]),
        ("a || b || c", ["b || c", "a || c", "a && b || c", "a || b", "a || b && c"]),
        ("(a) && ( (b) )", ["( (b) )", "(a)", "(a) || ( (b) )"]),
        ("f(a && b)", ["f(b)", "f(a)", "f(a || b)"]),
        ("a && a && b", ["a && a", "a && a || b", "a || a && b"]),
        ("a ? (b) : c", ["a ? (c) : ((b))"]),
        ("a.b", []),
        ("null", []),
    ],
)
def test_the_mutants_of_an_expression(expression: str, expected: list[str]) -> None:
    assert sorted(texts(expression)) == sorted(expected)


def test_a_mutant_says_where_it_is_and_what_it_changes() -> None:
    original = "a\n  && b == 'x'"
    found = {(mutant.first, mutant.before, mutant.after) for mutant in mutants(original)}
    assert found == {
        (0, "a\n  && ", ""),
        (4, "\n  && b == 'x'", ""),
        (4, "&&", "||"),
        (9, "==", "!="),
        (12, "'x'", "'x~'"),
    }


@pytest.mark.parametrize("policy", OWN[::3], ids=lambda policy: policy.name)
def test_mutants_are_distinct_and_nearly_all_compile(policy: Policy) -> None:
    environment = Environment(Facts({}))
    for pointer, expression in policy.expressions():
        if pointer[-1] == "message":
            continue
        found = texts(expression)
        assert len(set(found)) == len(found)
        assert expression not in found
        refused = []
        for text in found:
            try:
                environment.compile(text)
            except Exception as error:
                refused.append(f"{text}: {error}")
        # Only an operator between the wrong types may be refused.
        assert len(refused) <= len(found) // 3, refused


@pytest.mark.parametrize("policy", OWN[::12], ids=lambda policy: policy.name)
def test_strength_agrees_with_running_the_examples_of_each_mutant(policy: Policy) -> None:
    """The short cut (only the changed expression is asked) gives what running the whole policy gives."""
    survivors = set()
    spec = policy.record.spec
    before = [result.actual for result in run_examples(policy)]
    for place in ("where", "require"):
        home = spec["match"] if place == "where" else spec
        for mutant in mutants(home.get(place, "null")):
            match = {**spec["match"], "where": mutant.expression} if place == "where" else spec["match"]
            require = mutant.expression if place == "require" else spec["require"]
            after = [
                result.actual for result in run_examples(changed(policy, {**spec, "match": match, "require": require}))
            ]
            if before == after:
                survivors.add((place, mutant.expression))
    found = strength_of(policy).survivors
    assert {(item.pointer[-1], item.mutant.expression) for item in found} == survivors


TEXT = """\
apiVersion: itsm/v1
kind: Policy
metadata: {name: p, title: P}
spec:
  severity: error
  match: {kinds: [Service], where: object.spec.live}
  require: object.spec.tier <= 2
  message: "'said'"
  remedy: x
  examples:
"""
EXAMPLE = "    - {name: %s, expect: %s, object: {kind: %s, spec: %s}}\n"


def weak(*examples: tuple[str, str]) -> Policy:
    """A policy with examples of an expectation and a spec."""
    rows = [EXAMPLE % (number, expect, "Service", spec) for number, (expect, spec) in enumerate(examples)]
    return Policy(record_of(TEXT + "".join(rows), REGISTRY))


def survivors(policy: Policy) -> list[str]:
    return [item.mutant.expression for item in strength_of(policy).survivors]


def test_examples_on_both_sides_of_the_boundary_kill_everything() -> None:
    far = weak(("pass", "{live: true, tier: 1}"), ("fail", "{live: true, tier: 4}"))
    assert survivors(far) == ["object.spec.tier < 2", "object.spec.tier <= 1", "object.spec.tier <= 3"]
    near = weak(("pass", "{live: true, tier: 2}"), ("fail", "{live: true, tier: 3}"))
    assert survivors(near) == []
    assert share([strength_of(far), strength_of(near)]) == Fraction(5, 8)


def test_a_mutant_that_gives_no_answer_is_killed_and_one_that_does_not_compile_is_not_counted() -> None:
    policy = weak(("pass", "{live: true, tier: 2}"), ("fail", "{live: true, tier: 3}"))
    guarded = changed(policy, {**policy.record.spec, "require": "!has(object.spec.x) || object.spec.x == 'y'"})
    assert "object.spec.x == 'y'" not in survivors(guarded)
    typed = changed(policy, {**policy.record.spec, "require": "size('ab' + string(object.spec.tier)) == 3"})
    assert "size('ab' - string(object.spec.tier)) == 3" not in survivors(typed)


def test_an_example_that_does_not_get_as_far_kills_nothing_there() -> None:
    policy = weak(("skip", "{live: false, tier: 2}"), ("skip", "{live: false, tier: 3}"))
    assert len(survivors(policy)) == 4


def test_without_mutants_there_is_no_share() -> None:
    policy = weak(("pass", "{live: true, tier: 2}"))
    spec = {**policy.record.spec, "match": {"kinds": ["Service"]}, "require": "object.spec.live"}
    assert (strength_of(changed(policy, spec)).total, share([strength_of(changed(policy, spec))])) == (0, None)


@pytest.mark.parametrize("every", [5, pytest.param(1, marks=pytest.mark.deep)], ids=["sample", "all"])
def test_the_examples_of_the_shipped_policies_are_strong(every: int) -> None:
    shipped = [policy for policy in OWN if policy.record.path.count("/") > 1]
    found = [strength_of(policy) for policy in shipped[::every]]
    killed = share(found)
    assert killed is not None
    print(f"{sum(strength.total for strength in found)} mutants of {len(found)} policies, {killed} killed")
    assert killed >= Fraction(9, 10), [item for strength in found for item in strength.survivors]
