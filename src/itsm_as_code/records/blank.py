"""A new record from its schema: what is required is asked for, the rest is left to the editor."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from itsm_as_code.errors import UsageError
from itsm_as_code.findings import PointerPart, did_you_mean, parse_pointer
from itsm_as_code.records.document import Refused, parse
from itsm_as_code.records.kinds import API_VERSION, Kind
from itsm_as_code.records.schemas import Schema


@dataclass(frozen=True, slots=True)
class Question:
    """A required value that nobody gave yet: where it stands, what it is, and which records it may name."""

    path: tuple[str, ...]
    title: str
    description: str
    example: str | None
    choices: tuple[str, ...]
    references: tuple[str, ...]
    is_list: bool

    @property
    def dotted(self) -> str:
        return ".".join(self.path)


def skeleton(kind: Kind, name: str, title: str) -> dict[str, Any]:
    """The envelope of a new record, in the first state of its lifecycle."""
    data: dict[str, Any] = {"apiVersion": API_VERSION, "kind": kind.name}
    data |= {"metadata": {"name": name, "title": title}, "spec": {}}
    if kind.lifecycle is not None:
        field = parse_pointer(kind.lifecycle["field"])
        first = kind.lifecycle["initial"][0]
        data["spec"][field[-1]] = first if isinstance(first, str) else first["state"]
    return data


def questions(kind: Kind, data: Mapping[str, Any]) -> Iterator[Question]:
    """What the schema requires and ``data`` lacks, in the schema's order; constants and defaults are not asked for."""
    return _questions(kind.schema, kind.schema, data, ())


def _questions(root: Schema, node: Schema, data: Any, at: tuple[str, ...]) -> Iterator[Question]:
    node = _resolve(root, node)
    properties = node.get("properties", {})
    for key in properties:
        below = _resolve(root, properties[key])
        present = isinstance(data, dict) and key in data
        if not present and (key not in node.get("required", ()) or "const" in below):
            continue
        if below.get("type") == "object" and below.get("properties"):
            if present or below.get("required"):
                yield from _questions(root, properties[key], data[key] if present else {}, (*at, key))
        elif not present:
            yield _question(root, properties[key], (*at, key))


def _question(root: Schema, node: Schema, path: tuple[str, ...]) -> Question:
    whole = _resolve(root, node)
    item = _resolve(root, whole["items"]) if whole.get("type") == "array" and "items" in whole else whole
    kinds = item.get("x-ref", ())
    examples = item.get("examples", whole.get("examples", ()))
    return Question(
        path=path,
        title=whole.get("title", path[-1]),
        description=whole.get("description", ""),
        example=_example(examples[0]) if examples else None,
        choices=tuple(str(choice) for choice in item.get("enum", ())),
        references=(kinds,) if isinstance(kinds, str) else tuple(kinds),
        is_list=whole.get("type") == "array",
    )


def _example(value: Any) -> str | None:
    """An example as one would write it after ``--set``; None for what has more than one value."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, (str, int)) else None


def _resolve(root: Schema, node: Schema) -> Schema:
    """A schema with its local reference followed; keys beside the reference win."""
    seen: set[str] = set()
    while isinstance(node.get("$ref"), str) and node["$ref"] not in seen:
        seen.add(node["$ref"])
        target: Any = root
        for part in parse_pointer(node["$ref"].removeprefix("#")):
            target = target[part]
        node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
    return node


def assign(kind: Kind, data: dict[str, Any], path: str, text: str) -> None:
    """Put a value given as ``path=value`` into a record.

    The path is dotted (``spec.owner``; ``owner`` means ``spec.owner``), a number is an index; the value is read as
    YAML, and a list may be written ``a,b``. UsageError when the schema knows no such field.
    """
    parts: list[PointerPart] = [int(part) if part.isdigit() else part for part in path.split(".")]
    if parts[0] not in ("metadata", "spec"):
        parts.insert(0, "spec")
    schema = _schema_at(kind, parts)
    value = _value(text, schema)
    place: Any = data
    for part, following in zip(parts, [*parts[1:], None], strict=True):
        last = following is None
        blank: Any = value if last else [] if isinstance(following, int) else {}
        if isinstance(place, list):
            if not isinstance(part, int) or part > len(place):
                raise UsageError(
                    f"'{path}' does not fit: lists are filled from index 0", remedy="give the items in order"
                )
            if part == len(place):
                place.append(blank)
            elif last:
                place[part] = value
        elif last or part not in place:
            place[part] = blank
        place = place[part]


def _schema_at(kind: Kind, parts: list[PointerPart]) -> Schema:
    node = _resolve(kind.schema, kind.schema)
    for part in parts:
        properties = node.get("properties", {})
        if part in properties:
            node = _resolve(kind.schema, properties[part])
        elif isinstance(part, int) and isinstance(node.get("items"), dict):
            node = _resolve(kind.schema, node["items"])
        elif isinstance(node.get("additionalProperties"), dict):
            node = _resolve(kind.schema, node["additionalProperties"])
        elif properties or node.get("type") != "object":
            remedy = did_you_mean(str(part), properties) or f"fields here: {', '.join(properties) or 'none'}"
            raise UsageError(f"{kind.name} has no field '{'.'.join(map(str, parts))}'", remedy=remedy)
        else:
            return {}
    return node


def _value(text: str, schema: Schema) -> Any:
    """The value of a text: as the schema's type says, else as YAML says."""
    wanted = schema.get("type")
    if wanted == "string" or "enum" in schema:
        plain = text
        if "enum" in schema and text not in schema["enum"]:
            plain = next((choice for choice in schema["enum"] if str(choice) == text), text)
        return plain
    if wanted == "array" and not text.lstrip().startswith("["):
        items = schema.get("items", {})
        return [_value(item.strip(), items) for item in text.split(",") if item.strip()]
    try:
        return parse(f"value: {text}\n".encode())["value"]
    except (Refused, UnicodeEncodeError):
        return text


_LATIN = str.maketrans(
    {"ß": "ss", "ø": "oe", "Ø": "Oe", "æ": "ae", "Æ": "Ae", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "\u0131": "i"}
)
_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")


def slug(text: str) -> str:
    """A record name made of a title: ASCII, lower case, hyphens, at most 63 characters."""
    plain = unicodedata.normalize("NFKD", text.translate(_LATIN)).encode("ascii", "ignore").decode()
    return _NOT_IN_NAMES.sub("-", plain.lower()).strip("-")[:63].strip("-")


def place(kind: Kind, name: str, today: date) -> str:
    """The file of a new record: its kind's folder, and the folder of the day for changes (their history is long)."""
    if kind.name == "Change":
        return f"{kind.folder}/{today:%Y/%m/%d}/{name}.yaml"
    return f"{kind.folder}/{name}.yaml"
