"""Imported records on their way into a repository: compared with what is there, then written all at once."""

from __future__ import annotations

import os
import posixpath
import stat
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from itsm_as_code.errors import ItsmError, UsageError
from itsm_as_code.findings import Finding, Location, RecordId, Rule, Severity, format_pointer
from itsm_as_code.interchange._memory import Merge, annotated, merged, remembers, with_memory, without_memory
from itsm_as_code.interchange._notes import Notes, differences, listed
from itsm_as_code.records.catalogue import Catalogue, Record, get
from itsm_as_code.records.document import Data
from itsm_as_code.records.editing import edited
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.own_kinds import registry_of
from itsm_as_code.records.reading import load_catalogue
from itsm_as_code.records.writer import dump
from itsm_as_code.snapshot import WorkTree

IMPORT_EXISTS = Rule(
    "import-exists",
    "An import leaves alone what people have edited",
    Severity.WARNING,
    "A record remembers what the last import wrote (annotation itsm/imported). A field that people have changed since "
    "stays as it is, while the others become what the source says now; a record that no import wrote is left alone as "
    "a whole. Only --force overwrites. Where the source changed the field as well, that is a warning, once.",
)
IMPORT_VALID = Rule(
    "import-valid",
    "An imported record fits the schema of its kind",
    Severity.ERROR,
    "Other tools know less of a service than a record says. The record is written all the same; a person "
    "adds what the finding names.",
)
IMPORT_READABLE = Rule(
    "import-readable",
    "Every file that is named can be read",
    Severity.ERROR,
    "A file that is not there, is a folder, is empty or may not be read is passed over; the others are imported.",
)
RULES = (IMPORT_EXISTS, IMPORT_VALID, IMPORT_READABLE)
CONFIGURATION = "itsm.yaml"
_FIRST_CONFIGURATION = {"apiVersion": "itsm/v1", "kind": "Configuration", "spec": {"timezone": "UTC"}}


@dataclass(frozen=True, slots=True)
class NewRecord:
    """A record that an import makes, and the place of the source it comes from.

    ``is_merged`` says that ``data`` is what was there with what is new put into it, so that it may be written.
    """

    id: RecordId
    data: dict[str, Any]
    origin: Location
    is_merged: bool = False
    supplied: bool = False
    """A placeholder for what the source refers to and does not have; it is made once and never touched again."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What whoever imports decides: the team that owns what has no known owner, and what words for lifecycles mean."""

    default_owner: str | None = None
    lifecycles: Mapping[str, str] = field(default_factory=dict)
    mapping: tuple[str, bytes] | None = None
    """The mapping file of a table: how it is called, and its bytes."""
    timezone: str | None = None
    """Whose clocks the times of a table are read by; the mapping says so otherwise."""
    day: str = ""
    """The day on which history is taken over."""
    planned: tuple[str, ...] = ()
    """Words that tell planned work of a status page, beside those that are known."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """What an importer makes of its sources.

    Each thing that the sources hold becomes one record that is not ``supplied``, or is one of so many ``refused``,
    which a finding says at its line.
    """

    records: list[NewRecord]
    findings: list[Finding]
    refused: int
    remember: bool = True
    """Whether a record says what was imported, so that the next import knows what people edited."""

    @property
    def entities(self) -> int:
        """How many things the sources hold."""
        return sum(not record.supplied for record in self.records) + self.refused


@dataclass(frozen=True, slots=True)
class Known:
    """What the repository holds that is imported into."""

    root: Path
    registry: KindRegistry
    records: dict[RecordId, Record] = field(default_factory=dict)

    @classmethod
    def read(cls, root: Path) -> Known:
        """The records of a folder that may not be there yet."""
        if not os.path.lexists(root):
            return cls(root, KindRegistry.load())
        tree = WorkTree(root)
        registry = registry_of(tree)
        catalogue: Catalogue = load_catalogue(tree, registry)
        return cls(root, registry, dict(catalogue.records))

    def taken_over(self, record: RecordId, tool: str, number: str, day: str) -> dict[str, Any]:
        """The mark of what another tool closed; one that is there stays, with the day on which it was set."""
        there = self.records.get(record)
        former = get(there.data, ("spec", "takenOver")) if there is not None else None
        return {"takenOver": former or {"from": tool, "number": number, "on": day}}


class Outcome(StrEnum):
    """What becomes of a record's file."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file as it will be; ``path`` is relative to the repository."""

    path: str
    content: bytes = field(repr=False)
    outcome: Outcome
    record: RecordId | None = None
    origin: Location | None = None
    """Where the source says it."""
    supplied: bool = False
    taken: tuple[str, ...] = ()
    """The fields that are written, dotted."""
    annotated: tuple[str, ...] = ()
    """The annotations that keep what a record has no field for."""
    kept: tuple[str, ...] = ()
    """The fields that people have edited, and that stay as they are."""


