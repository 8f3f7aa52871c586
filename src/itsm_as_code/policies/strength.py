"""How strong the examples of a policy are: which mutants of its expressions no example tells from the original."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import orjson

from itsm_as_code.errors import ConfigurationError
from itsm_as_code.findings import Pointer
from itsm_as_code.policies.cel import Activation, CompileError, Environment, Mutant, SyntaxProblem, mutants
from itsm_as_code.policies.examples import context_of, environment_of
from itsm_as_code.policies.fixtures import Fixtures, no_fixtures
from itsm_as_code.policies.policy import Policy


@dataclass(frozen=True, slots=True)
class Survivor:
    """A mutant that every example answers as before: its expression by pointer, and the change."""

    pointer: Pointer
    mutant: Mutant


@dataclass(frozen=True, slots=True)
class Strength:
    """How many mutants of a policy there are (those that compile), and which of them survive."""

    policy: Policy
    total: int
    survivors: tuple[Survivor, ...]

    @property
    def killed(self) -> int:
        return self.total - len(self.survivors)


def share(strengths: Iterable[Strength]) -> Fraction | None:
    """The share of mutants that are killed; None when there is no mutant."""
    strengths = list(strengths)
    total = sum(strength.total for strength in strengths)
    return Fraction(sum(strength.killed for strength in strengths), total) if total else None


def strength_of(policy: Policy, fixtures: Fixtures = no_fixtures) -> Strength:
    """Try every mutant of ``where`` and ``require`` on the examples of a policy. ``message`` is not mutated.

    A mutant is killed when the policy with it says something else (passes, fails, skips, could not be evaluated) of one
    example. One that does not compile is not counted.
    """
    total = 0
    survivors: list[Survivor] = []
    groups = _groups(policy, fixtures)
    for pointer, expression in policy.expressions():
        if pointer == ("spec", "message"):
            continue
        try:
            changes = mutants(expression)
            answers = [group.answers(policy) for group in groups]
        except (SyntaxProblem, CompileError):
            continue  # `itsm policy test` and `itsm validate` say so
        for mutant in changes:
            changed = _with(policy, pointer, mutant.expression)
            try:
                if groups:  # every environment compiles alike
                    groups[0].environment.compile(mutant.expression)
                killed = any(group.answers(changed) != was for group, was in zip(groups, answers, strict=True))
            except CompileError:
                continue
            total += 1
            if not killed:
                survivors.append(Survivor(pointer, mutant))
    return Strength(policy, total, tuple(survivors))


@dataclass(frozen=True, slots=True)
class _Group:
    """Examples with the same records and instant, which share an environment: compiling is what takes time."""

    environment: Environment
    cases: tuple[tuple[Any, Activation], ...]
    """The object of each example, and its activation."""

    def answers(self, policy: Policy) -> list[str]:
        """What a policy says of each example."""
        return [policy.judge(data, self.environment, activation)[0] for data, activation in self.cases]


def _groups(policy: Policy, fixtures: Fixtures) -> list[_Group]:
    by_facts: dict[bytes, list[Any]] = {}
    for example in policy.record.spec["examples"]:
        context = example.get("context", {})
        facts = [context.get(name) for name in ("fixture", "records", "now")]
        by_facts.setdefault(orjson.dumps(facts), []).append(example)
    groups = []
    for examples in sorted(by_facts.values(), key=len, reverse=True):
        try:
            environment = environment_of(examples[0], fixtures)
        except ConfigurationError:
            continue  # such an example does not hold either, which its test says
        cases = tuple((example["object"], environment.activation(context_of(example))) for example in examples)
        groups.append(_Group(environment, cases))
    return groups


def _with(policy: Policy, pointer: Pointer, expression: str) -> Policy:
    """The policy with another expression at a pointer into its record."""
    spec = dict(policy.record.spec)
    if pointer == ("spec", "match", "where"):
        spec["match"] = {**spec["match"], "where": expression}
    else:
        spec[str(pointer[-1])] = expression
    return Policy(replace(policy.record, data={**policy.record.data, "spec": spec}), policy.override)
