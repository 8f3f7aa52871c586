"""Mapping files: which columns of a table become which fields of a record, and how their values are read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

from itsm_as_code import clock
from itsm_as_code.errors import UsageError
from itsm_as_code.findings import Finding, Location, PointerPart, Problem, Rule, Severity, did_you_mean
from itsm_as_code.records.blank import pointer_of
from itsm_as_code.records.document import load
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.positions import place_findings
from itsm_as_code.records.schemas import Validator

MAPPING = Rule(
    "import-mapping",
    "A mapping file can be used",
    Severity.ERROR,
    "A mapping file says which columns become which fields: it has the form that its schema gives, names a kind and "
    "fields that there are, and a known time zone. Nothing is imported with one that is wrong.",
)
TIMES: Final = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%Y-%m-%d", "%d.%m.%Y")
"""How times are written unless a mapping says otherwise; RFC 3339 is always understood."""


class MappingError(Exception):
    """A mapping that cannot be used, with all that is wrong."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__(findings[0].message)
        self.findings = findings


@dataclass(frozen=True, slots=True)
class Field:
    """Where a field of a record comes from, and how its text is read."""

    at: tuple[PointerPart, ...]
    columns: tuple[str, ...]
    form: str
    split: str
    values: Mapping[str, Any] | None
    default: Any


@dataclass(frozen=True, slots=True)
class TableMapping:
    """A mapping that can be used; ``taken_over`` is (tool, columns of the number, states)."""

    name: str
    kind: str
    timezone: str | None
    delimiter: str
    decimal: str
    times: tuple[str, ...]
    named_by: tuple[str, ...]
    prefix: str
    ignored: frozenset[str]
    taken_over: tuple[str, tuple[str, ...], tuple[str, ...]] | None
    fields: tuple[Field, ...]


def key_of(column: str) -> str:
    """``Short description`` and ``short_description`` are one column."""
    return " ".join(column.replace("_", " ").casefold().split())


def shipped() -> dict[str, bytes]:
    """The mappings that come with the program, by name."""
    folder = resources.files("itsm_as_code.interchange").joinpath("mappings")
    found = {item.name: item.read_bytes() for item in folder.iterdir() if item.name.endswith(".yaml")}
    return {name.removesuffix(".yaml"): content for name, content in sorted(found.items())}


def read_mapping(path: str, source: bytes, registry: KindRegistry) -> TableMapping:
    """The mapping that a file is; MappingError with findings at their lines."""
    document = load(path, source)
    if isinstance(document, Finding):
        raise MappingError([document])
    problems = _validator().problems(document.data, source) or list(_beyond_schema(document.data["spec"], registry))
    if problems:
        found = [
            Finding(MAPPING.id, MAPPING.severity, Location(path, pointer=item.pointer), item.message, item.remedy)
            for item in problems
        ]
        raise MappingError(place_findings(found, {path: source}))
    return _read(document.data, registry)


@cache
def _validator() -> Validator:
    place = resources.files("itsm_as_code.interchange").joinpath("mappings", "mapping.schema.json")
    return Validator("mapping.schema.json", json.loads(place.read_bytes()))


def _beyond_schema(spec: Mapping[str, Any], registry: KindRegistry) -> list[Problem]:
    if spec["kind"] not in registry.kinds:
        remedy = did_you_mean(spec["kind"], registry.kinds) or f"kinds: {', '.join(registry.kinds)}"
        return [Problem(f"there is no kind '{spec['kind']}'", ("spec", "kind"), remedy)]
    found = []
    try:
        clock.zone(spec.get("timezone", "UTC"))
    except (ValueError, KeyError, UsageError) as error:
        found.append(Problem(f"no such time zone: {error}", ("spec", "timezone"), "write one such as Europe/Berlin"))
    for path, field in spec["fields"].items():
        try:
            pointer_of(registry[spec["kind"]], path)
        except UsageError as error:
            found.append(Problem(error.message, ("spec", "fields", path), error.remedy))
        if "column" not in field and "default" not in field:
            found.append(Problem("neither a column nor a default", ("spec", "fields", path), "name a column"))
    return found


def _read(data: Mapping[str, Any], registry: KindRegistry) -> TableMapping:
    spec = data["spec"]
    kind, over = registry[spec["kind"]], spec.get("takenOver")
    fields = [
        Field(
            tuple(pointer_of(kind, path)),
            _columns(item.get("column", ())),
            item.get("as", "text"),
            item.get("split", ""),
            {key_of(key): value for key, value in item["values"].items()} if "values" in item else None,
            item.get("default"),
        )
        for path, item in spec["fields"].items()
    ]
    return TableMapping(
        data["metadata"]["name"],
        spec["kind"],
        spec.get("timezone"),
        spec.get("delimiter", ""),
        spec.get("decimal", "."),
        tuple(spec.get("times", TIMES)),
        _columns(spec["name"]),
        spec.get("prefix", ""),
        frozenset(map(key_of, spec.get("ignore", ()))),
        (over["from"], _columns(over["number"]), tuple(over["states"])) if over else None,
        tuple(fields),
    )


def _columns(said: Any) -> tuple[str, ...]:
    return tuple(key_of(item) for item in ([said] if isinstance(said, str) else said))