def plan(conversion: Conversion, known: Known, *, force: bool) -> tuple[list[PlannedFile], list[Finding]]:
    """What to write for the records of a conversion, and what is to be said of them. Writes nothing.

    What people have edited stays unless ``force``.
    """
    notes = Notes()
    ordered = sorted(conversion.records, key=lambda new: str(new.id))
    files = [_planned(new, known, notes, force=force, remember=conversion.remember) for new in ordered]
    is_any = any(file.outcome is not Outcome.SKIPPED for file in files)
    if is_any and not os.path.lexists(known.root / CONFIGURATION):
        files.append(PlannedFile(CONFIGURATION, dump(_FIRST_CONFIGURATION), Outcome.CREATED))
    return files, notes.findings()


def _planned(new: NewRecord, known: Known, notes: Notes, *, force: bool, remember: bool) -> PlannedFile:
    existing = known.records.get(new.id)
    path = existing.path if existing is not None else f"{known.registry[new.id.kind].folder}/{new.id.name}.yaml"
    merge = _merged(new, existing, force=force)
    data = merge.data
    if existing is None and remember:
        data = with_memory(data)
    lies_there = os.path.lexists(known.root / path)
    outcome = _outcome(merge, data, existing, lies_there, force=force)
    content = b""
    try:
        if outcome is not Outcome.UNCHANGED:
            content = _text(path, data, existing, known)
    except (ValueError, UsageError) as error:
        remedy = "shorten or correct what is imported, and import it again"
        notes.add(IMPORT_VALID, f"not written: {error}", new.origin, subject=path, remedy=remedy, record=new.id)
        outcome = Outcome.SKIPPED
    if outcome is not Outcome.SKIPPED:
        _say_invalid(new, path, data, known, notes)
    if existing is not None or lies_there:
        _say_kept(new, path, merge, existing, outcome, notes)
    taken = tuple(field for field in merge.taken if not field.startswith("metadata.annotations."))
    return PlannedFile(
        path,
        content,
        outcome,
        new.id,
        new.origin,
        new.supplied,
        taken if outcome in (Outcome.CREATED, Outcome.UPDATED) else (),
        tuple(annotated(new.data)),
        (*merge.kept, *merge.clashing),
    )


def _merged(new: NewRecord, existing: Record | None, *, force: bool) -> Merge:
    if existing is None:
        fields = differences({}, {key: new.data[key] for key in ("metadata", "spec")})
        return Merge(new.data, list(fields), [], [])
    if new.supplied:
        return Merge(existing.data, [], [], [])
    if new.is_merged:
        return Merge(new.data, list(differences(existing.data, new.data)), [], [])
    return merged(existing.data, new.data, force=force)


def _outcome(merge: Merge, data: Data, existing: Record | None, lies_there: bool, *, force: bool) -> Outcome:
    if existing is None:
        return (Outcome.UPDATED if force else Outcome.SKIPPED) if lies_there else Outcome.CREATED
    if without_memory(data) != without_memory(existing.data):
        return Outcome.UPDATED
    if merge.clashing:
        return Outcome.UPDATED if data != existing.data else Outcome.SKIPPED
    return Outcome.SKIPPED if merge.kept else Outcome.UNCHANGED


