"""How strong the examples of a policy are: which mutants of its expressions no example tells from the original."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import orjson

from itsm_as_code.errors import ConfigurationError
from itsm_as_code.findings import Pointer
from itsm_as_code.policies.engine import Policy
from itsm_as_code.policies.environment import Activation, CompileError, Environment, EvaluationError
from itsm_as_code.policies.examples import context_of, environment_of
from itsm_as_code.policies.expressions import parse
from itsm_as_code.policies.fixtures import Fixtures, no_fixtures
from itsm_as_code.policies.mutants import Mutant, mutants
from itsm_as_code.policies.tokens import SyntaxProblem


@dataclass(frozen=True, slots=True)
class Survivor:
    """A mutant that every example answers as before: its expression by pointer, that expression, and the change."""

    pointer: Pointer
    original: str
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

    A mutant is killed when its answer (true, false, could not be evaluated) differs from that of the original on one
    example that gets as far as the expression. One that does not compile is not counted.
    """
    total = 0
    survivors: list[Survivor] = []
    groups = _groups(policy, fixtures)
    for pointer, expression in policy.expressions():
        if pointer == ("spec", "message"):
            continue
        try:
            parse(expression)
            questions = [_Question(group, expression, pointer, policy) for group in groups]
        except (SyntaxProblem, CompileError):
            continue  # `itsm policy test` and `itsm validate` say so
        for mutant in mutants(expression):
            killed = _is_killed(mutant, questions)
            if killed is not None:
                total += 1
                if not killed:
                    survivors.append(Survivor(pointer, expression, mutant))
    return Strength(policy, total, tuple(survivors))


@dataclass(frozen=True, slots=True)
class _Group:
    """Examples with the same records and instant, which share an environment: compiling is what takes time."""

    environment: Environment
    cases: tuple[tuple[Any, Any], ...]
    """The object of each example, and its activation."""


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


class _Question:
    """An expression asked of the examples of a group that get as far as it, with the original's answers."""

    def __init__(self, group: _Group, expression: str, pointer: Pointer, policy: Policy) -> None:
        self._environment = group.environment
        self._activations = [
            prepared
            for data, activation in group.cases
            for prepared in _prepared(policy, data, group.environment, activation)
            if _gets_to(policy, pointer, data, group.environment, prepared)
        ]
        self._answers = self._ask(expression)

    def tells(self, expression: str) -> bool:
        """True when some answer is another one; CompileError when the expression makes no sense."""
        return self._ask(expression) != self._answers

    def _ask(self, expression: str) -> Sequence[bool | None]:
        self._environment.compile(expression)
        return [self._answer(expression, activation) for activation in self._activations]

    def _answer(self, expression: str, activation: Any) -> bool | None:
        try:
            return self._environment.holds(expression, activation)
        except EvaluationError:
            return None


def _prepared(policy: Policy, data: Any, environment: Environment, activation: Activation) -> tuple[Activation, ...]:
    """The activation with the policy's parameters; none when they cannot be told."""
    try:
        return policy.prepared(data, environment, activation)
    except EvaluationError:
        return ()


def _gets_to(policy: Policy, pointer: Pointer, data: Any, environment: Environment, activation: Any) -> bool:
    """``where`` is asked of the kinds and labels of the policy, ``require`` of what it matches."""
    if pointer == ("spec", "require"):
        try:
            return policy.matches(data, environment, activation)
        except EvaluationError:
            return False
    return policy.selects(data)


def _is_killed(mutant: Mutant, questions: Sequence[_Question]) -> bool | None:
    """None for a mutant that does not compile."""
    try:
        return any(question.tells(mutant.expression) for question in questions)
    except CompileError:
        return None
