"""What is wrong with an expression before it is ever evaluated, each with its place and, where there is one, the name
that was meant.

The runtime decides what compiles. What it says is put where a reader looks for it, and what its types cannot see
(fields of records, parameters) is looked up here.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from weakref import WeakKeyDictionary

from itsm_as_code.findings import Pointer, Problem, did_you_mean
from itsm_as_code.policies.cel.environment import FUNCTIONS, VARIABLES, CompileError, Environment
from itsm_as_code.policies.cel.expressions import Node, offset_of, parse
from itsm_as_code.policies.cel.fields import ExpressionProblem, Schemas, field_problems, guarded_paths
from itsm_as_code.policies.cel.tokens import SyntaxProblem
from itsm_as_code.records.kinds import KindRegistry


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Something that is wrong with an expression; ``compiles`` when it can be evaluated all the same.

    ``is_doubt`` when it may be meant as it stands.
    """

    problem: Problem
    compiles: bool
    is_doubt: bool = False


def problems_of(
    expressions: Iterable[tuple[Pointer, str, str]],
    environment: Environment,
    schemas: Schemas,
    params: Mapping[str, Any] | None = None,
) -> tuple[Diagnosis, ...]:
    """What is wrong with the expressions of one rule, each given with its pointer and the type that it has to give.

    The type is ``bool`` or ``string``. ``params`` are the declared parameters, None where there cannot be any.
    Every environment declares the same, so the answer is worked out once for each registry.
    """
    asked = tuple(expressions)
    known = KNOWN.setdefault(schemas.registry, {})
    key = hashlib.blake2b(repr((asked, schemas.kinds, sorted(params or ()))).encode(), digest_size=16).hexdigest()
    if key not in known:
        if len(known) >= _MOST_KNOWN:
            known.clear()
        known[key] = tuple(_diagnoses(asked, environment, schemas, params))
    return known[key]


KNOWN: Final[WeakKeyDictionary[KindRegistry, dict[str, tuple[Diagnosis, ...]]]] = WeakKeyDictionary()
"""What was found already: registry -> digest of expressions, kinds and parameters -> what is wrong with them."""
_MOST_KNOWN: Final = 5000


def _diagnoses(
    expressions: Collection[tuple[Pointer, str, str]],
    environment: Environment,
    schemas: Schemas,
    params: Mapping[str, Any] | None,
) -> Iterator[Diagnosis]:
    trees = {text: _tree(text) for _, text, _ in expressions}
    guarded = {path for tree in trees.values() if tree is not None for path in guarded_paths(tree)}
    for pointer, text, wanted in expressions:
        tree = trees[text]
        found = list(_name_problems(tree, params)) if tree is not None else []
        found = found or list(_compile_problems(text, tree, environment, wanted))
        fields = field_problems(tree, schemas, guarded) if tree is not None and not found else []
        for problem in (*found, *fields):
            remedy = problem.remedy or "mend the expression"
            where = Problem(problem.message, pointer, remedy, problem.offset)
            yield Diagnosis(where, compiles=not found, is_doubt=problem.is_doubt)


def _tree(text: str) -> Node | None:
    try:
        return parse(text)
    except SyntaxProblem:
        return None


def _name_problems(tree: Node, params: Mapping[str, Any] | None) -> Iterator[ExpressionProblem]:
    """Variables and parameters that nobody declared."""
    todo: list[tuple[Node, frozenset[str]]] = [(tree, frozenset(VARIABLES))]
    while todo:
        node, scope = todo.pop(0)
        inner = scope
        children = node.children
        if node.is_loop:
            target, variable, *children_in = node.children
            todo.append((target, scope))
            inner, children = scope | {variable.name}, tuple(children_in)
        elif node.kind == "identifier" and node.name not in scope and node.name not in _NAMESPACES | _TYPES:
            remedy = did_you_mean(node.name, scope) or f"variables are: {', '.join(sorted(scope))}"
            yield ExpressionProblem(f"there is no variable '{node.name}'", node.at[0], remedy)
        elif node.kind == "select" and node.children[0].kind == "identifier" and node.children[0].name == "params":
            declared = params or {}
            if node.name not in declared and scope == frozenset(VARIABLES):
                remedy = did_you_mean(node.name, declared) or "declare it under params"
                yield ExpressionProblem(f"there is no parameter '{node.name}'", node.at[0], remedy)
        todo.extend((child, inner) for child in children)


_NAMESPACES: Final = frozenset({"math", "strings"})
_TYPES: Final = frozenset(
    ("bool", "bytes", "double", "duration", "dyn", "int", "list", "map", "null_type", "string", "timestamp", "type")
).union(("uint", "google"))
_UNDECLARED: Final = re.compile(r"undeclared reference to '\.?([^']*)'")
_OVERLOAD: Final = re.compile(r"found no matching overload for '([^']*)' applied to '(.*)'")
_WORDS: Final = {
    "_&&_": "&&", "_||_": "||", "!_": "!", "-_": "-", "_?_:_": "?:", "_==_": "==", "_!=_": "!=", "_<_": "<",
    "_<=_": "<=", "_>_": ">", "_>=_": ">=", "_+_": "+", "_-_": "-", "_*_": "*", "_/_": "/", "_%_": "%", "@in": "in",
    "_[_]": "[]",
}  # fmt: skip


def _compile_problems(
    text: str, tree: Node | None, environment: Environment, wanted: str
) -> Iterator[ExpressionProblem]:
    try:
        actual = environment.result_type(text)
    except CompileError as error:
        yield _explained(text, tree, error)
        return
    if actual not in (wanted, "dyn"):
        words = {"bool": "true or false", "string": "text"}
        yield ExpressionProblem(f"the expression gives {actual}, not {words[wanted]}", 0)


def _explained(text: str, tree: Node | None, error: CompileError) -> ExpressionProblem:
    """The runtime's message at the token that it is about, with the name that may have been meant."""
    if tree is None:
        try:
            parse(text)
        except SyntaxProblem as problem:
            return ExpressionProblem(problem.message, problem.offset)
    offset = offset_of(text, error.line, error.column)
    undeclared, overload = _UNDECLARED.search(error.message), _OVERLOAD.search(error.message)
    if undeclared and tree is not None:
        name = undeclared[1].rsplit(".", 1)[-1]
        for node in tree.walk():
            if node.kind in ("call", "method") and node.name.lstrip(".") == name and node.name not in FUNCTIONS:
                remedy = did_you_mean(name, FUNCTIONS)
                return ExpressionProblem(f"there is no function '{name}'", node.at[0], remedy)
    if overload:
        name = _WORDS.get(overload[1], f"{overload[1]}()")
        called = overload[1].rsplit(".", 1)[-1]
        for node in tree.walk() if tree is not None else ():
            if node.kind in ("call", "method") and node.name == called and node.at[0] + len(called) == offset:
                offset = node.at[0]  # the runtime points to the bracket
        return ExpressionProblem(f"'{name}' does not take {overload[2]}", offset, "compare like with like")
    return ExpressionProblem(error.message, offset)
