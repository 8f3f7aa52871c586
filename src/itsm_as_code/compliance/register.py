"""Which fields of a register that a law asks for the records fill, and which have no place in them.

The list of fields is data with its source; it names where a record says the field, so that no answer is typed here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final

from itsm_as_code.findings import parse_pointer
from itsm_as_code.records.catalogue import Catalogue, Record
from itsm_as_code.records.taken_over import is_taken_over

_DORA: Final = "registers/dora-2024-2956.json"
_ORGANISATION: Final = "organisation"
_SERVICE: Final = {"Service": "business"}
"""Functions are what customers buy or use: services of the type business."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the register: where records say it ("" for nowhere), how often of how often, and who does not.

    ``note`` says what they say only in part.
    """

    code: str
    title: str
    held: str
    note: str = ""
    of: int = 0
    filled: int = 0
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Template:
    """A template of the register with its fields."""

    code: str
    title: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Register:
    """What the records say of a register."""

    title: str
    source: str
    url: str
    templates: tuple[Template, ...]

    @property
    def fields(self) -> list[Field]:
        return [field for template in self.templates for field in template.fields]


def dora_register(catalogue: Catalogue, organisation: str) -> Register:
    """The register of information of Regulation (EU) 2022/2554 Article 28(3), by the records of a catalogue."""
    data = json.loads(resources.files("itsm_as_code.compliance").joinpath(_DORA).read_text("utf-8"))
    kinds = {kind: _records(catalogue, kind) for kind in ("Supplier", "Service")}
    used = {name for record in kinds["Service"] for name in record.spec.get("suppliers", ())}
    templates = tuple(
        Template(item["code"], item["title"], tuple(
            _field(told, item["kind"], kinds, used, organisation) for told in item["fields"]
        ))
        for item in data["templates"]
    )  # fmt: skip
    return Register(data["title"], data["source"], data["url"], templates)


def _records(catalogue: Catalogue, kind: str) -> list[Record]:
    if kind not in catalogue.registry.kinds:
        return []
    return [item for item in catalogue.of_kind(kind) if not is_taken_over(item.data)]


def _field(
    told: Mapping[str, Any], kind: str, kinds: Mapping[str, Sequence[Record]], used: set[str], organisation: str
) -> Field:
    code, title, note, pointer = told["code"], told["title"], told.get("note", ""), told.get("pointer", "")
    if pointer == _ORGANISATION:
        return Field(code, title, "itsm.yaml organisation.name", note, 1, int(bool(organisation)))
    if told.get("services"):
        names = tuple(record.name for record in kinds[kind] if record.name not in used)
        return Field(
            code, title, "Service /spec/suppliers", note, len(kinds[kind]), len(kinds[kind]) - len(names), names
        )
    if not pointer:
        return Field(code, title, "", note)
    meant = [item for item in kinds[kind] if item.spec.get("type") == _SERVICE.get(kind, item.spec.get("type"))]
    found = [(record.name, value) for record in meant for value in _values(record.data, parse_pointer(pointer))]
    if told.get("mayBeNone"):
        found = [(name, value) for name, value in found if value is not None]
    missing = [name for name, value in found if value in (None, "")]
    return Field(
        *(code, title, f"{kind} {pointer}", note, len(found), len(found) - len(missing)), tuple(dict.fromkeys(missing))
    )


def _values(data: Any, pointer: tuple[str, ...]) -> Iterator[Any]:
    """What stands at a pointer, in which ``*`` is every entry of a list; None where nothing does."""
    if not pointer:
        yield data
    elif pointer[0] != "*":
        yield from _values(data.get(pointer[0]) if isinstance(data, Mapping) else None, pointer[1:])
    elif isinstance(data, list) and data:
        for item in data:
            yield from _values(item, pointer[1:])
    else:
        yield None
