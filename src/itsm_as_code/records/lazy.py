"""The catalogue of a tree that was read before: its records are read when somebody asks for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from itsm_as_code.findings import Finding, RecordId
from itsm_as_code.records.catalogue import Catalogue, Record
from itsm_as_code.records.document import load
from itsm_as_code.records.index import TreeIndex
from itsm_as_code.records.kinds import Kind, KindRegistry
from itsm_as_code.records.stored import StoredRecords, content_id
from itsm_as_code.snapshot import Snapshot

Listing = dict[str, tuple[str, str]]
"""Path and content id by name."""


class NotIndexed(Exception):
    """A part of the index is missing, or says what cannot be."""


def listings(catalogue: Catalogue) -> dict[str, Any]:
    """The parts of an index from which a :class:`LazyCatalogue` is made: the valid records of each kind."""
    return {
        _part(kind.name): {
            record.name: [record.path, record.oid or content_id(record.source)]
            for record in catalogue.of_kind(kind.name)
            if not record.pack
        }
        for kind in catalogue.registry
    }


def _part(kind: str) -> str:
    return f"kind {kind}"


class LazyCatalogue(Catalogue):
    """The valid records of a tree. :class:`NotIndexed` when the index turns out not to know them."""

    def __init__(self, snapshot: Snapshot, registry: KindRegistry, index: TreeIndex, stored: StoredRecords) -> None:
        super().__init__(snapshot, registry, _Records(self), [])
        self._index = index
        self._stored = stored
        self._listings: dict[str, Listing] = {}
        self._read: dict[RecordId, Record] = {}

    def joined(self, more: Iterable[Record], findings: list[Finding]) -> LazyCatalogue:
        for record in more:
            kind, name = record.id.kind, record.id.name
            self._read[record.id] = record
            self._listings[kind] = dict(sorted({**self.listing(kind), name: (record.path, "")}.items()))
        self.findings = findings
        return self

    def listing(self, kind: str) -> Listing:
        if kind not in self._listings:
            found = self._index.get(_part(kind)) if kind in self.registry.kinds else {}
            if found is None:
                raise NotIndexed(kind)
            self._listings[kind] = found
        return self._listings[kind]

    def get(self, kind: str, name: str) -> Record | None:
        return next(iter(self.some(kind, [name])), None)

    def of_kind(self, kind: str) -> list[Record]:
        return self.some(kind, self.listing(kind))

    def names(self, kind: str) -> list[str]:
        return list(self.listing(kind))

    def some(self, kind: str, names: Iterable[str]) -> list[Record]:
        """Those records of a kind that there are, in the order of their names as given."""
        listing = self.listing(kind)
        wanted = [name for name in names if name in listing]
        missing = [name for name in wanted if RecordId(kind, name) not in self._read]
        if missing:
            self._load(self.registry[kind], {listing[name][0]: (name, listing[name][1]) for name in missing})
        return [self._read[RecordId(kind, name)] for name in wanted]

    def _load(self, kind: Kind, files: Mapping[str, tuple[str, str]]) -> None:
        found = dict(self._stored.find((path, kind, oid) for path, (_, oid) in files.items()))
        lost = [path for path in files if path not in found]
        for path, content in self.snapshot.read_many(lost) if lost else ():
            document = load(path, content) if isinstance(content, bytes) else None
            if document is None or isinstance(document, Finding) or document.data.get("kind") != kind.name:
                raise NotIndexed(path)
            found[path] = document.data
        for path, (name, oid) in files.items():
            record_id = RecordId(kind.name, name)
            self._read[record_id] = Record(record_id, kind, found[path], path, None, oid)

    @cached_property
    def data(self) -> dict[str, Mapping[str, dict[str, Any]]]:
        return {kind.name: _Data(self, kind.name) for kind in self.registry}


class _Records(Mapping[RecordId, Record]):
    """All records of a lazy catalogue by id."""

    def __init__(self, catalogue: LazyCatalogue) -> None:
        self._catalogue = catalogue

    def __getitem__(self, record_id: RecordId) -> Record:
        record = self._catalogue.get(record_id.kind, record_id.name)
        if record is None:
            raise KeyError(record_id)
        return record

    def __iter__(self) -> Iterator[RecordId]:
        for kind in self._catalogue.registry:
            yield from (RecordId(kind.name, name) for name in self._catalogue.listing(kind.name))

    def __len__(self) -> int:
        return sum(len(self._catalogue.listing(kind.name)) for kind in self._catalogue.registry)


class _Data(Mapping[str, dict[str, Any]]):
    """The data of the records of one kind by name, read together where all are asked for."""

    def __init__(self, catalogue: LazyCatalogue, kind: str) -> None:
        self._catalogue = catalogue
        self._kind = kind

    def __getitem__(self, name: str) -> dict[str, Any]:
        record = self._catalogue.get(self._kind, name)
        if record is None:
            raise KeyError(name)
        return record.data

    def __contains__(self, name: object) -> bool:
        return name in self._catalogue.listing(self._kind)

    def __iter__(self) -> Iterator[str]:
        self._catalogue.of_kind(self._kind)
        return iter(self._catalogue.listing(self._kind))

    def __len__(self) -> int:
        return len(self._catalogue.listing(self._kind))
