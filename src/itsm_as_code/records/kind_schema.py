"""What a schema says of its kind beside the fields, and what of it cannot be used.

``x-kind`` names the kind and its folder, ``x-lifecycle`` its states, ``x-ref`` the kinds that a field refers to. Each
is checked as soon as a repository brings a schema of its own: a slip of the pen in one of them would otherwise switch
a rule off in silence.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any, Final

from itsm_as_code.findings import did_you_mean, parse_pointer
from itsm_as_code.records.bundles import Schema

_NAME: Final = re.compile(r"[A-Z][A-Za-z0-9]{0,62}\Z", re.ASCII)
_PLURAL: Final = re.compile(r"[a-z][a-z0-9-]{0,62}\Z", re.ASCII)
_FOLDER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*\Z", re.ASCII)
_SCHEMAS: Final = "schemas"
_TEXTS: Final = ("title", "titlePlural", "practice", "description", "ending")


def about_problem(about: Any, schema: Schema) -> str:
    """What makes an ``x-kind`` unusable, or the empty string."""
    if not isinstance(about, dict):
        return "is not a mapping"
    for key in ("name", "plural", "folder"):
        if not isinstance(about.get(key), str):
            return f"is incomplete: it needs the text '{key}'"
    for key in _TEXTS:
        if key in about and not isinstance(about[key], str):
            return f"has a {key} that is no text"
    folder = about["folder"].strip("/")
    if not _NAME.match(about["name"]):
        return f"has the name {about['name']!r}, which is not a capital letter followed by letters and digits"
    if not _PLURAL.match(about["plural"]):
        return f"has the plural {about['plural']!r}, which is not of lower-case letters, digits and hyphens"
    if not _FOLDER.match(folder) or folder.split("/")[0] == _SCHEMAS:
        return f"has the folder {folder!r}, which cannot hold records"
    columns = about.get("columns", ())
    if not isinstance(columns, (list, tuple)):
        return "has columns that are no list"
    for column in columns:
        if not isinstance(column, dict) or not isinstance(column.get("title"), str):
            return "has a column without a title"
        if not _is_pointer(column.get("pointer")):
            return f"has a column '{column['title']}' without a JSON pointer"
    said = schema.get("properties", {}).get("kind", {})
    if isinstance(said, dict) and said.get("const", about["name"]) != about["name"]:
        return f"has the name {about['name']!r}, but its records are to say kind: {said['const']}"
    return ""


def lifecycle_problem(lifecycle: Any, schema: Schema) -> str:
    """What makes an ``x-lifecycle`` (None where there is none) unusable, or the empty string."""
    marked = "takenOver" in resolve(schema, schema.get("properties", {}).get("spec", {})).get("properties", {})
    if marked and (not isinstance(lifecycle, dict) or "takenOver" not in lifecycle):
        return "has no `takenOver`, the states in which a record may be that another tool closed, though spec has it"
    if lifecycle is None:
        return ""
    try:
        return next(_lifecycle_problems(lifecycle, schema), "")
    except (KeyError, TypeError, AttributeError) as error:
        return f"is incomplete ({error})"


def _lifecycle_problems(lifecycle: Any, schema: Schema) -> Iterator[str]:
    transitions = lifecycle["transitions"]
    if not lifecycle["initial"]:
        yield "has no state under `initial`, so no record could begin"
    steps = [("initial", "state", entry) for entry in lifecycle["initial"]]
    steps += [("transitions", "to", entry) for entries in transitions.values() for entry in entries]
    steps += [("final", "", state) for state in lifecycle.get("final", ())]
    steps += [("required", "", state) for state in lifecycle.get("required", {})]
    steps += [("outcomes", "", state) for state in lifecycle.get("outcomes", {})]
    borders = lifecycle.get("borders", ())
    sides = ("before", "after")
    steps += [(f"{side} of a border", "", state) for item in borders for side in sides for state in item[side]]
    for where, key, entry in steps:
        state = entry if isinstance(entry, str) else entry[key]
        if state not in transitions:
            yield f"names the state {state!r} in {where}, which transitions does not have"
    pointers = [lifecycle["field"], *lifecycle.get("openInFinal", ()), *lifecycle.get("addedInFinal", ())]
    pointers += [pointer for condition in lifecycle.get("outcomes", {}).values() for pointer in condition]
    pointers += [pointer for item in borders for pointer in item.get("unless", {})]
    for item in borders:
        if not isinstance(item["message"], str):
            yield "has a border whose message is no text"
    taken_over = lifecycle.get("takenOver", {})
    pointers += ["/spec/takenOver"] if taken_over else []
    for state in taken_over:
        if state not in lifecycle.get("final", ()):
            yield f"names the state {state!r} in takenOver, which is not final"
    for entry in (
        item for held in (lifecycle.get("required", {}), taken_over) for row in held.values() for item in row
    ):
        pointers.append(entry if isinstance(entry, str) else entry["field"])
        unless = {} if isinstance(entry, str) else entry.get("unless", {})
        if isinstance(unless, dict):
            pointers += unless
        else:
            yield f"has {unless!r} under `unless` of {entry['field']}, where fields with their values belong"
    for frozen in lifecycle.get("frozen", ()):
        pointers.append(frozen["field"])
        if not isinstance(frozen["except"], list):
            yield "has no list of states under `except`"
    for pointer in pointers:
        if not _is_pointer(pointer):
            yield f"has {pointer!r} where a JSON pointer belongs"
        elif not has_field(schema, pointer):
            yield f"names the field {pointer}, which the schema does not have"


def reference_problem(kinds: Collection[str], known: Collection[str]) -> str:
    """What is wrong with the kinds that a field refers to, or the empty string."""
    for kind in kinds:
        if kind not in known:
            hint = did_you_mean(kind, known)
            return f"an x-ref names the kind {kind!r}, which does not exist" + (f"; {hint}" if hint else "")
    return ""


def matter_problem(keyword: str, schema: Schema) -> str:
    """What makes a list of pointers to fields unusable, or the empty string."""
    listed = schema.get(keyword, [])
    usable = isinstance(listed, list) and all(_is_pointer(item) and has_field(schema, item) for item in listed)
    return "" if usable else f"{keyword} is a list of pointers to fields of the kind"


def has_field(schema: Schema, pointer: str) -> bool:
    """Whether records of this schema can have a field; True where the schema does not say."""
    node = resolve(schema, schema)
    for part in parse_pointer(pointer):
        properties = node.get("properties", {})
        if part not in properties:
            is_open = node.get("additionalProperties", False) is not False or any(key in node for key in _OPEN)
            return is_open or not properties
        node = resolve(schema, properties[part])
    return True


_OPEN: Final = ("patternProperties", "allOf", "anyOf", "oneOf")
"""Keywords that may bring fields which are not looked for."""


def required(node: Schema) -> frozenset[str]:
    """The keys that a mapping has to have, with those from which only a condition excuses it (``else``)."""
    return frozenset((*node.get("required", ()), *node.get("else", {}).get("required", ())))


def resolve(root: Schema, node: Schema) -> Schema:
    """A schema with its local reference followed; keys beside the reference win."""
    seen: set[str] = set()
    while isinstance(node.get("$ref"), str) and node["$ref"] not in seen:
        seen.add(node["$ref"])
        target: Any = root
        for part in parse_pointer(node["$ref"].removeprefix("#")):
            target = target[part]
        node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
    return node


def _is_pointer(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("/")
