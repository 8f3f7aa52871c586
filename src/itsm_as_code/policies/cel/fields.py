"""Fields that expressions read, held against the schemas of the kinds that they are about.

A field that no schema has is a typing error: at run time it is "could not be evaluated" at best, and never noticed in a
branch that is seldom taken. What a ``has()`` of the same policy asks about is let through, as is everything below a
field whose schema is open.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from itsm_as_code.findings import did_you_mean, nearest, parse_pointer
from itsm_as_code.policies.cel.expressions import Node
from itsm_as_code.records.kinds import KindRegistry


@dataclass(frozen=True, slots=True)
class ExpressionProblem:
    """What is wrong with an expression, and at which offset (in characters from 0)."""

    message: str
    offset: int
    remedy: str = ""
    is_doubt: bool = False
    """True for what may be meant as it stands."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What is known of a value: the places in schemas that describe it (any of them may), or the shape of its items.

    Nothing known at all is :data:`ANYTHING`.
    """

    schemas: tuple[tuple[Mapping[str, Any], Mapping[str, Any]], ...] = ()
    of_items: Shape | None = None
    name: str = ""

    def fields(self) -> dict[str, Shape] | None:
        """The fields that the value may have; None when it may have any."""
        found: dict[str, list[Any]] = {}
        if not self.schemas:
            return None
        for root, schema in self.schemas:
            closure = list(_closure(root, schema))
            if not any(_is_closed(part) for part in closure):
                return None
            for part in closure:
                for name, below in part.get("properties", {}).items():
                    found.setdefault(name, []).append((root, below))
        return {name: Shape(tuple(schemas), name=name) for name, schemas in found.items()}

    def items(self) -> Shape:
        """The shape of the items of a list, or of the values of a mapping with any keys."""
        if self.of_items is not None:
            return self.of_items
        found = [
            (root, part[keyword])
            for root, schema in self.schemas
            for part in _closure(root, schema)
            for keyword in ("items", "additionalProperties")
            if isinstance(part.get(keyword), dict)
        ]
        return Shape(tuple(found), name=self.name)

    def values(self) -> list[Any] | None:
        """The values that the schemas allow; None when they do not list them."""
        found: list[Any] = []
        for root, schema in self.schemas:
            lists = [_listed(part) for part in _closure(root, schema)]
            known = [values for values in lists if values is not None]
            if not known:
                return None
            found += [value for values in known for value in values]
        return found or None

    def types(self) -> set[str]:
        """The JSON types that the value may have; empty when the schemas do not say."""
        found: set[str] = set()
        for root, schema in self.schemas:
            types: set[str] = set()
            for part in _closure(root, schema):
                named = part.get("type", ())
                types.update([named] if isinstance(named, str) else named)
            if not types:
                return set()
            found |= types
        return found


ANYTHING: Final = Shape()
_CLOSED_RISK: Final = {
    "additionalProperties": False,
    "properties": {
        "level": {"enum": ["low", "medium", "high", "very-high"]},
        "likelihood": {},
        "impact": {},
        "score": {"type": "integer"},
    },
}
_CONFLICT: Final = {"additionalProperties": False, "properties": {name: {} for name in ("kind", "change", "with")}}
_PROMISE: Final = {
    "additionalProperties": False,
    "properties": {
        name: {}
        for name in (
            *("agreement", "service", "promised", "before", "after", "beforeAtPeak", "afterAtPeak"),
            "possible",
        )
    },
}
_CLOSED_REQUEST: Final = {
    "additionalProperties": False,
    "properties": {
        "author": {},
        "base": {},
        "head": {},
        "conflicts": {"type": "array", "items": _CONFLICT},
        "promises": {"type": "array", "items": _PROMISE},
    },
}
_BUDGET: Final = (
    *("remaining", "consumed", "target", "attained", "agreement", "objective"),
    *("lostMinutes", "allowedMinutes", "burnRate"),
)
_CLOSED_BUDGET: Final = {"additionalProperties": False, "properties": {name: {} for name in _BUDGET}}


@dataclass(frozen=True)
class Schemas:
    """The schemas that the expressions of one policy are held against: those of all kinds, and the kinds it judges."""

    registry: KindRegistry
    kinds: tuple[str, ...]

    def of(self, *kinds: str) -> Shape:
        """The shape of a record of one of several kinds; kinds that nobody knows are left out."""
        known = [self.registry[kind].schema for kind in kinds if kind in self.registry.kinds]
        return Shape(tuple((schema, schema) for schema in known), name="object")

    def variables(self) -> dict[str, Shape]:
        return {
            "object": self.of(*self.kinds),
            "old": self.of(*self.kinds),
            "change": self.of("Change"),
            "risk": _closed(_CLOSED_RISK),
            "request": _closed(_CLOSED_REQUEST),
        }


def field_problems(tree: Node, schemas: Schemas, guarded: Iterable[str]) -> list[ExpressionProblem]:
    """What an expression reads that no record can have; ``guarded`` are the paths that some ``has()`` asks about."""
    walker = _Walker(schemas, frozenset(guarded))
    walker.shape(tree, schemas.variables())
    return list(dict.fromkeys(walker.problems))


def guarded_paths(tree: Node) -> set[str]:
    """The paths that the ``has()`` of an expression ask about, such as ``object.spec.owner``."""
    return {path for node in tree.walk() if node.is_has and (path := path_of(node.children[0]))}


def path_of(node: Node) -> str:
    """``a.b.c`` for such a chain of fields, else the empty string."""
    if node.kind == "identifier":
        return node.name
    if node.kind == "select":
        above = path_of(node.children[0])
        return f"{above}.{node.name}" if above else ""
    return ""


Scope = Mapping[str, Shape]


@dataclass
class _Walker:
    schemas: Schemas
    guarded: frozenset[str]
    problems: list[ExpressionProblem] = field(default_factory=list)

    def shape(self, node: Node, scope: Scope) -> Shape:
        """The shape of what an expression gives; notes what is wrong on the way."""
        known = {
            "identifier": self._identifier,
            "select": self._select,
            "index": self._index,
            "call": self._call,
            "conditional": self._conditional,
            "binary": self._binary,
        }.get(node.kind)
        if known is not None:
            return known(node, scope)
        if node.is_loop:
            return self._loop(node, scope)
        for child in node.children:
            self.shape(child, scope)
        return ANYTHING

    def _identifier(self, node: Node, scope: Scope) -> Shape:
        return scope.get(node.name, ANYTHING)

    def _select(self, node: Node, scope: Scope) -> Shape:
        return self._field(self.shape(node.children[0], scope), node.name, node.at[0], path_of(node), node.children[0])

    def _field(self, above: Shape, name: str, offset: int, path: str, owner: Node) -> Shape:
        fields = above.fields()
        if fields is None:
            types = above.types()
            if types and not types & {"object"} and path not in self.guarded:
                words = " or ".join(sorted(types))
                message = f"'{path_of(owner) or above.name}' is {words}, which has no field '{name}'"
                self.problems.append(ExpressionProblem(message, offset, "read it as a whole"))
                return ANYTHING
            return above.items() if above.schemas else ANYTHING
        if name in fields:
            return fields[name]
        if path not in self.guarded:
            of = path_of(owner) or above.name
            remedy = did_you_mean(name, fields) or f"its fields are: {', '.join(sorted(fields))}"
            self.problems.append(ExpressionProblem(f"'{of}' has no field '{name}'", offset, remedy))
        return ANYTHING

    def _index(self, node: Node, scope: Scope) -> Shape:
        above = self.shape(node.children[0], scope)
        key = node.children[1]
        if key.kind == "literal" and isinstance(key.value, str):
            return self._field(
                above, key.value, key.start, f"{path_of(node.children[0])}.{key.value}", node.children[0]
            )
        self.shape(key, scope)
        return above.items()

    def _call(self, node: Node, scope: Scope) -> Shape:
        if node.is_has:
            self._asked(node.children[0], self.shape(node.children[0].children[0], scope))
            return ANYTHING
        for child in node.children:
            self.shape(child, scope)
        if node.name in ("record", "records") and node.children and node.children[0].kind == "literal":
            kind = node.children[0]
            known = self.schemas.registry.kinds
            if not isinstance(kind.value, str) or kind.value in known:
                shape = self.schemas.of(str(kind.value))
                return Shape(of_items=shape) if node.name == "records" else shape
            message = f"there is no kind '{kind.value}'"
            self.problems.append(ExpressionProblem(message, kind.start, did_you_mean(kind.value, known)))
        if node.name == "owner":
            return self.schemas.of("Team")
        return _closed(_CLOSED_BUDGET, "budget()") if node.name == "budget" else ANYTHING

    def _asked(self, node: Node, above: Shape) -> None:
        """Doubts a field that has() asks about and no schema has, where one has nearly the same name."""
        fields = above.fields() or {}
        meant = nearest(node.name, fields)
        if fields and node.name not in fields and meant:
            of = path_of(node.children[0]) or above.name
            message = f"'{of}' never has a field '{node.name}', so has() is false"
            self.problems.append(ExpressionProblem(message, node.at[0], did_you_mean(node.name, fields), is_doubt=True))

    def _loop(self, node: Node, scope: Scope) -> Shape:
        target, variable, *bodies = node.children
        whole = self.shape(target, scope)
        is_mapping = whole.of_items is None and "object" in whole.types()
        inner = {**scope, variable.name: ANYTHING if is_mapping else whole.items()}
        shapes = [self.shape(body, inner) for body in bodies]
        if node.name == "filter":
            return whole
        return Shape(of_items=shapes[-1]) if node.name == "map" else ANYTHING

    def _conditional(self, node: Node, scope: Scope) -> Shape:
        _, yes, no = (self.shape(child, scope) for child in node.children)
        if yes.schemas and no.schemas:
            return Shape(yes.schemas + no.schemas, name=yes.name)
        return ANYTHING

    def _binary(self, node: Node, scope: Scope) -> Shape:
        left, right = (self.shape(child, scope) for child in node.children)
        one, other = node.children
        if node.name in ("==", "!="):
            self._compare(left, one, [other])
            self._compare(right, other, [one])
        elif node.name == "in":
            self._compare(left, one, other.children if other.kind == "list" else ())
            self._compare(right.items(), other, [one])
        return ANYTHING

    def _compare(self, shape: Shape, of: Node, literals: Iterable[Node]) -> None:
        allowed = shape.values()
        if allowed is None:
            return
        for literal in literals:
            value = literal.value
            if literal.kind != "literal" or value is None or any(_same(value, one) for one in allowed):
                continue
            known = sorted({str(one) for one in allowed})
            remedy = f"its values are: {', '.join(known)}"
            if isinstance(value, str) and nearest(value, known):
                remedy = did_you_mean(value, known)
            message = f"'{path_of(of) or shape.name}' is never {value!r}"
            self.problems.append(ExpressionProblem(message, literal.start, remedy))


def _same(one: object, other: object) -> bool:
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _closed(schema: Mapping[str, Any], name: str = "") -> Shape:
    return Shape(((schema, schema),), name=name)


_APPLICATORS: Final = ("allOf", "anyOf", "oneOf")


def _closure(root: Mapping[str, Any], schema: Any, seen: frozenset[str] = frozenset()) -> Iterator[Mapping[str, Any]]:
    """A schema and all that it says by reference or in parts."""
    if not isinstance(schema, dict):
        return
    yield schema
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference not in seen:
        target: Any = root
        for part in parse_pointer(reference.removeprefix("#")):
            target = target.get(part) if isinstance(target, dict) else None
        yield from _closure(root, target, seen | {reference})
    parts = [part for keyword in _APPLICATORS for part in schema.get(keyword, ())]
    parts += [schema.get(keyword) for keyword in ("if", "then", "else")]
    for part in parts:
        yield from _closure(root, part, seen)


def _is_closed(schema: Mapping[str, Any]) -> bool:
    return schema.get("additionalProperties") is False or schema.get("unevaluatedProperties") is False


def _listed(schema: Mapping[str, Any]) -> list[Any] | None:
    if "const" in schema:
        return [schema["const"]]
    values = schema.get("enum")
    return values if isinstance(values, list) else None
