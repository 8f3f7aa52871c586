"""The catalogue: every record of a snapshot by kind and name, and what is wrong with the files that hold them."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final

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
    sort_findings,
)
from itsm_as_code.records.document import YAML_LIMIT, Data, Document, load
from itsm_as_code.records.file_names import no_record, place_problems
from itsm_as_code.records.kinds import API_VERSION, Kind, KindRegistry, Reference
from itsm_as_code.records.sources import Sources
from itsm_as_code.records.stored import StoredRecords, content_id
from itsm_as_code.records.writer import in_line
from itsm_as_code.snapshot import MAX_BYTES, Entry, Snapshot, TooLarge

FILE_KIND = Rule(
    "file-kind",
    "Only regular files named <name>.yaml stand for records",
    Severity.ERROR,
    "A symbolic link, a submodule or a file ending in .yml or .YAML in a record folder looks like a record but would "
    "be read differently by different tools. It is refused, never skipped.",
)
FILE_NAME = Rule(
    "file-name",
    "A record file is named after its record",
    Severity.ERROR,
    "The file's stem equals metadata.name: lower-case ASCII letters, digits and hyphens, 1 to 63 characters. So a "
    "name in another record tells where to look, and look-alike letters cannot pose as somebody else's record. Names "
    "of devices on Windows (con, nul, com1), and folders alike but for case, cannot be checked out everywhere.",
)
FILE_READABLE = Rule(
    "file-readable",
    "Every record file can be read",
    Severity.ERROR,
    "A file that cannot be read cannot be judged, and what cannot be judged is not approved.",
)
RECORD_KIND = Rule(
    "record-kind",
    "A record has a known kind and lies in the folder of that kind",
    Severity.ERROR,
    "The folder decides who must approve a record, so a record of one kind must not lie in the folder of another. "
    "`itsm schema` lists the kinds with their folders.",
)
RECORD_UNIQUE = Rule(
    "record-unique",
    "A name stands for one record of its kind",
    Severity.ERROR,
    "Two files that claim the same kind and name leave open which of them counts.",
)
RECORD_SCHEMA = Rule(
    "record-schema",
    "A record fits the schema of its kind",
    Severity.ERROR,
    "The schema says which fields a kind has, which are required and what they look like. `itsm schema KIND` prints "
    "it; an editor with the yaml-language-server comment shows it while you type.",
)
REFERENCE_EXISTS = Rule(
    "reference-exists",
    "What a record refers to exists and is of the right kind",
    Severity.ERROR,
    "References are names of other records. A name that nobody has is a typing error or a record that was never "
    "written; whoever relies on it (an owner, a dependency, an approver) would be nobody.",
)
RULES = (FILE_KIND, FILE_NAME, FILE_READABLE, RECORD_KIND, RECORD_UNIQUE, RECORD_SCHEMA, REFERENCE_EXISTS)


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
        state = get(self.data, parse_pointer(lifecycle["field"])) if lifecycle else None
        return state if isinstance(state, str) else None

    def references(self) -> Iterator[Reference]:
        return self.kind.references(self.data)

    def __hash__(self) -> int:
        return hash((self.id, self.path))


_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\Z")
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


class Catalogue:
    """All records of one snapshot, with the findings about their files."""

    def __init__(
        self, snapshot: Snapshot, registry: KindRegistry, records: Mapping[RecordId, Record], findings: list[Finding]
    ) -> None:
        self.snapshot = snapshot
        self.registry = registry
        self.records = records
        self.findings = findings
        self._meant: dict[RecordId, str] = {}

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records.values())

    def __len__(self) -> int:
        return len(self.records)

    def get(self, kind: str, name: str) -> Record | None:
        """The valid record of that kind and name, or None: a record that breaks its schema answers no question."""
        record = self._by_kind.get(kind, {}).get(name)
        return record if record is not None and record.valid else None

    def of_kind(self, kind: str) -> list[Record]:
        """The valid records of a kind, by name."""
        return self._valid_by_kind.get(kind, [])

    def names(self, kind: str) -> list[str]:
        """The names of all records of a kind, valid or not."""
        return list(self._by_kind.get(kind, ()))

    def did_you_mean(self, missing: RecordId) -> str:
        """A question about the record of the kind that was most likely meant, looked for once, or the empty string."""
        if missing not in self._meant:
            if len(self._meant) >= _MOST_MEANT:
                return ""
            self._meant[missing] = did_you_mean(missing.name, self.names(missing.kind))
        return self._meant[missing]

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
    def referrers(self) -> dict[RecordId, list[tuple[Record, Pointer]]]:
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

    def sources(self) -> Sources:
        """Source bytes by path, to work out lines and columns."""
        known = {record.path: record.content for record in self if record.content is not None}
        return Sources(known, {record.path: self.snapshot for record in self if record.content is None})

    def dangling(self, record: Record) -> Iterator[Finding]:
        """A finding for each reference of a record, of this catalogue or not, to a record that is not there."""
        for reference in record.references():
            if not any(reference.name in self._by_kind.get(kind, ()) for kind in reference.kinds):
                yield stamp(REFERENCE_EXISTS, record, self._dangling(reference))

    def _dangling(self, reference: Reference) -> Problem:
        name, kinds = reference.name, reference.kinds
        wanted = " or ".join(kinds)
        other = next((kind for kind, records in self._by_kind.items() if name in records), None)
        meant = filter(None, (self.did_you_mean(RecordId(kind, name)) for kind in kinds))
        folder = self.registry[kinds[0]].folder if kinds[0] in self.registry.kinds else "?"
        instead = f"'{name}' is a {other}; name a {wanted}" if other else f"add {folder}/{name}.yaml"
        return Problem(f"no {wanted} named '{name}'", reference.pointer, next(meant, instead))


def stamp(rule: Rule, record: Record, problem: Problem, severity: Severity | None = None) -> Finding:
    """The finding that a rule makes of a problem with a record."""
    location = Location(record.path, pointer=problem.pointer, offset=problem.offset)
    severity = severity or rule.severity
    return Finding(rule.id, severity, location, problem.message, problem.remedy, record.id, count=problem.count)


def load_catalogue(
    snapshot: Snapshot, registry: KindRegistry, reuse: Catalogue | None = None, stored: StoredRecords | None = None
) -> Catalogue:
    """Read all records of a snapshot.

    ``reuse`` is a catalogue read with the same registry: a file with the same path and blob id is not read again.
    ``stored`` are valid records of earlier runs; those of this run are added. The catalogue is the same without.
    """
    enabled = gc.isenabled()
    gc.disable()  # nothing here makes cycles, and the collector would walk all records again and again
    try:
        return _Loader(snapshot, registry, reuse, stored).load()
    finally:
        if enabled:
            gc.enable()


_MOST_MEANT: Final = 100
"""Names that are not there for which one that may have been meant is looked for; each costs a look at all names."""


class _Loader:
    def __init__(
        self, snapshot: Snapshot, registry: KindRegistry, reuse: Catalogue | None, stored: StoredRecords | None
    ) -> None:
        self.snapshot = snapshot
        self.stored = stored
        self.registry = registry
        self.records: dict[RecordId, Record] = {}
        self.findings: list[Finding] = []
        self.known: dict[str, Record] = {}
        self.loose: dict[str, bytes] = {}
        self.ids: dict[str, str] = {}
        self.entries = snapshot.entries
        if reuse is not None and reuse.registry is registry:
            self.known = {path: record for path, record in reuse.by_path.items() if record.oid and record.valid}

    def load(self) -> Catalogue:
        todo: list[tuple[str, Kind, Entry]] = []
        for path, entry in self.entries.items():
            record = self.known.get(path)
            if record is not None and record.oid == entry.oid and entry.is_regular:
                self._add(record)  # of the same kind, for the path is the same; a link may have the same blob
                continue
            kind = self.registry.of_path(path)
            if kind is not None and not self._is_no_record(path, entry):
                todo.append((path, kind, entry))
        found = self._stored(todo)
        unread = self.snapshot.read_many([path for path, _, _ in todo if path not in found and path not in self.loose])
        for path, kind, entry in todo:
            loose = self.loose.get(path)
            if path in found:
                self._add(Record(RecordId(kind.name, _stem(path)), kind, found[path], path, loose, entry.oid))
                continue
            content = next(unread)[1] if loose is None else loose
            if isinstance(content, TooLarge):
                message = f"the file has {content.size:,} bytes; a record has at most {MAX_BYTES:,}"
                self._report(YAML_LIMIT, path, message, "split the record, or link to the large part")
            elif isinstance(content, OSError):
                self._report(FILE_READABLE, path, f"cannot be read: {content.strerror}", "mend its permissions")
            else:
                self._read(path, kind, entry, content)
        for path, message, remedy in place_problems(record.path for record in self.records.values()):
            self._report(FILE_NAME, path, message, remedy)
        if self.stored is not None:
            self.stored.save()
        return Catalogue(self.snapshot, self.registry, self.records, sort_findings(self.findings))

    def _stored(self, todo: list[tuple[str, Kind, Entry]]) -> dict[str, Data]:
        """What earlier runs know of the files, by path. Those of a work tree are read, to know their contents."""
        if self.stored is None:
            return {}
        for path, content in self.snapshot.read_many([path for path, _, entry in todo if not entry.oid]):
            if isinstance(content, bytes):
                self.loose[path] = content
                self.ids[path] = content_id(content)
        self.ids.update((path, entry.oid) for path, _, entry in todo if entry.oid)
        return dict(self.stored.find((path, kind, self.ids[path]) for path, kind, _ in todo if path in self.ids))

    def _is_no_record(self, path: str, entry: Entry) -> bool:
        """True for what lies in a record folder without being a record file; says so where it looks like one."""
        found = no_record(path, entry)
        if found is not None and found[1]:
            self._report(FILE_KIND, *found)
        return found is not None

    def _report(self, rule: Rule, path: str, message: str, remedy: str = "") -> None:
        self.findings.append(Finding(rule.id, rule.severity, Location(path), message, remedy))

    def _read(self, path: str, kind: Kind, entry: Entry, content: bytes) -> None:
        document = load(path, content)
        if isinstance(document, Finding):
            self.findings.append(document)
            return
        data = document.data
        if data.get("kind") != kind.name:
            self._wrong_kind(document, kind)
            return
        stem = _stem(path)
        record = Record(RecordId(kind.name, stem), kind, data, path, content, entry.oid)
        wrong = [stamp(RECORD_SCHEMA, record, problem) for problem in kind.validator.problems(data, content)]
        name = get(data, ("metadata", "name"))
        if isinstance(name, str) and name != stem:  # without a name it does not fit its schema
            remedy = f"rename the file to {name}.yaml" if _NAME.match(name) else f"write name: {in_line(stem)}"
            problem = Problem(f"the file is named '{stem}', the record '{name}'", ("metadata", "name"), remedy)
            wrong.append(stamp(FILE_NAME, record, problem))
        if wrong:
            self.findings += wrong
            record = replace(record, valid=False)
        elif self.stored is not None:
            self.stored.add(kind, self.ids[path], data)
        self._add(record)

    def _wrong_kind(self, document: Document, kind: Kind) -> None:
        named = document.data.get("kind")
        location = Location(document.path, pointer=("kind",))
        if document.data.get("apiVersion") != API_VERSION:
            location = Location(document.path, pointer=("apiVersion",))
            message = f"apiVersion is {document.data.get('apiVersion', 'missing')}, not {API_VERSION}"
            remedy = f"write apiVersion: {API_VERSION}"
        elif not isinstance(named, str):
            message, remedy = "the record names no kind", f"write kind: {kind.name}"
        elif named in self.registry.kinds:
            message = f"a {named} lies in the folder of {kind.name} records"
            remedy = f"move it to {self.registry[named].folder}/"
        else:
            message = f"unknown kind '{named}'"
            remedy = did_you_mean(named, self.registry.kinds) or f"write kind: {kind.name}"
        finding = Finding(RECORD_KIND.id, Severity.ERROR, location, message, remedy)
        self._place([finding], document.path, document.source)

    def _place(self, findings: list[Finding], path: str, source: bytes | None) -> None:
        """Report findings of a file that the catalogue will not hold, with their places worked out here."""
        from itsm_as_code.records.positions import place_findings

        sources = Sources({}, {path: self.snapshot}) if source is None else Sources({path: source}, {})
        self.findings.extend(place_findings(findings, sources))

    def _add(self, record: Record) -> None:
        other = self.records.get(record.id)
        if other is None:
            self.records[record.id] = record
            return
        problem = Problem(f"{record.id} stands in {other.path} as well", ("metadata", "name"), "keep one of them")
        own: list[Finding] = []
        while self.findings and self.findings[-1].location.path == record.path:
            own.append(self.findings.pop())  # they are the last ones
        self._place([*own, stamp(RECORD_UNIQUE, record, problem)], record.path, record.content)


def _stem(path: str) -> str:
    return path.rsplit("/", 1)[-1].removesuffix(".yaml")
