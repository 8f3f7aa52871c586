"""The catalogue: every record of a snapshot by kind and name, and who refers to whom."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Self

from itsm_as_code.findings import (
    Finding,
    Location,
    Pointer,
    Problem,
    RecordId,
    Rule,
    Severity,
    did_you_mean,
    parse_pointer,
)
from itsm_as_code.records.file_names import no_record, stem_of
from itsm_as_code.records.graph import Linked, says, targets
from itsm_as_code.records.kinds import Kind, KindRegistry, Reference
from itsm_as_code.records.measured import UNMONITORED, Monitoring
from itsm_as_code.records.sources import Sources
from itsm_as_code.snapshot import Snapshot

REFERENCE_EXISTS = Rule(
    "reference-exists",
    "What a record refers to exists and is of the right kind",
    Severity.ERROR,
    "References are names of other records. A name that nobody has is a typing error or a record that was never "
    "written; whoever relies on it (an owner, a dependency, an approver) would be nobody.",
)
RULES = (REFERENCE_EXISTS,)

Version = tuple[object, str, str, bool]
"""The id of a record's content, or what it says; its path, its pack and whether it is valid."""
MOST_MEANT: Final = 100
"""Names that are not there for which one that may have been meant is looked for; each costs a look at all names."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record: its kind and name, its data as written, and the file it stands in.

    Where ``content`` is None, the file was read in an earlier run, and ``Catalogue.sources`` reads it again.
    ``pack`` names the policy pack of the program that brings it: such a record has no file in the repository.
    """

    id: RecordId
    kind: Kind
    data: dict[str, Any]
    path: str
    content: bytes | None = field(repr=False)
    oid: str | None = None
    valid: bool = True
    pack: str = ""

    @property
    def name(self) -> str:
        return self.id.name

    @property
    def source(self) -> bytes:
        """The content of the file that was read in this run."""
        if self.content is None:
            raise AssertionError(f"{self.path} was not read in this run; ask the catalogue for its source")
        return self.content

    @property
    def spec(self) -> dict[str, Any]:
        """The record's ``spec``; empty where a record that breaks its schema has none."""
        spec = self.data.get("spec")
        return spec if isinstance(spec, dict) else {}

    @property
    def title(self) -> str:
        return str(get(self.data, ("metadata", "title"), self.name))

    @property
    def state(self) -> str | None:
        """The state that the kind's lifecycle reads, or None."""
        lifecycle = self.kind.lifecycle
        state = self.at(parse_pointer(lifecycle["field"])) if lifecycle else None
        return state if isinstance(state, str) else None

    def at(self, pointer: Pointer) -> Any:
        """What the record says at a pointer; None where it says nothing."""
        return get(self.data, pointer)

    def references(self) -> list[Reference]:
        return self.kind.references(self.data)

    def __hash__(self) -> int:
        return hash((self.id, self.path))


_INDEX = re.compile(r"(?:0|[1-9][0-9]{0,8})\Z")


def get(data: Any, pointer: Pointer, default: Any = None) -> Any:
    """The value at a pointer, or ``default``."""
    for part in pointer:
        if isinstance(data, dict) and part in data:
            data = data[part]
        elif isinstance(data, list) and _INDEX.match(str(part)) and int(part) < len(data):
            data = data[int(part)]
        else:
            return default
    return data


def services_named(spec: Mapping[str, Any]) -> list[str]:
    """The services that a record of any kind names; a kind of one's own may mean something else by these fields."""
    listed = spec.get("services")
    found = [*(listed if isinstance(listed, list) else ()), spec.get("service")]
    return [name for name in found if isinstance(name, str)]


class Listed(Linked):
    """The data of the records of a kind by name, of which it is known which are taken over."""

    @abstractmethod
    def taken_over(self) -> Iterable[str]:
        """The names of those that another tool closed."""

    def all(self) -> list[dict[str, Any]]:
        """The data of all of them."""
        return [self[name] for name in self]

    def some(self, names: Iterable[str]) -> list[dict[str, Any]]:
        """The data of those of some names that there are."""
        return [self[name] for name in names if name in self]


