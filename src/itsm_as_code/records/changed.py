"""The catalogue of a tree that differs in a few files from one that was read before: those alone are read from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from functools import cached_property
from typing import Any

from itsm_as_code.findings import Finding, RecordId
from itsm_as_code.records.catalogue import Catalogue, Record, Version
from itsm_as_code.records.graph import says, targets
from itsm_as_code.records.lazy import KindData, LazyCatalogue, Records
from itsm_as_code.records.references import Named
from itsm_as_code.records.sources import Sources
from itsm_as_code.records.summary import Changed
from itsm_as_code.records.taken_over import is_taken_over


class ChangedCatalogue(LazyCatalogue):
    """The records of a tree that differs from another one in some files, by what those files hold now."""

    def __init__(self, before: LazyCatalogue, changed: Catalogue, gone: Set[RecordId]) -> None:
        """``changed`` is the catalogue of the files that differ, ``gone`` are the records that have no file now."""
        Catalogue.__init__(self, changed.snapshot, before.registry, Records(self), changed.findings)
        self.before = before
        self.own, self._gone = dict(changed.records), gone
        self._brought, self._packed, self._valid, self._orders = before._brought, before._packed, {}, {}
        self.touched = frozenset([*self.own, *gone])
        """The records that may differ."""
        valid = [record.data for record in self.own.values() if record.valid]
        old = [record.data for item in self.touched if (record := before.get(item.kind, item.name)) is not None]
        self.summary = Changed(self._changes, before.summary, old, valid)

    def part(self, name: str) -> Any:
        return self.before.part(name)

    def with_packs(self, more: Iterable[Record], findings: list[Finding]) -> LazyCatalogue:
        self.findings = findings  # the packs are those of the other tree
        return self

    def broken(self, kind: str) -> list[Record]:
        return [record for item, record in self.own.items() if item.kind == kind and not record.valid]

    def version(self, item: RecordId) -> Version | None:
        return Catalogue.version(self, item) if item in self.touched else self.before.version(item)

    def versions(self) -> Iterator[tuple[RecordId, Version]]:
        yield from (row for row in self.before.versions() if row[0] not in self.touched)
        for item in self.own:
            if (found := Catalogue.version(self, item)) is not None:
                yield item, found

    def files(self) -> Iterator[tuple[RecordId, str, str | None]]:
        yield from (row for row in self.before.files() if row[0] not in self.touched)
        yield from ((item, record.path, record.oid) for item, record in self.own.items())

    def naming(self, name: str) -> list[Named]:
        kept = [row for row in self.before.naming(name) if row[0] not in self.touched]
        own = self._named.get(name, ())
        return sorted([*kept, *own], key=lambda row: self.place(row[0])) if own else kept

    @cached_property
    def _named(self) -> dict[str, list[Named]]:
        found: dict[str, list[Named]] = {}
        for item, record in self.own.items():
            for reference in record.references() if record.valid else ():
                found.setdefault(reference.name, []).append((item, reference.kinds, reference.pointer))
        return found

    @cached_property
    def _behind(self) -> dict[RecordId, int]:
        return {record.id: number for number, record in enumerate(self._packed, 1)}

    def place(self, item: RecordId) -> tuple[int, str]:
        """Where a record stands among all: by its path, those of packs in the end."""
        path = self.path_of(item.kind, item.name)
        return (0, path) if path is not None else (self._behind[item], "")

    def _standing(self, kind: str) -> list[str]:
        rows = {name: row[0] for name, row in self.before.listing(kind).whole.items()}
        rows = {name: path for name, path in rows.items() if RecordId(kind, name) not in self.touched}
        rows |= {item.name: record.path for item, record in self.own.items() if item.kind == kind}
        return sorted(rows, key=lambda name: rows[name])

    def get(self, kind: str, name: str) -> Record | None:
        item = RecordId(kind, name)
        if item not in self.touched:
            return self.before.get(kind, name)
        own = self.own.get(item)
        return own if own is not None and own.valid else None

    def some(self, kind: str, names: Iterable[str]) -> list[Record]:
        return self._with_own(self.before.some, kind, names)

    def known(self, kind: str, names: Sequence[str]) -> list[Record]:
        return self._with_own(self.before.known, kind, names)

    def _with_own(self, of_before: Callable[..., list[Record]], kind: str, names: Iterable[str]) -> list[Record]:
        wanted = [RecordId(kind, name) for name in names]
        left = of_before(kind, [item.name for item in wanted if item not in self.touched])
        found = {record.id: record for record in left}
        found |= {item: self.own[item] for item in wanted if item in self.own and self.own[item].valid}
        return [found[item] for item in wanted if item in found]

    def valid_names(self, kind: str) -> list[str]:
        broken = {record.name for item, record in self.own.items() if item.kind == kind and not record.valid}
        return sorted({*self.names(kind)} - broken)

    def standing(self, item: RecordId) -> Record | None:
        return self.own.get(item) or self.get(item.kind, item.name)

    def has(self, kind: str, name: str) -> bool:
        item = RecordId(kind, name)
        return item in self.own if item in self.touched else self.before.has(kind, name)

    @cached_property
    def firsts(self) -> dict[str, str]:
        found = {}
        for kind, path in self.before.firsts.items():
            if any(item.kind == kind and self.before.path_of(kind, item.name) == path for item in self.touched):
                standing = self._standing(kind)
                path = self.path_of(kind, standing[0]) or "" if standing else ""
            if path:
                found[kind] = path
        for item, record in self.own.items():
            found[item.kind] = min(record.path, found.get(item.kind, record.path))
        return found

    def _nearest(self, missing: RecordId) -> str:
        """By all names, where one of the kind came, went or stands in another place."""
        touched = [(item.kind, item.name) for item in self.touched if item.kind == missing.kind]
        is_other = any(self.path_of(*item) != self.before.path_of(*item) for item in touched)
        return Catalogue._nearest(self, missing) if is_other else self.before._nearest(missing)

    def taken_over(self, kind: str) -> list[str]:
        return self._renewed(kind, self.before.taken_over(kind), is_taken_over)

    def sources_of(self, target: str) -> list[str]:
        return self._renewed("Service", self.before.sources_of(target), lambda data: target in targets(data))

    def saying(self, field: str) -> list[str]:
        return self._renewed("Service", self.before.saying(field), lambda data: says(data, field))

    def _renewed(self, kind: str, before: Iterable[str], counts: Callable[[dict[str, Any]], bool]) -> list[str]:
        """The names of valid records of a kind that count, by those that did before."""
        kept = (name for name in before if RecordId(kind, name) not in self.touched)
        own = (record for item, record in self.own.items() if item.kind == kind and record.valid)
        return [*kept, *(record.name for record in own if counts(record.data))]

    def count(self, kind: str) -> int:
        here = sum(1 for item in self.own if item.kind == kind)
        there = sum(1 for item in self.touched if item.kind == kind and self.before.has(kind, item.name))
        return self.before.count(kind) + here - there

    def path_of(self, kind: str, name: str) -> str | None:
        item = RecordId(kind, name)
        if item in self.touched:
            return self.own[item].path if item in self.own else None
        return self.before.path_of(kind, name)

    @cached_property
    def data(self) -> dict[str, Mapping[str, dict[str, Any]]]:
        kinds = {item.kind for item in self.touched}
        return {
            kind.name: KindData(self, kind.name) if kind.name in kinds else self.before.data[kind.name]
            for kind in self.registry
        }

    def sources(self) -> Sources:
        known = {record.path: record.content for record in self.own.values() if record.content is not None}
        return self.before.sources() | Sources(known, {}, [(self.by_path, self.snapshot)])
