"""The search index: flat lists in script files, so that they also load from ``file://``; one, or parts of a size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from itsm_as_code.findings import RecordId
from itsm_as_code.records.catalogue import Record
from itsm_as_code.site import addresses
from itsm_as_code.site.escaping import script_json
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.values import Say
from itsm_as_code.site.views.words import plain

ALIASES = "aliases"
"""The annotation with other names of a record, in any form."""


def address(number: int) -> str:
    """Where a part of the index lies; the first is loaded, and says how many follow."""
    return f"static/search-index{f'_{number}' if number else ''}.js"


def part(context: Context, number: int, parts: int, say: Say) -> bytes:
    """``[title, kind, address, words]`` of the records of a part, as a script that sets or adds to ``itsmIndex``."""
    kinds = {kind.name: at for at, kind in enumerate(context.registry)}
    rows = []
    for record in map(context.catalogue.records.__getitem__, _ids(context.parts[f"search {number}"])):
        metadata = record.data["metadata"]
        words = " ".join((record.name, *_synonyms(record), plain(metadata.get("description", ""), 90)))
        rows.append([record.title, kinds[record.kind.name], addresses.record_page(record.kind, record.name), words])
    if number:
        return f"self.itsmIndex.rows.push(...{script_json(rows)});\n".encode()
    names = [{"name": k.name, "title": say(k.title), "many": say(k.title_plural)} for k in context.registry]
    said = {"kinds": names, "rows": rows}
    return f"self.itsmIndex={script_json({**said, 'parts': parts} if parts > 1 else said)};\n".encode()


def _synonyms(record: Record) -> Iterator[str]:
    """What else people may call a record: its labels, the aliases that it names, the clauses that it is about."""
    metadata, spec = record.data["metadata"], record.spec
    yield from metadata.get("labels", {}).values()
    if ALIASES in metadata.get("annotations", {}):
        yield metadata["annotations"][ALIASES]
    for about in (spec, *(spec.get("clauses") or ())):
        if isinstance(about, dict) and isinstance(about.get("clause"), str):
            yield f"{about['clause']} {about.get('framework', '')}"


def _ids(names: Iterable[str]) -> Iterator[RecordId]:
    return (RecordId(*name.split("/", 1)) for name in names)