class Layered(Listed):
    """The data of some records, and over it that of others: first all names of the former, then what comes on top."""

    def __init__(self, below: Listed, above: Mapping[str, dict[str, Any]]) -> None:
        self._below, self._above = below, above

    def __getitem__(self, name: str) -> dict[str, Any]:
        return self._above[name] if name in self._above else self._below[name]

    def __contains__(self, name: object) -> bool:
        return name in self._above or name in self._below

    def __iter__(self) -> Iterator[str]:
        yield from self._below
        yield from (name for name in self._above if name not in self._below)

    def __len__(self) -> int:
        return len(self._below) + sum(1 for name in self._above if name not in self._below)

    def sources(self, target: str) -> Collection[str]:
        kept = (name for name in self._below.sources(target) if name not in self._above)
        return [*kept, *(name for name, data in self._above.items() if target in targets(data))]

    def saying(self, field: str) -> Collection[str]:
        kept = (name for name in self._below.saying(field) if name not in self._above)
        return [*kept, *(name for name, data in self._above.items() if says(data, field))]

    def taken_over(self) -> Iterator[str]:
        yield from (name for name in self._below.taken_over() if name not in self._above)
        if isinstance(self._above, Listed):
            yield from self._above.taken_over()
            return
        for name, data in self._above.items():
            spec = data.get("spec")
            if isinstance(spec, dict) and "takenOver" in spec:
                yield name


