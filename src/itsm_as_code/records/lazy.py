"""The catalogue of a tree that was read before: its records are read when somebody asks for them.

It gives what the catalogue of all files gives; where the index does not know enough for that, :class:`NotIndexed` is
raised.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from typing import Any, Final

from itsm_as_code.findings import Finding, Pointer, RecordId
from itsm_as_code.records.catalogue import Catalogue, Listed, Record, Version
from itsm_as_code.records.document import load
from itsm_as_code.records.index import TreeIndex
from itsm_as_code.records.kinds import Kind, KindRegistry
from itsm_as_code.records.listings import SOURCES, part_of
from itsm_as_code.records.references import Named, References
from itsm_as_code.records.sources import Sources
from itsm_as_code.records.stored import StoredRecords
from itsm_as_code.records.summary import Divided, Made, Summary
from itsm_as_code.records.unread import Ahead, unread
from itsm_as_code.snapshot import Snapshot


class NotIndexed(Exception):
    """A part of the index is missing, or says what cannot be."""


NOT_ENOUGH: Final = (NotIndexed, LookupError, TypeError, ValueError, AttributeError)
"""What comes of an index that lacks something, or is none of this program: what is wrong elsewhere comes up again."""


class LazyCatalogue(Catalogue):
    """The valid records of a tree. :class:`NotIndexed` when the index turns out not to know them."""

    summary: Summary

    def __init__(self, snapshot: Snapshot, registry: KindRegistry, index: TreeIndex, stored: StoredRecords) -> None:
        super().__init__(snapshot, registry, Records(self), [])
        self._index = index
        self._stored = stored
        self._read: dict[RecordId, Record] = {}
        self._brought: dict[str, dict[str, Record]] = {}
        self._listings: dict[str, Divided] = {}
        self._sources: Divided | None = None
        self._packed: list[Record] = []
        self._valid: dict[str, list[Record]] = {}
        self._orders: dict[str, list[str]] = {}
        self._references = References(self.part)
        self.summary = Summary(self._changes, self.part)

    def _changes(self, names: Iterable[str]) -> list[dict[str, Any]]:
        return [record.data for record in self.some("Change", names)]

    def part(self, name: str) -> Any:
        """A part of the index."""
        found = self._index.get(name)
        if found is None:
            raise NotIndexed(f"it lacks '{name}'")
        return found

    def __iter__(self) -> Iterator[Record]:
        for kind in self.registry:
            self.some(kind.name, self.valid_names(kind.name))  # read together
        return iter(self.records.values())

    def with_packs(self, more: Iterable[Record], findings: list[Finding]) -> LazyCatalogue:
        for record in more:
            self._brought.setdefault(record.id.kind, {})[record.id.name] = record
            self._packed.append(record)
        self._valid.clear()
        self.findings = findings
        return self

    def joined(self, more: Iterable[Record], findings: list[Finding]) -> Catalogue:
        """All records are read, unless there are none to join."""
        found = list(more)
        if not found and findings == self.findings:
            return self
        records = {record.id: record for record in (*self, *found)}
        return Catalogue(self.snapshot, self.registry, records, findings).seen_by(self.monitoring)

    @property
    def packed(self) -> list[Record]:
        return self._packed

    def broken(self, kind: str) -> list[Record]:
        return []

    def version(self, item: RecordId) -> Version | None:
        row = self.listing(item.kind).get(item.name) if item.kind in self.registry.kinds else None
        return super().version(item) if row is None else (row[1], row[0], "", True)

    def versions(self) -> Iterator[tuple[RecordId, Version]]:
        for kind in self.registry:
            for name, row in self.listing(kind.name).whole.items():
                yield RecordId(kind.name, name), (row[1], row[0], "", True)
        for record in self.packed:
            if (found := super().version(record.id)) is not None:
                yield record.id, found

    def files(self) -> Iterator[tuple[RecordId, str, str | None]]:
        for kind in self.registry:
            for name, row in self.listing(kind.name).whole.items():
                yield RecordId(kind.name, name), row[0], row[1]

    def naming(self, name: str) -> Iterable[Named]:
        """The valid records in which a name stands, in the order of records."""
        return self._references.naming(name)

    def referring(self, item: RecordId) -> list[tuple[RecordId, Pointer]]:
        """Who refers to a record, and where: none of those is read."""
        meant: dict[tuple[str, ...], bool] = {}
        found = []
        for referrer, kinds, pointer in self.naming(item.name):
            if kinds not in meant:
                meant[kinds] = next((kind for kind in kinds if self.has(kind, item.name)), None) == item.kind
            if meant[kinds]:
                found.append((referrer, pointer))
        return found

    @cached_property
    def referrers(self) -> Mapping[RecordId, list[tuple[Record, Pointer]]]:
        """As of a catalogue that was read, but which records there are that somebody refers to is not known."""
        return Made(self._referrers)

    def _referrers(self, item: RecordId) -> list[tuple[Record, Pointer]]:
        found = self.referring(item)
        if not found:
            raise KeyError(item)
        for kind in {referrer.kind for referrer, _ in found}:
            self.some(kind, {referrer.name for referrer, _ in found if referrer.kind == kind})  # read together
        return [(self.records[referrer], pointer) for referrer, pointer in found]

    def listing(self, kind: str) -> Divided:
        """Path, content id and, where it is no plain file, mode by name, of the records that have a file."""
        if kind not in self._listings:
            self._listings[kind] = Divided(part_of(kind), self.part)
        return self._listings[kind]

    def get(self, kind: str, name: str) -> Record | None:
        known = None if name in self._brought.get(kind, ()) else self._read.get(RecordId(kind, name))
        return known or next(iter(self.some(kind, [name])), None)

    def of_kind(self, kind: str) -> list[Record]:
        if kind not in self._valid:
            self._valid[kind] = self.known(kind, self.valid_names(kind)) if kind in self.registry.kinds else []
        return self._valid[kind]

    def known(self, kind: str, names: Sequence[str]) -> list[Record]:
        """Some of the valid records that there are, none of which is read before somebody asks what it says."""
        brought, rows = self._brought.get(kind, {}), self.listing(kind).whole
        ahead, of = Ahead(partial(self.some, kind), names), self.registry[kind]
        return [brought.get(name) or unread(of, name, rows[name], ahead) for name in names]

    def valid_names(self, kind: str) -> list[str]:
        return sorted(self.names(kind))

    def names(self, kind: str) -> list[str]:
        if kind not in self.registry.kinds:
            return []
        if kind not in self._orders:
            self._orders[kind] = self._standing(kind)
        return [*self._orders[kind], *self._brought.get(kind, ())]

    def _standing(self, kind: str) -> list[str]:
        """The names that have a file, in the order of its path."""
        return [name for name, _ in sorted(self.listing(kind).whole.items(), key=lambda item: item[1][0])]

    def standing(self, item: RecordId) -> Record | None:
        """The record of a kind and name, valid or not."""
        return self.get(item.kind, item.name)

    def has(self, kind: str, name: str) -> bool:
        is_known = name in self._brought.get(kind, ()) or RecordId(kind, name) in self._read
        return is_known or (kind in self.registry.kinds and name in self.listing(kind))

    @property
    def firsts(self) -> dict[str, str]:
        """The first path of each kind of which there are records with a file."""
        return dict(self.part("kinds")["first"])

    @property
    def kinds_in_order(self) -> Iterable[str]:
        return _in_order(self.firsts, self._brought)

    def _nearest(self, missing: RecordId) -> str:
        known = self.part("kinds")["meant"].get(str(missing))
        return super()._nearest(missing) if known is None else str(known)

    def taken_over(self, kind: str) -> list[str]:
        """The names of records of a kind that another tool closed."""
        return list(self.part("kinds")["takenOver"].get(kind, ()))

    def sources_of(self, target: str) -> list[str]:
        """The services that name one among what they depend on, all of them read."""
        if self._sources is None:
            self._sources = Divided(SOURCES, self.part)
        found: list[str] = self._sources.get(target, [])
        self.some("Service", found)
        return found

    def saying(self, field: str) -> list[str]:
        """The services that say something in a field of what they depend on."""
        return list(self.part("kinds")["linked"][field])

    def count(self, kind: str) -> int:
        is_known = kind in self.registry.kinds
        return len(self.listing(kind)) + len(self._brought.get(kind, ())) if is_known else 0

    def some(self, kind: str, names: Iterable[str]) -> list[Record]:
        if kind not in self.registry.kinds:
            return []
        brought, wanted = self._brought.get(kind, {}), list(names)
        missing = [name for name in wanted if name not in brought and RecordId(kind, name) not in self._read]
        if missing:
            listing = self.listing(kind)
            known = listing.whole if len(missing) > len(listing) // 4 else listing
            rows = ((name, known.get(name)) for name in missing)
            self._load(self.registry[kind], {row[0]: (name, row[1]) for name, row in rows if row is not None})
        found = (brought.get(name) or self._read.get(RecordId(kind, name)) for name in wanted)
        return [record for record in found if record is not None]

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
        return {kind.name: KindData(self, kind.name) for kind in self.registry}

    @cached_property
    def by_path(self) -> Mapping[str, Record]:  # type: ignore[override]
        return _ByPath(self)

    def path_of(self, kind: str, name: str) -> str | None:
        """The path of the file of a record."""
        row = self.listing(kind).get(name) if kind in self.registry.kinds else None
        return None if row is None else str(row[0])

    def sources(self) -> Sources:
        known = {record.path: record.content for record in self.packed if record.content is not None}
        return Sources(known, {}, [(self.by_path, self.snapshot)])


def _in_order(firsts: Mapping[str, str], more: Iterable[str]) -> list[str]:
    """Kinds by their first path, then those that have none."""
    kinds = sorted(firsts, key=lambda kind: firsts[kind])
    return [*kinds, *(kind for kind in more if kind not in firsts)]


class Records(Mapping[RecordId, Record]):
    """All records of a lazy catalogue by id."""

    def __init__(self, catalogue: LazyCatalogue) -> None:
        self._catalogue = catalogue

    def __getitem__(self, record_id: RecordId) -> Record:
        record = self._catalogue.standing(record_id)
        if record is None:
            raise KeyError(record_id)
        return record

    def __contains__(self, record_id: object) -> bool:
        return isinstance(record_id, RecordId) and self._catalogue.has(record_id.kind, record_id.name)

    def __iter__(self) -> Iterator[RecordId]:
        kinds = [kind.name for kind in self._catalogue.registry]
        found = [RecordId(kind, name) for kind in kinds for name in self._catalogue.names(kind)]
        paths = {item: path for item in found if (path := self._catalogue.path_of(item.kind, item.name)) is not None}
        yield from sorted(paths, key=lambda item: paths[item])
        yield from (record.id for record in self._catalogue.packed)

    def __len__(self) -> int:
        return sum(self._catalogue.count(kind.name) for kind in self._catalogue.registry)


class _ByPath(Mapping[str, Record]):
    """The records of a lazy catalogue that have a file, by its path."""

    def __init__(self, catalogue: LazyCatalogue) -> None:
        self._catalogue = catalogue

    def _id(self, path: str) -> RecordId | None:
        kind = self._catalogue.registry.of_path(path)
        if kind is None or not path.endswith(".yaml"):
            return None
        name = path.rpartition("/")[2].removesuffix(".yaml")
        return RecordId(kind.name, name) if self._catalogue.path_of(kind.name, name) == path else None

    def __getitem__(self, path: str) -> Record:
        found = self._id(path)
        if found is None:
            raise KeyError(path)
        return self._catalogue.records[found]

    def __contains__(self, path: object) -> bool:
        return isinstance(path, str) and self._id(path) is not None

    def __iter__(self) -> Iterator[str]:
        found = (self._catalogue.path_of(item.kind, item.name) for item in self._catalogue.records)
        yield from (path for path in found if path is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class KindData(Listed):
    """The data of the valid records of one kind by name, read together where all are asked for."""

    def __init__(self, catalogue: LazyCatalogue, kind: str) -> None:
        self._catalogue = catalogue
        self._kind = kind
        self._known: dict[str, dict[str, Any] | None] = {}
        self._is_whole = False

    def _find(self, name: str) -> dict[str, Any] | None:
        if name not in self._known and not self._is_whole:
            record = self._catalogue.get(self._kind, name)
            self._known[name] = None if record is None else record.data
        return self._known.get(name)

    def _read(self) -> dict[str, dict[str, Any]]:
        if not self._is_whole:
            names = self._catalogue.valid_names(self._kind)
            self._known = dict(zip(names, self.some(names), strict=True))
            self._is_whole = True
        return self._known  # type: ignore[return-value]

    def __getitem__(self, name: str) -> dict[str, Any]:
        data = self._find(name)
        if data is None:
            raise KeyError(name)
        return data

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._find(name) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    def all(self) -> list[dict[str, Any]]:
        return [*self._read().values()]

    def some(self, names: Iterable[str]) -> list[dict[str, Any]]:
        return [record.data for record in self._catalogue.some(self._kind, names)]

    def taken_over(self) -> Collection[str]:
        return self._catalogue.taken_over(self._kind)

    def sources(self, target: str) -> Collection[str]:
        return self._catalogue.sources_of(target)

    def saying(self, field: str) -> Collection[str]:
        return self._catalogue.saying(field)
