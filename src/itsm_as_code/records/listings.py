"""The parts of an index that say which records there are, and where their files are."""

from __future__ import annotations

from typing import Any, Final

from itsm_as_code.records.catalogue import Catalogue
from itsm_as_code.records.graph import RARE_FIELDS, says, targets
from itsm_as_code.records.stored import content_id
from itsm_as_code.records.summary import divided
from itsm_as_code.records.taken_over import is_taken_over

REGULAR: Final = "100644"
SOURCES: Final = "sources of services"


def listings(catalogue: Catalogue) -> dict[str, Any]:
    """The parts of an index from which a lazy catalogue is made: the valid records of each kind."""
    parts: dict[str, Any] = {}
    entries = catalogue.snapshot.entries
    first: dict[str, str] = {}
    for path, record in catalogue.by_path.items():
        first.setdefault(record.id.kind, path)
    for kind in catalogue.registry:
        records = [record for record in catalogue.of_kind(kind.name) if not record.pack]
        listed = {}
        for record in records:
            mode = entries[record.path].mode
            row = [record.path, record.oid or content_id(record.source)]
            listed[record.name] = row if mode == REGULAR else [*row, mode]
        parts |= divided(part_of(kind.name), listed)
    taken_over = {
        kind.name: [record.name for record in catalogue.of_kind(kind.name) if is_taken_over(record.data)]
        for kind in catalogue.registry
    }
    sources: dict[str, list[str]] = {}
    for record in catalogue.of_kind("Service"):
        for target in targets(record.data):
            sources.setdefault(target, []).append(record.name)
    parts |= divided(SOURCES, sources)
    services = catalogue.of_kind("Service")
    linked = {field: [record.name for record in services if says(record.data, field)] for field in RARE_FIELDS}
    about = {
        "first": first,
        "linked": linked,
        "takenOver": {kind: names for kind, names in taken_over.items() if names},
    }
    return {**parts, "kinds": {**about, "meant": {str(item): meant for item, meant in catalogue.meant.items()}}}


def part_of(kind: str) -> str:
    """The name of the part that has the listing of a kind."""
    return f"kind {kind}"