class Catalogue:
    """All records of one snapshot, with the findings about their files."""

    summary: object | None = None
    """What an index knows of its changes, if there is one."""
    touched: frozenset[RecordId] = frozenset()
    """The records that may differ from those of the index, if there is one."""

    def __init__(
        self, snapshot: Snapshot, registry: KindRegistry, records: Mapping[RecordId, Record], findings: list[Finding]
    ) -> None:
        self.snapshot = snapshot
        self.registry = registry
        self.records = records
        self.findings = findings
        self._meant: dict[RecordId, str] = {}
        self.monitoring = UNMONITORED
        """What was measured of its services, by the sources that the rules name which it is judged by."""

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records.values())

    def __len__(self) -> int:
        return len(self.records)

    def part(self, name: str) -> Any:
        """A part of the index that it is made of; None where there is none."""
        return None

    def with_packs(self, more: Iterable[Record], findings: list[Finding]) -> Catalogue:
        """A catalogue with the records that packs bring, and with these findings; this one may become it."""
        return self.joined(more, findings)

    def joined(self, more: Iterable[Record], findings: list[Finding]) -> Catalogue:
        """A catalogue with some further records, and with these findings."""
        records = {**self.records, **{record.id: record for record in more}}
        return Catalogue(self.snapshot, self.registry, records, findings).seen_by(self.monitoring)

    def seen_by(self, monitoring: Monitoring) -> Self:
        """The catalogue itself, with what was measured; before anybody asks it for facts."""
        self.monitoring = monitoring
        return self

    def get(self, kind: str, name: str) -> Record | None:
        """The valid record of that kind and name, or None: a record that breaks its schema answers no question."""
        record = self._by_kind.get(kind, {}).get(name)
        return record if record is not None and record.valid else None

    def of_kind(self, kind: str) -> list[Record]:
        """The valid records of a kind, by name."""
        return self._valid_by_kind.get(kind, [])

    def valid_names(self, kind: str) -> list[str]:
        """The names of the valid records of a kind, in order."""
        return [record.name for record in self.of_kind(kind)]

    def some(self, kind: str, names: Iterable[str]) -> list[Record]:
        """Those valid records of a kind that there are, in the order of their names as given."""
        return [record for name in names if (record := self.get(kind, name)) is not None]

    def names(self, kind: str) -> list[str]:
        """The names of all records of a kind, valid or not."""
        return list(self._by_kind.get(kind, ()))

    def count(self, kind: str) -> int:
        """How many records of a kind there are, valid or not; none of a kind that nobody knows."""
        return len(self._by_kind.get(kind, ()))

    def has(self, kind: str, name: str) -> bool:
        """True for the name of a record, valid or not."""
        return name in self._by_kind.get(kind, ())

    def broken(self, kind: str) -> list[Record]:
        """The records of a kind that break its schema."""
        return [record for record in self._by_kind.get(kind, {}).values() if not record.valid]

    def version(self, item: RecordId) -> Version | None:
        """What tells one record from another."""
        from itsm_as_code.records.stored import content_id  # loads more than who reads no records needs

        found = self.records.get(item)
        if found is None:
            return None
        text = found.oid or (content_id(found.content) if found.content is not None else found.data)
        return text, found.path, found.pack, found.valid

    def versions(self) -> Iterator[tuple[RecordId, Version]]:
        """All records, each with what tells it from another one."""
        yield from ((item, found) for item in self.records if (found := self.version(item)) is not None)

    def files(self) -> Iterator[tuple[RecordId, str, str | None]]:
        """The records that have a file, with its path and, where it is known, the id of its content."""
        yield from ((record.id, record.path, record.oid) for record in self if not record.pack)

    @property
    def packed(self) -> list[Record]:
        """The records that policy packs of the program bring."""
        return [record for record in self if record.pack]

    def did_you_mean(self, missing: RecordId) -> str:
        """A question about the record of the kind that was most likely meant, looked for once, or the empty string."""
        if missing not in self._meant:
            if len(self._meant) >= MOST_MEANT:
                return ""
            self._meant[missing] = self._nearest(missing)
        return self._meant[missing]

    def _nearest(self, missing: RecordId) -> str:
        return did_you_mean(missing.name, self.names(missing.kind))

    @property
    def meant(self) -> Mapping[RecordId, str]:
        """What was found so far to be meant most likely by the names of records that are not there."""
        return self._meant

    @property
    def kinds_in_order(self) -> Iterable[str]:
        """The kinds of which there are records, in the order in which records were read."""
        return self._by_kind

    @cached_property
    def _by_kind(self) -> dict[str, dict[str, Record]]:
        found: dict[str, dict[str, Record]] = {}
        for record in self.records.values():
            found.setdefault(record.id.kind, {})[record.id.name] = record
        return found

    @cached_property
    def _valid_by_kind(self) -> dict[str, list[Record]]:
        return {
            kind: [records[name] for name in sorted(records) if records[name].valid]
            for kind, records in self._by_kind.items()
        }

    @cached_property
    def by_path(self) -> dict[str, Record]:
        """The records that have a file in the snapshot, by its path."""
        return {record.path: record for record in self.records.values() if not record.pack}

    @cached_property
    def referrers(self) -> Mapping[RecordId, list[tuple[Record, Pointer]]]:
        """Who refers to a record, and where."""
        found: dict[RecordId, list[tuple[Record, Pointer]]] = {}
        for record in self.records.values():
            if record.valid:
                for reference in record.references():
                    for kind in reference.kinds:
                        if reference.name in self._by_kind.get(kind, ()):
                            found.setdefault(RecordId(kind, reference.name), []).append((record, reference.pointer))
                            break
        return found

    @cached_property
    def data(self) -> Mapping[str, Mapping[str, dict[str, Any]]]:
        """The data of the valid records, by kind and name."""
        return {kind.name: {record.name: record.data for record in self.of_kind(kind.name)} for kind in self.registry}

    def sources(self) -> Sources:
        """Source bytes by path, to work out lines and columns."""
        known = {record.path: record.content for record in self if record.content is not None}
        return Sources(known, {record.path: self.snapshot for record in self if record.content is None})

    def is_dangling(self, record: Record) -> bool:
        """True for a record, of this catalogue or not, that names one that is not there."""
        return next(self._missing(record), None) is not None

    def dangling(self, record: Record) -> Iterator[Finding]:
        """A finding for each reference of a record, of this catalogue or not, to a record that is not there."""
        for reference in self._missing(record):
            yield stamp(REFERENCE_EXISTS, record, self._dangling(reference))

    def _missing(self, record: Record) -> Iterator[Reference]:
        for reference in record.references():
            for kind in reference.kinds:
                if self.has(kind, reference.name):
                    break
            else:
                yield reference

    def _dangling(self, reference: Reference) -> Problem:
        name, kinds = reference.name, reference.kinds
        wanted = " or ".join(kinds)
        other = next((kind for kind in self.kinds_in_order if self.has(kind, name)), None)
        meant = filter(None, (self.did_you_mean(RecordId(kind, name)) for kind in kinds))
        folder = self.registry[kinds[0]].folder if kinds[0] in self.registry.kinds else "?"
        instead = f"'{name}' is a {other}; name a {wanted}" if other else f"add {folder}/{name}.yaml"
        return Problem(f"no {wanted} named '{name}'", reference.pointer, next(meant, instead))


def names_in(snapshot: Snapshot, registry: KindRegistry) -> Catalogue:
    """Which records there are, by the paths of their files, of which none is read: the records have no data."""
    found: dict[RecordId, Record] = {}
    for path, entry in snapshot.entries.items():
        kind = registry.of_path(path)
        if kind is not None and no_record(path, entry) is None:
            record = RecordId(kind.name, stem_of(path))
            found.setdefault(record, Record(record, kind, {}, path, None, entry.oid))
    return Catalogue(snapshot, registry, found, [])


def stamp(rule: Rule, record: Record, problem: Problem, severity: Severity | None = None) -> Finding:
    """The finding that a rule makes of a problem with a record."""
    location = Location(record.path, pointer=problem.pointer, offset=problem.offset)
    severity = severity or rule.severity
    return Finding(rule.id, severity, location, problem.message, problem.remedy, record.id, count=problem.count)
