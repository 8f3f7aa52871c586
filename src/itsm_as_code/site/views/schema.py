"""A record's data shown by the schema of its kind, so that a new kind needs neither Python nor a template."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from itsm_as_code.clock import Interval
from itsm_as_code.findings import parse_pointer
from itsm_as_code.records.kinds import Kind
from itsm_as_code.site.views import words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.values import (
    Code,
    Fields,
    Inline,
    Items,
    Link,
    Missing,
    Prose,
    Row,
    Said,
    Table,
    Text,
    Value,
    inline,
)

_MAX_COLUMNS = 7


@dataclass(frozen=True)
class Shape:
    """How the values of one place in a schema are shown."""

    style: str
    title: str = ""
    kinds: tuple[str, ...] = ()
    children: Mapping[str, Shape] = field(default_factory=dict)
    items: Shape | None = None

    @property
    def is_short(self) -> bool:
        """Fits a cell of a table."""
        return self.style not in ("object", "map") and (self.items is None or self.items.is_short)


_COMMON_STYLES = {
    "text": "prose", "url": "url", "email": "email", "instant": "instant", "date": "date", "endDate": "last day",
    "duration": "duration", "period": "duration", "money": "money", "interval": "interval", "link": "link",
    "pointer": "code", "expression": "code", "decimal": "decimal",
}  # fmt: skip
_FORMAT_STYLES = {
    "itsm-instant": "instant", "itsm-date": "date", "itsm-duration": "duration", "itsm-period": "duration",
    "itsm-url": "url", "itsm-email": "email",
}  # fmt: skip
_UNKNOWN = Shape("any")


@lru_cache(maxsize=256)
def shape_of(kind: Kind) -> Shape:
    """The shape of a kind's ``spec``."""
    return _shape(kind.schema, kind.schema.get("properties", {}).get("spec", {}), ())


def _shape(root: Mapping[str, Any], node: Any, seen: tuple[str, ...]) -> Shape:
    if not isinstance(node, dict):
        return _UNKNOWN
    title = str(node.get("title", ""))
    reference = node.get("$ref")
    common = ""
    while isinstance(reference, str) and reference not in seen:
        seen = (*seen, reference)
        common = common or _COMMON_STYLES.get(reference.rsplit("/", 1)[-1], "")
        target = _resolve(root, reference)
        node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
        title = title or str(node.get("title", ""))
        reference = target.get("$ref")
    if isinstance(reference, str):  # a schema that contains itself is shown as it comes
        return Shape("any", title)
    kinds = node.get("x-ref", ())
    if kinds:
        return Shape("reference", title, (kinds,) if isinstance(kinds, str) else tuple(kinds))
    style = common or _FORMAT_STYLES.get(str(node.get("format")), "")
    if style:
        return Shape(style, title)
    if "enum" in node:
        return Shape("enum", title)
    if node.get("type") == "array" or "items" in node:
        return Shape("list", title, items=_shape(root, node.get("items"), seen))
    children = _children(root, node, seen)
    if children:
        return Shape("object", title, children=children)
    if isinstance(node.get("additionalProperties"), dict):
        return Shape("map", title, items=_shape(root, node["additionalProperties"], seen))
    return Shape("any", title)


def _children(root: Mapping[str, Any], node: Mapping[str, Any], seen: tuple[str, ...]) -> dict[str, Shape]:
    children: dict[str, Shape] = {}
    for key, child in node.get("properties", {}).items():
        children[key] = _shape(root, child, seen)
    for keyword in ("oneOf", "anyOf", "allOf"):
        for branch in node.get(keyword, ()):
            target = _resolve(root, branch["$ref"]) if isinstance(branch, dict) and "$ref" in branch else branch
            for key, child in _children(root, target, seen).items() if isinstance(target, dict) else ():
                children.setdefault(key, child)
    return children


def _resolve(root: Mapping[str, Any], reference: str) -> Mapping[str, Any]:
    target: Any = root
    for part in parse_pointer(reference.removeprefix("#")):
        target = target.get(part) if isinstance(target, dict) else None
    return target if isinstance(target, dict) else {}


_PLAIN: Mapping[str, Callable[[str], str]] = {"enum": words.human, "duration": words.duration, "decimal": words.grouped}


