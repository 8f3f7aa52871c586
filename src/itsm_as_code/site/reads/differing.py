"""Which records of an earlier build read differently now, and what of them: title, brief, body, or anything.

A record stands there by its row: what tells it from another version of itself, as text. Of records whose rows differ,
what they said and what they say is compared part by part; who looked one up rests on the part that was asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from itsm_as_code.findings import RecordId
from itsm_as_code.records.catalogue import Catalogue, Record, get
from itsm_as_code.records.kinds import Kind
from itsm_as_code.records.stored import StoredRecords

MARK: Final = "\x1f"
"""Between the parts of a key; no record name has it."""
SHORT: Final = (str, int, float, bool, type(None))
"""What is short in a ``spec``, unless it is free text."""
OF_ALL: Final = {"title": "titles", "brief": "briefs", "body": "bodies", "whole": "content"}
"""What may be asked of a record, and what asks it of all records of a kind."""
Row = list[Any]
Rows = Mapping[str, Mapping[str, Row]]
"""By kind and name."""
Data = dict[str, Any]


def rows(catalogue: Catalogue) -> dict[str, dict[str, Row]]:
    """How every record stands there."""
    found: dict[str, dict[str, Row]] = {}
    for item, (said, *more) in catalogue.versions():
        found.setdefault(item.kind, {})[item.name] = [said if isinstance(said, str) else repr(said), *more]
    return found


def differing(before: Rows, now: Rows, catalogue: Catalogue, stored: StoredRecords) -> set[str]:
    """The keys of look-ups that are about records and are answered differently ``now``, as its records stand.

    What a record said is one of ``stored``; where it is not, all of it differs. ``references`` stands for all look-ups
    of who refers to a record.
    """
    found = set[str]()
    for kind in before.keys() | now.keys():
        old, new = before.get(kind, {}), now.get(kind, {})
        if old == new:
            continue
        other = [name for name in old.keys() | new.keys() if old.get(name) != new.get(name)]
        said = _said(catalogue, kind, {name: old[name] for name in other if name in old}, stored)
        for name in other:
            record = catalogue.records.get(RecordId(kind, name))
            found.update(_keys(kind, name, _parts(said.get(name), record)))
            if (name in old and old[name][-1]) != (name in new and new[name][-1]):
                found.add(f"names{MARK}{kind}")
        found.add("everything")
    return found


def _keys(kind: str, name: str, parts: Iterator[str]) -> Iterator[str]:
    for part in parts:
        yield f"{part}{MARK}{kind}{MARK}{name}"
        yield f"{OF_ALL[part]}{MARK}{kind}"
        if part == "body":
            yield "references"


def _said(catalogue: Catalogue, kind: str, old: Mapping[str, Row], stored: StoredRecords) -> dict[str, Data]:
    """What records said that had a file and were valid, where that is still known."""
    if kind not in catalogue.registry.kinds:
        return {}
    names = {path: name for name, (said, path, pack, valid) in old.items() if valid and not pack and said[:1] != "{"}
    found = stored.find((path, catalogue.registry[kind], old[name][0]) for path, name in names.items())
    return {names[path]: data for path, data in found}


def _parts(before: Data | None, record: Record | None) -> Iterator[str]:
    """What of a record differs from what it said; all of it where that is not known."""
    yield "whole"
    if before is None or record is None or not record.valid or record.pack:
        yield from ("title", "brief", "body")
        return
    for part, of in (("title", _title), ("brief", _brief), ("body", _body)):
        if repr(of(record.kind, before)) != repr(of(record.kind, record.data)):  # 1, 1.0 and true are equal to Python
            yield part


def _title(_: Kind, data: Data) -> object:
    return get(data, ("metadata", "title"))


def _brief(kind: Kind, data: Data) -> object:
    short = (key for key, value in data["spec"].items() if isinstance(value, SHORT) and key not in kind.prose)
    return [*data["spec"]], {key: data["spec"][key] for key in short}


def _body(kind: Kind, data: Data) -> object:
    spec = {key: None if key in kind.prose else value for key, value in data["spec"].items()}
    return {**data, "metadata": {**data["metadata"], "title": None}, "spec": spec}
