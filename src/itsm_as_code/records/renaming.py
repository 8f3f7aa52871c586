"""Another name for a record, in its file and in all others that name it."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from itsm_as_code.findings import Pointer
from itsm_as_code.records.catalogue import Catalogue, Record, get
from itsm_as_code.records.document import Data

KEEPS_NAME: Final[Mapping[str, str]] = {
    "Change": "a change keeps its name once it is merged: evidence, statements and pipelines know it by that",
    **dict.fromkeys(
        ("ApprovalPolicy", "Policy", "PolicyPack", "Waiver"),
        "a rule keeps its name once it is merged: itsm.yaml, waivers and what was judged know it by that",
    ),
}
"""Kinds whose records are known by their names to others than records, and why they keep them."""

NAMED_BY_DEPLOYERS: Final[Mapping[str, str]] = {"Service": "services", "ChangeModel": "models"}
"""Kinds whose records deployers of itsm.yaml name, and the list that has them."""


def places_of(
    catalogue: Catalogue, renamed: Record, among: Iterable[Record] | None = None
) -> dict[Record, list[Pointer]]:
    """The records with a file that name a record, and where: by reference, or as ``{kind: ..., name: ...}``.

    ``among`` are those to look at, all unless said otherwise. Records that break their schema count too: they are not
    to be left with a name that nobody has.
    """
    found: dict[Record, list[Pointer]] = {}
    for record in catalogue if among is None else among:
        if not record.pack and (places := list(dict.fromkeys(_places(catalogue, record, renamed)))):
            found[record] = places
    return found


def _places(catalogue: Catalogue, record: Record, renamed: Record) -> Iterator[Pointer]:
    for reference in record.references():
        if reference.name == renamed.name:
            holders = (kind for kind in reference.kinds if reference.name in catalogue.names(kind))
            if next(holders, None) == renamed.id.kind:
                yield reference.pointer
    yield from _pairs(record.spec, ("spec",), {"kind": renamed.id.kind, "name": renamed.name})


def _pairs(value: Any, at: Pointer, wanted: Data) -> Iterator[Pointer]:
    if value == wanted:
        yield (*at, "name")
        return
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from _pairs(item, (*at, key), wanted)


def with_name(data: Data, places: list[Pointer], name: str) -> Data:
    """The data with a name in some places."""
    changed = copy.deepcopy(data)
    for pointer in places:
        inside: Any = get(changed, pointer[:-1])
        inside[pointer[-1]] = name
    return changed
