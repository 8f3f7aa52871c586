"""A new record from its schema: what is required is asked for, the rest is left to the editor."""

from __future__ import annotations

import copy
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from itsm_as_code.errors import UsageError
from itsm_as_code.findings import PointerPart, RecordId, did_you_mean, parse_pointer
from itsm_as_code.records.bundles import Schema
from itsm_as_code.records.catalogue import Record, get
from itsm_as_code.records.characters import FORBIDDEN
from itsm_as_code.records.document import Refused, parse
from itsm_as_code.records.file_names import is_device
from itsm_as_code.records.kind_schema import resolve
from itsm_as_code.records.kinds import API_VERSION, Kind
from itsm_as_code.records.lifecycle import required_fields
from itsm_as_code.records.local_times import LocalTimes
from itsm_as_code.records.schemas import holds


@dataclass(frozen=True, slots=True)
class Question:
    """A required value that nobody gave yet: where it stands, what it is, and which records it may name.

    ``alternatives`` are the questions of which one is to be answered instead.
    """

    path: tuple[str, ...]
    title: str
    description: str
    example: str | None
    choices: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    is_list: bool = False
    alternatives: tuple[Question, ...] = ()

    @property
    def dotted(self) -> str:
        return ".".join(self.path)


def skeleton(kind: Kind, name: str, title: str) -> dict[str, Any]:
    """The envelope of a new record, in the first state of its lifecycle.

    UsageError when the name or the title holds a character that records refuse, or no file could have the name.
    """
    if is_device(name):
        raise UsageError(f"'{name}' is the name of a device on Windows", remedy="give another NAME")
    _refuse_hidden("name", name)
    _refuse_hidden("title", title)
    data: dict[str, Any] = {"apiVersion": API_VERSION, "kind": kind.name}
    data |= {"metadata": {"name": name, "title": title}, "spec": {}}
    if kind.lifecycle is not None:
        field = parse_pointer(kind.lifecycle["field"])
        first = kind.lifecycle["initial"][0]
        data["spec"][field[-1]] = first if isinstance(first, str) else first["state"]
    return data


def questions(kind: Kind, data: Mapping[str, Any]) -> Iterator[Question]:
    """What the schema and the record's state require and ``data`` lacks, in the schema's order, but for constants.

    What an answer makes necessary (``if`` and ``then``) is asked for once ``data`` has that answer.
    """
    asked = set()
    sample: Any = next(iter(kind.schema.get("examples", ())), {})
    for question in _questions(kind.schema, kind.schema, data, ()):
        asked.add(question.path)
        yield _sampled(question, sample)
    for path in _wanted_by_state(kind, data):
        if get(data, path) in (None, []) and not any(found[: len(path)] == path for found in asked):
            for question in _field(kind.schema, _follow(kind, path)[0], None, path, least=1):
                yield _sampled(question, sample)


def on_the_way(kind: Kind, data: Mapping[str, Any], states: Iterable[str]) -> list[Question]:
    """What a record lacks for some states that it is to pass, in their order; each question once."""
    field, found = parse_pointer((kind.lifecycle or {})["field"]), {}
    for state in states:
        entered = copy.deepcopy(dict(data))
        get(entered, field[:-1])[field[-1]] = state
        found.update({question.path: question for question in questions(kind, entered) if question.path not in found})
    return list(found.values())


def _sampled(question: Question, sample: Any) -> Question:
    """A question with its example out of one whole record, so that the examples of several go together."""
    value = get(sample, question.path)
    alternatives = tuple(_sampled(item, sample) for item in question.alternatives)
    is_known = value is not None and not isinstance(value, list)
    return replace(question, example=_example(value) if is_known else question.example, alternatives=alternatives)