def _text(path: str, data: Data, existing: Record | None, known: Known) -> bytes:
    """The file of a record; one that is there keeps its comments and its order."""
    kind = known.registry[data["kind"]]
    comment = _modeline(path, kind.path, known.root)
    if existing is not None and existing.source != dump(existing.data, schema_comment=comment, schema=kind.schema):
        return edited(path, existing.source, data, kind.schema)
    return dump(data, schema_comment=comment, schema=kind.schema)


def _say_invalid(new: NewRecord, path: str, data: Data, known: Known, notes: Notes) -> None:
    for problem in known.registry[new.id.kind].validator.problems(data):
        where, message = format_pointer(problem.pointer), f"the record will not be valid: {problem.message}"
        subject = f"{path} {where}".strip()
        notes.add(IMPORT_VALID, message, new.origin, subject=subject, remedy=problem.remedy, record=new.id)


def _say_kept(new: NewRecord, path: str, merge: Merge, existing: Record | None, outcome: Outcome, notes: Notes) -> None:
    remedy = "use --force to overwrite it"
    if existing is None and outcome is Outcome.SKIPPED:
        message = f"{path} is there already and was left alone; fields that differ: all; the file holds no record"
        notes.add(IMPORT_EXISTS, message, new.origin, remedy=remedy, record=new.id)
    for fields, severity, why in (
        (merge.clashing, Severity.WARNING, _clash(existing)),
        (merge.kept, Severity.INFO, "was edited"),
    ):
        if fields:
            message = f"{path} {why} and was left alone; fields that differ: {listed(fields)}"
            notes.add(IMPORT_EXISTS, message, new.origin, remedy=remedy, severity=severity, record=new.id)


def _clash(existing: Record | None) -> str:
    if existing is None or not remembers(existing.data):
        return "is there already"
    return "was edited, and the source says something else now"


def _modeline(path: str, schema: str, root: Path) -> str | None:
    """The schema's path as seen from a record, where the repository has its own copy of the schemas."""
    if not (root / schema).is_file():
        return None
    return posixpath.relpath(schema, posixpath.dirname(path))


def write(root: Path, files: Iterable[PlannedFile]) -> None:
    """Write what is new or changed. All is staged beside its place before any file is put there.

    Raises ItsmError, with nothing changed, when a place is a symbolic link, lies behind one, or cannot be
    written.
    """
    wanted = [file for file in files if file.outcome in (Outcome.CREATED, Outcome.UPDATED)]
    staged: list[tuple[Path, Path]] = []
    try:
        for file in wanted:
            _check_place(root, file.path)
        for file in wanted:
            target = root / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            staged.append((_stage(target.parent, file.content), target))
        while staged:
            staged[-1][0].replace(staged[-1][1])
            staged.pop()
    except OSError as error:
        place = error.filename2 or error.filename or root
        raise ItsmError(f"cannot write {place}: {error.strerror}", remedy="mend the folder's permissions") from None
    finally:
        for temporary, _ in staged:
            temporary.unlink(missing_ok=True)


def _check_place(root: Path, path: str) -> None:
    """Refuse to write through a symbolic link: it could lead out of the repository."""
    parts = path.split("/")
    for count in range(1, len(parts) + 1):
        place = root.joinpath(*parts[:count])
        try:
            mode = place.lstat().st_mode
        except FileNotFoundError:
            return
        is_last = count == len(parts)
        if not (stat.S_ISREG(mode) if is_last else stat.S_ISDIR(mode)):
            what = "a symbolic link" if stat.S_ISLNK(mode) else "no regular file" if is_last else "no folder"
            raise ItsmError(
                f"{place} is {what}; nothing was written", remedy="replace it, or import into another folder"
            )


def _stage(folder: Path, content: bytes) -> Path:
    """A temporary file with ``content`` in ``folder``, readable as a new file would be."""
    descriptor, name = tempfile.mkstemp(prefix=".itsm-", suffix=".tmp", dir=folder)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary
