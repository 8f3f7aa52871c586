"""The records of a kind as one table: a column for each field that its schema has, in the schema's order."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from itsm_as_code.records.bundles import Schema
from itsm_as_code.records.catalogue import Record
from itsm_as_code.records.kind_schema import resolve
from itsm_as_code.records.kinds import Kind

Path = tuple[str, ...]
EACH: Final = "[]"
"""Stands in a path for each item of a list."""
_BETWEEN: Final = ("; ", ", ", " / ")
"""What stands between the items of a list, of a list in it, and of one in that."""
_APPLICATORS: Final = ("allOf", "anyOf", "oneOf")


def columns(kind: Kind) -> list[str]:
    """``metadata.name``, ``spec.dependsOn[].service``: every field that holds no others; constants have no column."""
    return [_shown(path) for path in _paths(kind)]


def rows(kind: Kind, records: Iterable[Record]) -> Iterator[dict[str, str]]:
    """A row for each record, by name: its values by column; what a record does not say is empty."""
    paths = {_shown(path): path for path in _paths(kind)}
    for record in sorted(records, key=lambda record: record.name):
        yield {column: _cell(record.data, path, 0) for column, path in paths.items()}


def _paths(kind: Kind) -> list[Path]:
    return list(dict.fromkeys(_leaves(kind.schema, kind.schema, (), ())))


def _shown(path: Path) -> str:
    return ".".join(path).replace(f".{EACH}", EACH)


def _leaves(root: Schema, node: Schema, at: Path, seen: tuple[str, ...]) -> Iterator[Path]:
    """The places below a node that hold values; a form that comes again in itself is a value as a whole."""
    reference = node.get("$ref")
    if isinstance(reference, str):
        if reference in seen:
            yield at
            return
        seen = (*seen, reference)
    node = resolve(root, node)
    if "const" in node and len(at) == 1:
        return
    below = list(_below(root, node, at, seen))
    yield from below
    is_open = node.get("type") == "object" and node.get("additionalProperties") is not False
    if at and (is_open or not below):  # also as a whole, where fields may stand in it that the schema does not name
        yield at


def _below(root: Schema, node: Schema, at: Path, seen: tuple[str, ...]) -> Iterator[Path]:
    for name, child in node.get("properties", {}).items():
        if isinstance(child, dict):
            yield from _leaves(root, child, (*at, name), seen)
    item = node.get("items")
    if isinstance(item, dict):
        inner = list(_leaves(root, item, (*at, EACH), seen))
        yield from [at] if inner == [(*at, EACH)] else inner
    for applicator in _APPLICATORS:
        for branch in node.get(applicator, ()):
            yield from _branch(root, branch, at, seen)


def _branch(root: Schema, branch: Schema, at: Path, seen: tuple[str, ...]) -> Iterator[Path]:
    """What one alternative of a node holds; one that only says what is required holds nothing of its own."""
    says = resolve(root, branch)
    if any(key in says for key in ("properties", "items", *_APPLICATORS)):
        yield from _leaves(root, branch, at, seen)
    elif "type" in says and at:
        yield at


def _cell(data: Any, path: Path, depth: int) -> str:
    if data is None:
        return ""
    if not path:
        return _text(data, depth)
    if path[0] == EACH:
        found = [_cell(item, path[1:], depth + 1) for item in data] if isinstance(data, list) else []
        return _between(depth).join(found) if any(found) else ""
    if isinstance(data, Mapping):
        return _cell(data.get(path[0]), path[1:], depth)
    return ""


def _text(value: Any, depth: int) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and not any(isinstance(item, (list, Mapping)) for item in value):
        return _between(depth).join(_text(item, depth) for item in value)
    return json.dumps(value, ensure_ascii=False)


def _between(depth: int) -> str:
    return _BETWEEN[min(depth, len(_BETWEEN) - 1)]
