"""Many policies asked of a record at once: one evaluation instead of two for each policy.

Most of the time of a small evaluation goes into starting it, so the conditions and requirements of all policies of a
kind stand in one list expression. A policy that fails to answer makes the whole list fail: then each is asked by
itself, so that one cannot keep the others from their answers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from itsm_as_code.policies.cel.cost import small_up_to
from itsm_as_code.policies.cel.environment import Activation, CompileError, Environment, EvaluationError
from itsm_as_code.policies.cel.expressions import parse
from itsm_as_code.policies.cel.tokens import SyntaxProblem

_LARGE_ENOUGH: Final = 1 << 14


@dataclass(frozen=True, slots=True)
class Question:
    """The expressions of one policy, with the values of its parameters; None when they depend on the record."""

    where: str
    require: str
    params: Mapping[str, Any] | None


class Batch:
    """Questions that are asked together of records up to a size, and the positions of those that cannot be."""

    def __init__(self, questions: Sequence[Question], environment: Environment) -> None:
        self._environment = environment
        self._count = len(questions)
        groups: dict[str, list[tuple[int, str]]] = {}
        for index, question in enumerate(questions):
            written = _written(question)
            if written is not None:
                where, require = written
                groups.setdefault(where, []).append((index, f"((\n{require}\n) ? 1 : 2)"))
        self._lists = list(self._compiled(list(groups.items())))

    def _compiled(self, groups: _Groups) -> list[tuple[list[list[int]], str]]:
        """List expressions that compile, with the positions of their questions; halved until they do."""
        if not groups:
            return []
        items = (f"((\n{where}\n) ? [{','.join(test for _, test in tests)}] : [])" for where, tests in groups)
        expression = f"[{','.join(items)}]"
        try:
            self._environment.compile(expression)
        except CompileError:
            half = len(groups) // 2
            return [*self._compiled(groups[:half]), *self._compiled(groups[half:])] if half else []
        return [([[index for index, _ in tests] for _, tests in groups], expression)]

    def ask(self, activation: Activation) -> list[int | None]:
        """For each question 0 (skip), 1 (pass) or 2 (fail); None for those that have to be asked by themselves."""
        answers: list[int | None] = [None] * self._count
        if activation.size > _LARGE_ENOUGH:
            return answers
        for groups, expression in self._lists:
            try:
                found: Any = self._environment.evaluate_small(expression, activation)
            except EvaluationError:
                continue
            for positions, given in zip(groups, found, strict=True):
                for position, answer in zip(positions, given or [0] * len(positions), strict=True):
                    answers[position] = answer
        return answers


class Batches:
    """Answers to groups of questions, of which each is asked together from when it is worth while to compile that."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._asked: dict[Any, int] = {}
        self._made: dict[Any, Batch] = {}

    def answers(
        self, key: Any, count: int, questions: Callable[[], Sequence[Question]], activation: Activation
    ) -> list[int | None]:
        """What a group of so many questions, known by a key, says together; None for each to be asked by itself."""
        self._asked[key] = self._asked.get(key, 0) + 1
        if self._asked[key] <= _BEFORE:
            return [None] * count
        if key not in self._made:
            self._made[key] = Batch(questions(), self._environment)
        return self._made[key].ask(activation)


_BEFORE: Final = 8
"""Records that are judged policy by policy, before it is worth while to compile all of a group as one."""
_Groups = list[tuple[str, list[tuple[int, str]]]]
"""Conditions, each with the positions and tests of the questions that it is for: policies often share one."""


def _written(question: Question) -> tuple[str, str] | None:
    """Condition and requirement as they stand in the list; None when the question has to be asked by itself."""
    if question.params is None:
        return None
    parts = []
    for text in (question.where, question.require):
        if small_up_to(text) < _LARGE_ENOUGH or "records(" in text:
            return None
        written = _with_params(text, question.params)
        if written is None:
            return None
        parts.append(written)
    return parts[0].strip(), parts[1]


def _with_params(text: str, params: Mapping[str, Any]) -> str | None:
    """The expression with the values of parameters written in; None where that would change what it means."""
    try:
        tree = parse(text)
    except SyntaxProblem:
        return None
    if any(node.is_loop and node.children[1].name == "params" for node in tree.walk()):
        return None
    places = sorted(node.at[0] for node in tree.walk() if node.kind == "identifier" and node.name == "params")
    values = f"dyn({json.dumps(dict(params), ensure_ascii=False)})"
    if places and len(values) > _LARGE_ENOUGH:
        return None
    for at in reversed(places):
        text = text[:at] + values + text[at + len("params") :]
    return text
