"""What a policy can look at, told from its text: which records surely do not concern it, and which others it asks for.

Both answers are cautious. "Surely not" is said only where the condition is false whatever the rest of it gives; and
what cannot be told counts as everything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from itsm_as_code.policies.cel.expressions import Node, parse
from itsm_as_code.policies.cel.look_ups import LOOK_UPS, NOTHING, LookUp
from itsm_as_code.policies.cel.tokens import SyntaxProblem

Reads = frozenset[str] | None
"""Kinds of records that an expression asks for beside the one that is judged; None for any."""

_TYPES: Final = ("string", "int", "uint", "double", "bool", "dyn", "type", "duration", "timestamp")
_PURE: Final = frozenset(("has", "size", *_TYPES))
"""Functions of CEL whose answers rest on no record; what is not named may rest on any."""


@lru_cache(maxsize=4096)
def reads(expression: str, *, risk: bool = True) -> Reads:
    """The kinds of records that an expression looks up. The derived risk rests on any: history, services, models;
    whoever knows what becomes of it leaves it aside."""
    try:
        tree = parse(expression)
    except SyntaxProblem:
        return None
    found: set[str] = set()
    for node in tree.walk():
        if risk and node.kind == "identifier" and node.name == "risk":
            return None
        if node.kind == "call":
            kinds = _asked(node)
            if kinds is None:
                return None
            found |= kinds
    return frozenset(found)


def _asked(node: Node) -> Reads:
    if node.name in ("record", "records"):
        kind = node.children[0] if node.children else None
        return frozenset({str(kind.value)}) if kind is not None and _is_text(kind) else None
    return _kinds(node.name)


def _kinds(function: str) -> Reads:
    return NOTHING if function in _PURE else LOOK_UPS[function].kinds if function in LOOK_UPS else None


@lru_cache(maxsize=4096)
def mentions(expression: str, name: str) -> bool:
    """True when an expression names a variable, or when that cannot be told."""
    try:
        return any(node.kind == "identifier" and node.name == name for node in parse(expression).walk())
    except SyntaxProblem:
        return True


def calls(expression: str, name: str) -> bool:
    """True when an expression calls a function, or when that cannot be told."""
    try:
        return any(node.kind == "call" and node.name == name for node in parse(expression).walk())
    except SyntaxProblem:
        return True


@lru_cache(maxsize=4096)
def rests_on_time(expression: str) -> bool:
    """True when the answer of an expression may be another one later, with the same records.

    The derived risk counts the history that is known by then, and an error budget is that of the window up to then.
    """
    return any(mentions(expression, name) for name in ("now", "risk")) or calls(expression, "budget")


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A condition is false where the text at ``path`` is among ``texts`` (or, unless ``member``, is not)."""

    path: tuple[str, ...]
    texts: frozenset[str]
    member: bool

    def holds(self, value: object) -> bool:
        """True when a value of the path makes the condition false; what is no text makes nothing certain."""
        return isinstance(value, str) and (value in self.texts) is self.member


BESIDE: Final = frozenset(("old", "change", "request"))
"""Variables that are null for a record which no pull request touches."""


class Sieve:
    """Some conditions, and for each record those of them that are not false at first sight.

    In CEL ``false && x`` is false whatever ``x`` is, also where it fails
    (https://github.com/google/cel-spec/blob/master/doc/langdef.md#logical-operators).
    """

    def __init__(self, conditions: Sequence[str]) -> None:
        self._exclusions = [tuple(_exclusions(condition)) for condition in conditions]
        self._needs = [_needs(condition) for condition in conditions]
        asked: dict[tuple[str, ...], set[str]] = {}
        for exclusion in (item for items in self._exclusions for item in items):
            asked.setdefault(exclusion.path, set()).update(exclusion.texts)
        self._asked = list(asked.items())
        self._answers: dict[tuple[Any, ...], tuple[int, ...]] = {}

    def passing(self, data: Mapping[str, Any], missing: frozenset[str] = BESIDE) -> tuple[int, ...]:
        """The places of the conditions that may hold for a record where the variables ``missing`` are null.

        Each combination is worked out once.
        """
        texts = tuple(_text_at(data, path, texts) for path, texts in self._asked)
        key = (missing, *texts)
        if key not in self._answers:
            values = dict(zip((path for path, _ in self._asked), texts, strict=True))
            self._answers[key] = tuple(
                place
                for place, items in enumerate(self._exclusions)
                if self._needs[place].isdisjoint(missing) and not any(item.holds(values[item.path]) for item in items)
            )
        return self._answers[key]