def _wanted_by_state(kind: Kind, data: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """The fields that the state of a record requires, there or not."""
    if kind.lifecycle is not None:
        record = Record(RecordId(kind.name, ""), kind, dict(data), "", None)
        yield from (tuple(map(str, parts)) for parts, _ in required_fields(kind.lifecycle, record))


def _questions(root: Schema, node: Schema, data: Any, at: tuple[str, ...]) -> Iterator[Question]:
    node = resolve(root, node)
    properties: Schema = node.get("properties", {})
    held = data if isinstance(data, Mapping) else {}
    required = _required(root, node, data)
    for key, form in properties.items():
        below, path = resolve(root, form), (*at, key)
        if key not in held and (key not in required or "const" in below):
            continue
        yield from _field(root, form, held.get(key), path)
    for names in _one_of(node, held):
        choices = tuple(_question(root, properties[name], (*at, name)) for name in names if name in properties)
        if choices:
            title, description = node.get("title", at[-1]), node.get("description", "")
            yield Question((*at, choices[0].path[-1]), title, description, choices[0].example, alternatives=choices)


def _field(root: Schema, form: Schema, value: Any, at: tuple[str, ...], least: int = 0) -> Iterator[Question]:
    """What a field lacks that has a value, or has to have one; of a list, ``least`` items at least."""
    below = resolve(root, form)
    is_open = below.get("additionalProperties") is True and value is None  # asked for as a whole
    nested = [] if is_open else list(_items(root, below, value, at, least))
    for item, held, place in nested:
        yield from _questions(root, item, held, place)
    if not nested and value is None:
        yield _question(root, form, at)


def _items(
    root: Schema, node: Schema, value: Any, at: tuple[str, ...], least: int
) -> Iterator[tuple[Schema, Any, tuple[str, ...]]]:
    """The mappings in which more may be asked for: the value itself, or the items that a list has to have."""
    if node.get("type") == "object" and node.get("properties"):
        if value is not None or any(node.get(key) for key in ("required", "minProperties", "oneOf")):
            yield node, value, at
    elif node.get("type") == "array" and (value is None or isinstance(value, list)):
        item = resolve(root, node.get("items", {}))
        if item.get("type") == "object" and item.get("properties"):
            held = value or []
            for index in range(max(len(held), node.get("minItems", 0), least)):
                yield item, held[index] if index < len(held) else None, (*at, str(index))


def _required(root: Schema, node: Schema, data: Any) -> set[str]:
    """The keys that a schema requires, with those that its conditions require of this very value."""
    found = set(node.get("required", ()))
    for key, others in node.get("dependentRequired", {}).items():
        found |= set(others) if isinstance(data, Mapping) and key in data else set()
    for part in (node, *node.get("allOf", ())):
        if "if" in part and data is not None:
            branch = part.get("then", {}) if holds(root, part["if"], data) else part.get("else", {})
            found |= _required(root, branch, data)
    return found


def _one_of(node: Schema, held: Mapping[str, Any]) -> Iterator[list[str]]:
    """Sets of keys of which one is needed while none is there."""
    for keyword in ("oneOf", "anyOf"):
        names = [name for part in node.get(keyword, ()) for name in part.get("required", ())]
        if names and held.keys().isdisjoint(names):
            yield names
    if node.get("minProperties") and not held and not node.get("required"):
        yield list(node["properties"])


def _question(root: Schema, node: Schema, path: tuple[str, ...]) -> Question:
    whole = resolve(root, node)
    item = resolve(root, whole["items"]) if whole.get("type") == "array" and "items" in whole else whole
    kinds = item.get("x-ref", ())
    examples = whole.get("examples", ()) if item.get("type") == "object" or "oneOf" in item else ()
    examples = examples or item.get("examples", whole.get("examples", ()))
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
    """An example as one would write it after ``--set``."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _refuse_hidden(what: str, text: str) -> None:
    found = FORBIDDEN.search(text)
    if found:
        message = f"the value of '{what}' holds the character U+{ord(found[0]):04X}, which does not show"
        raise UsageError(message, remedy="leave it out")


_INDEX = re.compile(r"[0-9]{1,4}\Z")


def assign(kind: Kind, data: dict[str, Any], path: str, text: str, times: LocalTimes | None = None) -> None:
    """Put a value given as ``path=value`` into a record.

    The path is dotted (``spec.owner``; ``owner`` means ``spec.owner``), or a pointer as findings have it; a number is
    an index where the schema has a list. The value is read as YAML, a list may be written ``a,b``, and times as
    ``times`` reads them. UsageError when the schema knows no such field, or the text holds a character that records
    refuse.
    """
    _refuse_hidden(path, text)
    schema, parts = _follow(kind, names_of(path))
    value = _value(kind.schema, text, schema, times)
    if len(parts) == 1 and not isinstance(value, dict):
        raise UsageError(f"'{path}' is a mapping of fields", remedy=f"give its fields: {path}.FIELD=VALUE")
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
        elif not isinstance(place, dict):
            raise UsageError(f"'{path}' does not fit: what it is to be put into is no mapping", remedy="mend the other")
        elif last or part not in place:
            place[part] = blank
        place = place[part]


def names_of(path: str) -> list[str]:
    """The names of a path as people write it: ``owner``, ``spec.owner``, ``/spec/owner``."""
    names = [*parse_pointer(path)] if path.startswith("/") else path.split(".")
    return names if names[0] in ("metadata", "spec") else ["spec", *names]


def pointer_of(kind: Kind, path: str) -> list[PointerPart]:
    """Where a path as people write it leads. UsageError when the schema knows no such field."""
    return _follow(kind, names_of(path))[1]


def form_of(kind: Kind, names: Sequence[str]) -> Schema:
    """The schema of a place in records of a kind. UsageError when there is none such."""
    return _follow(kind, names)[0]


def _follow(kind: Kind, names: Sequence[str]) -> tuple[Schema, list[PointerPart]]:
    """The schema of a place, and the place with the numbers that are indexes. UsageError when there is none such."""
    node = resolve(kind.schema, kind.schema)
    parts: list[PointerPart] = []
    for name in names:
        properties = node.get("properties", {})
        part: PointerPart = name
        if name in properties:
            below = properties[name]
        elif isinstance(node.get("items"), dict) and _INDEX.match(name):
            part, below = int(name), node["items"]
        elif isinstance(node.get("additionalProperties"), dict):
            below = node["additionalProperties"]
        elif properties or node.get("type") != "object":
            remedy = did_you_mean(name, properties) or f"fields here: {', '.join(properties) or 'none'}"
            raise UsageError(f"{kind.name} has no field '{'.'.join(names)}'", remedy=remedy)
        else:  # a mapping of anything
            return {}, [*names]
        parts.append(part)
        node = resolve(kind.schema, below)
    return node, parts


def _value(root: Schema, text: str, schema: Schema, times: LocalTimes | None) -> Any:
    """The value of a text: as the schema's type says, else as YAML says."""
    schema = resolve(root, schema)
    wanted = schema.get("type")
    if wanted == "string" or "enum" in schema:
        said = _timed(root, text, schema, times)
        if "enum" in schema and said not in schema["enum"]:
            said = next((choice for choice in schema["enum"] if str(choice) == said), said)
        return said
    if wanted == "array" and not text.lstrip().startswith("["):
        items = resolve(root, schema.get("items", {}))
        is_sentence = items.get("type") == "string" and _NAMES.isdisjoint(items)  # and may hold commas
        parts = [text] if is_sentence else text.split(",")
        return [_value(root, item.strip(), items, times) for item in parts if item.strip()]
    try:
        return _timed(root, parse(f"value: {text}\n".encode())["value"], schema, times)
    except (Refused, UnicodeEncodeError):
        return text


_NAMES = frozenset(("x-ref", "enum", "pattern", "format"))


def _timed(root: Schema, value: Any, schema: Schema, times: LocalTimes | None) -> Any:
    """A value with the times in it as ``times`` reads them."""
    schema = resolve(root, schema)
    if isinstance(value, dict):
        below = schema.get("properties", {})
        return {key: _timed(root, item, below.get(key, {}), times) for key, item in value.items()}
    if isinstance(value, list):
        return [_timed(root, item, schema.get("items", {}), times) for item in value]
    if times is None or not isinstance(value, str):
        return value
    reads = {"itsm-instant": times.instant, "itsm-date": times.day}.get(schema.get("format", ""))
    return reads(value) if reads else value


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
