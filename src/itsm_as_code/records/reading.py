"""Reading a snapshot: its files made records of a catalogue, and what is wrong with the files that hold them."""

from __future__ import annotations

import gc
import pickle
import re
from dataclasses import replace
from typing import Any, Final

from itsm_as_code.findings import (
    Finding,
    Location,
    Problem,
    RecordId,
    Rule,
    Severity,
    did_you_mean,
    sort_findings,
    with_article,
)
from itsm_as_code.processes import cores, streamed
from itsm_as_code.progress import noted, watched
from itsm_as_code.records.catalogue import Catalogue, Record, get, stamp
from itsm_as_code.records.document import YAML_LIMIT, Data, Document, load
from itsm_as_code.records.file_names import no_record, place_problems, stem_of
from itsm_as_code.records.kinds import API_VERSION, SCHEMA_FIRST, Kind, KindRegistry
from itsm_as_code.records.positions import place_findings
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
RULES = (FILE_KIND, FILE_NAME, FILE_READABLE, RECORD_KIND, RECORD_UNIQUE, RECORD_SCHEMA)

_MANY: Final = 5_000
"""Records that are many objects for the collector of circles to walk, each time that it looks at all there are."""
_WORTH_PROCESSES: Final = 2_000
"""Files to read from which on it is worth while to start processes."""
_CHUNK: Final = 250
"""Files that a process takes at a time: some memory, and what is read again when a process dies."""
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\Z")


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
        found = _Loader(snapshot, registry, reuse, stored).load()
        if enabled and len(found) > _MANY:
            gc.freeze()  # nor will it find anything in them later: plain data, let go of when nobody needs it
        return found
    finally:
        if enabled:
            gc.enable()


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
        found |= self._together([item for item in todo if item[0] not in found])
        unread = self.snapshot.read_many([path for path, _, _ in todo if path not in found and path not in self.loose])
        for path, kind, entry in watched("files read", todo):
            loose = self.loose.get(path)
            if path in found:
                self._add(Record(RecordId(kind.name, stem_of(path)), kind, found[path], path, loose, entry.oid))
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

    def _together(self, left: list[tuple[str, Kind, Entry]]) -> dict[str, Data]:
        """The data of files that are valid records, read on all cores where there are many; the others are read later.

        So all that is said of files is said in one place and order, whatever became of the processes.
        """
        found: dict[str, Data] = {}
        if len(left) < _WORTH_PROCESSES or cores() < 2:
            return found
        next(self.snapshot.read_many([path for path, _, _ in left]), None)  # a partial clone fetches them at once
        chunks = [left[start : start + _CHUNK] for start in range(0, len(left), _CHUNK)]
        came = 0
        # Chunks are counted first, so that whoever watches sees how far all of them have come.
        for _, packed in zip(watched("parts read", chunks), streamed(chunks, self._valid, cores()), strict=False):
            some = pickle.loads(packed)  # noqa: S301 - from a copy of this process
            found.update(some)
            came += 1
        if came < len(chunks):
            noted(f"{len(chunks) - came} of {len(chunks)} parts of the files were read by one process: no other could")
        for path, kind, _ in left:
            if self.stored is not None and path in found:
                self.stored.add(kind, self.ids[path], found[path])
        return found

    def _valid(self, files: list[tuple[str, Kind, Entry]]) -> bytes:
        """The data of those of some files that are valid records by path, pickled; equal parts of it are one object."""
        contents = dict(self.snapshot.read_many([path for path, _, _ in files if path not in self.loose]))
        found, shared = {}, Shared()
        for path, kind, _ in files:
            content = self.loose[path] if path in self.loose else contents.pop(path)
            document = load(path, content) if isinstance(content, bytes) else None
            if isinstance(document, Document) and _is_record(document.data, kind, path):
                found[path] = shared.of(document.data)
        return pickle.dumps(found, pickle.HIGHEST_PROTOCOL)

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
        stem = stem_of(path)
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
            message = f"{with_article(named)} lies in the folder of {kind.name} records"
            remedy = f"move it to {self.registry[named].folder}/"
        else:
            message = f"unknown kind '{named}'"
            remedy = did_you_mean(named, self.registry.kinds) or f"write kind: {kind.name}{SCHEMA_FIRST}"
        finding = Finding(RECORD_KIND.id, Severity.ERROR, location, message, remedy)
        self._place([finding], document.path, document.source)

    def _place(self, findings: list[Finding], path: str, source: bytes | None) -> None:
        """Report findings of a file that the catalogue will not hold, with their places worked out here."""
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


def _is_record(data: Data, kind: Kind, path: str) -> bool:
    """True for a file with nothing to say of it."""
    is_of_kind = data.get("kind") == kind.name and kind.validator.is_valid(data)
    return is_of_kind and get(data, ("metadata", "name")) == stem_of(path)


class Shared:
    """The same data, in which equal texts, keys and values, and equal mappings are one object: half the memory.

    Nobody changes what a record says. Mappings are told apart by their parts, which live as long as this.
    """

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._mappings: dict[tuple[int, ...], dict[str, Any]] = {}

    def of(self, data: Any) -> Any:
        """The same mapping or list; what it holds is asked here, for a call for each text would take twice as long."""
        texts = self._texts
        if type(data) is list:
            return [
                texts.setdefault(item, item) if type(item) is str else self.of(item) if type(item) in _HOLDS else item
                for item in data
            ]
        made = {}
        for key, value in data.items():
            if type(value) is str:
                value = texts.setdefault(value, value)
            elif type(value) in _HOLDS:
                value = self.of(value)
            made[texts.setdefault(key, key)] = value
        return self._mappings.setdefault((*map(id, made), *map(id, made.values())), made)


_HOLDS: Final = (dict, list)


def is_name(text: str) -> bool:
    """True for a text that can be the name of a record."""
    return _NAME.match(text) is not None