_ANOTHER: Final = "\0"
"""Stands for a text that no condition names: no text of a record has this character."""


def _text_at(data: Any, path: tuple[str, ...], texts: set[str]) -> str | None:
    for part in path:
        if not isinstance(data, dict) or part not in data:
            return None
        data = data[part]
    if not isinstance(data, str):
        return None
    return data if data in texts else _ANOTHER


@lru_cache(maxsize=4096)
def _exclusions(condition: str) -> tuple[Exclusion, ...]:
    return tuple(found for part in _parts(condition) if (found := _exclusion(part)) is not None)


@lru_cache(maxsize=4096)
def _needs(condition: str) -> frozenset[str]:
    """The variables of which a condition says, beside all else that it asks, that they are not null."""
    return frozenset(name for part in _parts(condition) if (name := _not_null(part)) is not None)


def _parts(condition: str) -> tuple[Node, ...]:
    """What has to hold for a condition to hold, all of it."""
    try:
        tree = parse(condition)
    except SyntaxProblem:
        return ()
    return tree.children if tree.kind == "logic" and tree.name == "&&" else (tree,)


def _unnegated(node: Node) -> tuple[Node, bool]:
    """What stands behind the signs of a negation, if there are any, and whether it is negated."""
    is_sign = node.kind == "unary" and node.name == "!"
    return (node.children[0], len(node.at) % 2 == 1) if is_sign else (node, False)


def _not_null(node: Node) -> str | None:
    """The variable of which an expression says that it is not null."""
    inner, negated = _unnegated(node)
    if inner.kind != "binary" or inner.name != ("==" if negated else "!="):
        return None
    names = [child.name for child in inner.children if child.kind == "identifier"]
    nulls = [child for child in inner.children if child.kind == "literal" and child.name == "null"]
    return names[0] if names and nulls else None


def _exclusion(node: Node) -> Exclusion | None:
    """What makes the comparison of a text of the record with texts of the expression false."""
    inner, negated = _unnegated(node)
    if inner.kind != "binary" or inner.name not in ("==", "!=", "in"):
        return None
    left, right = inner.children
    texts = (right,) if inner.name != "in" else right.children if right.kind == "list" else ()
    path = _path(left)
    if path is None or not texts or not all(_is_text(text) for text in texts):
        return None
    return Exclusion(path, frozenset(str(text.value) for text in texts), member=(inner.name == "!=") != negated)


def _path(node: Node) -> tuple[str, ...] | None:
    """``object.spec.status`` as its parts behind ``object``."""
    parts: list[str] = []
    while node.kind == "select":
        parts.insert(0, node.name)
        node = node.children[0]
    return tuple(parts) if node.kind == "identifier" and node.name == "object" and parts else None


def _is_text(node: Node) -> bool:
    return node.kind == "literal" and node.name == "string" and isinstance(node.value, str)


@lru_cache(maxsize=4096)
def asks_by_own_names(expression: str, *, risk: bool = True) -> bool:
    """True when every name that an expression asks for is a text of the record that is judged.

    The answer can then only change with records whose names stand in it, and with the graph of services; the risk may
    be left aside as above.
    """
    try:
        tree = parse(expression)
    except SyntaxProblem:
        return False
    loops = [node for node in tree.walk() if node.is_loop]
    variables = frozenset({"object", *(node.children[1].name for node in loops)})
    if not all(_is_own(node.children[0], variables) for node in loops):
        return False
    for node in tree.walk():
        if node.kind == "call" and _kinds(node.name) != NOTHING:
            place = LOOK_UPS.get(node.name, LookUp()).place
            if place is None or len(node.children) <= place or not _is_own(node.children[place], variables):
                return False
        if risk and node.kind == "identifier" and node.name == "risk":
            return False
    return True


def asks_for_graph(expression: str) -> bool:
    """True when an expression asks what services depend on, or when that cannot be told."""
    return calls(expression, "dependents") or calls(expression, "dependencies")


def _is_own(node: Node, variables: frozenset[str]) -> bool:
    """True when a value is a part of the record itself, or a list of such parts."""
    if node.kind == "identifier":
        return node.name in variables
    if node.kind in ("select", "index"):
        return _is_own(node.children[0], variables)
    if node.is_loop and node.name in ("filter", "map") and len(node.children) == 3:
        return _is_own(node.children[0], variables) and (node.name == "filter" or _is_own(node.children[2], variables))
    return False
