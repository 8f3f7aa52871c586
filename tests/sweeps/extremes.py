"""Records with extreme times in every field that holds one; the fields are found by walking the kinds' schemas."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from itsm_as_code.records.kind_schema import resolve
from itsm_as_code.records.kinds import Kind

EXTREMES: Final[Mapping[str, tuple[str, ...]]] = {
    "itsm-instant": (
        "9999-12-31T23:59:59Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999-14:00",
        "9999-01-01T00:00:00+14:00",
        "0001-12-31T23:59:59.999999+14:00",
        "0001-01-01T00:00:00-14:00",
        "1900-01-01T00:00:00Z",
        "2189-12-31T23:59:59.999999Z",
        "0001-01-01T00:00:00+14:00",
        "1582-10-10T00:00:00Z",
        "9998-12-31T23:59:59Z",
        "2016-12-31T23:59:60Z",
        "9999-12-31T23:59:59.999999999Z",
        "9999-12-31T24:00:00Z",
        "0000-01-01T00:00:00Z",
    ),
    "itsm-date": (
        "9999-12-31",
        "0001-01-01",
        "9999-01-01",
        "0001-12-31",
        "1900-01-01",
        "2189-12-31",
        "2190-01-01",
        "1899-12-31",
        "9998-12-31",
        "0002-01-01",
        "2026-02-29",
        "0000-01-01",
    ),
    "itsm-duration": ("PT0S", "P36525D", "PT999999H", "P5217W", "P36526D", "P999999W", "PT999999999S", "P999999D"),
    "itsm-period": ("PT0S", "P36525D", "P100Y", "P1200M", "P101Y", "P9999Y", "P99999M", "P1200M36525DT876600H"),
    "local time": ("9999-12-31T23:59:59", "0001-01-01T00:00:00", "1900-01-01T00:00:00", "2189-12-31T23:59:59"),
    "recurrence": (
        "FREQ=YEARLY;UNTIL=99991231T235959Z",
        "FREQ=YEARLY;UNTIL=00010101T000000Z",
        "FREQ=YEARLY;UNTIL=99991231T235959",
        "FREQ=YEARLY;INTERVAL=999999",
        "FREQ=HOURLY",
    ),
    "day or instant": ("9999-12-31", "0001-01-01", "9999-12-31T23:59:59Z", "2189-12-31"),
    "year": ("9999", "0001", "0000"),
    "month": ("9999-12", "0001-01", "0000-12"),
    "months": (),
}
"""Texts by the format of a field, the likeliest to do harm first. What a schema refuses has to be a finding too."""

_PLAIN: Final = {
    "local time": "2026-11-22T08:00:00",
    "day or instant": "2026-11-22",
    "year": "2026",
    "month": "2026-11",
    "recurrence": "FREQ=DAILY",
}
_APPLICATORS: Final = ("allOf", "anyOf", "oneOf")


@dataclass(frozen=True, eq=False)
class Field:
    """A field of a kind that holds a time. ``way`` are the keys that lead to it, each with the schema that is there."""

    kind: str
    form: str
    way: tuple[tuple[str | int, Any], ...]
    most: int | None = None

    @property
    def pointer(self) -> str:
        return "".join(f"/{key}" for key, _ in self.way)

    @property
    def values(self) -> tuple[str | int, ...]:
        return EXTREMES[self.form] if self.most is None else (self.most,)


def fields(kind: Kind) -> list[Field]:
    """Every field of a kind that holds an instant, a date, a duration, a local time, a rule of recurrence or a year."""
    unique = {(field.pointer, field.form): field for field in _walk(kind, kind.schema, (), ())}
    return list(unique.values())


def _walk(kind: Kind, node: Any, way: tuple[Any, ...], seen: tuple[str, ...]) -> Iterator[Field]:
    if not isinstance(node, dict):
        return
    reference = node.get("$ref")
    if isinstance(reference, str):
        if reference in seen:
            return
        seen = (*seen, reference)
    whole = {**resolve(kind.schema, node), **{key: value for key, value in node.items() if key != "$ref"}}
    form = _form(whole, str(way[-1][0]) if way else "")
    if form is not None:
        yield Field(kind.name, form, way, whole.get("maximum") if form == "months" else None)
    for key, below in whole.get("properties", {}).items():
        yield from _walk(kind, below, (*way, (key, below)), seen)
    yield from _walk(kind, whole.get("items"), (*way, (0, whole.get("items"))), seen)
    if isinstance(whole.get("additionalProperties"), dict):
        yield from _walk(kind, whole["additionalProperties"], (*way, ("x", whole["additionalProperties"])), seen)
    for keyword in _APPLICATORS:
        for choice in whole.get(keyword, ()):
            yield from _walk(kind, choice, (*way[:-1], (way[-1][0], choice)) if way else (), seen)


def _form(node: Mapping[str, Any], key: str) -> str | None:
    if node.get("format") in EXTREMES:
        return str(node["format"])
    pattern = str(node.get("pattern", ""))
    if re.match(r"\^?\(?[\[\\](0-9\]|d)\{4\}", pattern):
        if pattern.endswith("1[0-2])$"):
            return "month"
        is_year = "-" not in pattern.replace("0-9", "")
        return "year" if is_year else "day or instant" if ")?" in pattern else "local time"
    if key == "rrule":
        return "recurrence"
    return "months" if node.get("type") == "integer" and key.lower().endswith(("months", "year", "days")) else None


def with_value(kind: Kind, record: Mapping[str, Any], field: Field, value: Any) -> dict[str, Any]:
    """The record with a value in a field; what has to stand around it is taken from the schemas' examples."""
    whole = copy.deepcopy(dict(record))
    here: Any = whole
    for index, (key, node) in enumerate(field.way):
        if index == len(field.way) - 1:
            here[key] = value
            around = {**resolve(kind.schema, field.way[index - 1][1]), **field.way[index - 1][1]}
            for other in around.get("dependentRequired", {}).get(key, ()):
                here.setdefault(other, _examples(kind, around["properties"][other])[0])
            break
        following = field.way[index + 1][0]
        below = (here[0] if here else None) if isinstance(key, int) else here.get(key)
        if not _leads(below, following):
            below = _example(kind, node, following)
        if isinstance(key, int):
            here[:] = [below, *here[1:]]
        else:
            here[key] = below
        here = below
    return whole


def _leads(value: Any, key: str | int) -> bool:
    return isinstance(value, list) if isinstance(key, int) else isinstance(value, dict) and key in value


def _examples(kind: Kind, node: Any) -> list[Any]:
    resolved = {**resolve(kind.schema, node), **node}
    return copy.deepcopy(resolved.get("examples", []))


def _example(kind: Kind, node: Any, following: str | int) -> Any:
    examples = _examples(kind, node)
    fitting = [item for item in examples if _leads(item, following)]
    if fitting:
        return fitting[0]
    same = [item for item in examples if isinstance(item, list if isinstance(following, int) else dict)]
    return same[0] if same else [] if isinstance(following, int) else {}


def plain_value(field: Field) -> Any:
    """A value of the field's form that nothing is wrong with."""
    examples = {"itsm-instant": "2026-11-22T08:00:00Z", "itsm-date": "2026-11-22", "itsm-duration": "P1D", "months": 1}
    examples["itsm-period"] = "P1M"
    return {**examples, **_PLAIN}[field.form]