class Display:
    """Shows the values of one kind's records."""

    def __init__(self, context: Context, kind: Kind) -> None:
        self.context = context
        self.root = shape_of(kind)

    def at(self, *path: str) -> Shape:
        """The shape at a path of the spec; ``*`` stands for an item of a list."""
        shape = self.root
        for part in path:
            found = shape.items if part == "*" else shape.children.get(part)
            shape = found or _UNKNOWN
        return shape

    def field(self, spec: Mapping[str, Any], *path: str, missing: str = "Not stated") -> Value:
        """The value at a path of a spec."""
        value: Any = spec
        for part in path:
            value = value.get(part) if isinstance(value, dict) else None
        return self.show(self.at(*path), value) if value is not None else Missing(missing)

    def fields(self, shape: Shape, data: Mapping[str, Any], skip: tuple[str, ...] = ()) -> Fields:
        """Every field that ``data`` has, in the order of the schema, then what the schema does not name."""
        rows: list[tuple[str, Value]] = []
        for key, child in shape.children.items():
            if key in data and key not in skip:
                rows.append((child.title or words.human(key), self.show(child, data[key])))
        for key, value in data.items():
            if key not in shape.children and key not in skip:
                rows.append((words.human(key), self.show(shape.items or _UNKNOWN, value)))
        return Fields(tuple(rows))

    def show(self, shape: Shape, value: Any) -> Value:
        if value is None:
            return Missing()
        if isinstance(value, bool):
            return Text("Yes" if value else "No")
        if isinstance(value, list):
            return self._list(shape.items or _UNKNOWN, value, shape.title)
        if isinstance(value, dict):
            return self._mapping(shape, value)
        return self._scalar(shape, value)

    def _scalar(self, shape: Shape, value: Any) -> Value:
        style, said = shape.style, str(value)
        if style == "reference":
            return self.context.reference(shape.kinds, value)
        if style == "prose":
            return Prose(said)
        if style == "instant":
            return words.instant_value(said, self.context.tz)
        if style == "date":
            return words.day_value(said)
        if style == "last day":
            return words.last_day_value(said)
        if style == "url":
            return Link(said.removeprefix("https://").removeprefix("http://").rstrip("/"), said, external=True)
        if style == "email":
            return Link(said, f"mailto:{said}", external=True)
        if style == "code":
            return Code(said)
        return Text(_PLAIN[style](said)) if style in _PLAIN else Said(said)

    def _mapping(self, shape: Shape, value: Mapping[str, Any]) -> Value:
        if shape.style == "money":
            return Text(words.money(value))
        if shape.style == "link" or set(value) == {"title", "url"}:
            return Link(str(value.get("title")), str(value.get("url")), external=True)
        if set(value) == {"kind", "name"}:
            return self.context.reference((str(value["kind"]),), str(value["name"]))
        if shape.style == "interval":
            try:
                interval = Interval.parse(value)
            except (ValueError, KeyError, TypeError):
                return Code(str(dict(value)))
            return words.span(interval.start, interval.end, self.context.tz)
        return self.fields(shape, value) if value else Missing()

    def _list(self, shape: Shape, values: list[Any], title: str) -> Value:
        if not values:
            return Missing("None")
        if all(isinstance(item, dict) for item in values) and shape.style not in ("link", "money", "interval"):
            table = self.table(shape, values, title)
            return table or Items(tuple(self.show(shape, item) for item in values))
        shown = [self.show(shape, item) for item in values]
        if shape.style in ("prose", "link", "url", "code", "interval") or any(isinstance(v, Fields) for v in shown):
            return Items(tuple(shown))
        if any(isinstance(part, Text) and len(part.text) > 28 for part in shown):
            return Items(tuple(shown))
        return inline(shown) if len(shown) == 1 else Inline(tuple(shown))

    def table(self, shape: Shape, values: list[Any], caption: str) -> Table | None:
        """The values as rows, when they are flat and few enough fields are used."""
        used = [key for key in shape.children if any(key in item for item in values)]
        used += sorted({key for item in values for key in item} - set(used))
        children = [shape.children.get(key, _UNKNOWN) for key in used]
        if len(used) > _MAX_COLUMNS or len(used) < 2 or not all(child.is_short for child in children):
            return None
        if any(isinstance(value, dict) for item in values for value in item.values()):
            return None
        rows = tuple(
            Row(tuple(self.show(child, item.get(key)) for key, child in zip(used, children, strict=True)))
            for item in values
        )
        headers = tuple(child.title or words.human(key) for key, child in zip(used, children, strict=True))
        return Table(caption, headers, rows)
