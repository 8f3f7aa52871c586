"""Imported records on their way into a repository: compared with what is there, then written all at once."""

from __future__ import annotations

import os
import posixpath
import stat
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from itsm_as_code.errors import ItsmError, UsageError
from itsm_as_code.findings import Finding, Location, RecordId, Rule, Severity, format_pointer
from itsm_as_code.interchange._notes import Notes, differences, listed
from itsm_as_code.records.catalogue import Catalogue, Record
from itsm_as_code.records.editing import edited
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.own_kinds import registry_of
from itsm_as_code.records.reading import load_catalogue
from itsm_as_code.records.writer import dump
from itsm_as_code.snapshot import WorkTree

IMPORT_EXISTS = Rule(
    "import-exists",
    "An import leaves records alone that are there already",
    Severity.WARNING,
    "A record that is there may hold what people have added since the last import. It is overwritten only "
    "with --force.",
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
    "A file that is not there, is a folder or may not be read is passed over; the others are imported.",
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


@dataclass(frozen=True, slots=True)
class Conversion:
    """What an importer makes of its sources."""

    entities: int
    records: list[NewRecord]
    findings: list[Finding]


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


def plan(conversion: Conversion, known: Known, *, force: bool) -> tuple[list[PlannedFile], list[Finding]]:
    """What to write for the records of a conversion, and what is to be said of them. Writes nothing."""
    notes = Notes()
    files = [_planned(new, known, notes, force) for new in sorted(conversion.records, key=lambda new: str(new.id))]
    if not os.path.lexists(known.root / CONFIGURATION):
        files.append(PlannedFile(CONFIGURATION, dump(_FIRST_CONFIGURATION), Outcome.CREATED))
    return files, notes.findings()


def _planned(new: NewRecord, known: Known, notes: Notes, force: bool) -> PlannedFile:
    kind = known.registry[new.id.kind]
    existing = known.records.get(new.id)
    path = existing.path if existing is not None else f"{kind.folder}/{new.id.name}.yaml"
    for problem in kind.validator.problems(new.data):
        where = format_pointer(problem.pointer)
        message = f"the record will not be valid: {problem.message}"
        notes.add(
            IMPORT_VALID,
            message,
            new.origin,
            subject=f"{path} {where}".strip(),
            remedy=problem.remedy,
            record=new.id,
        )
    comment = _modeline(path, kind.path, known.root)
    try:
        content = dump(new.data, schema_comment=comment, schema=kind.schema)
        if new.is_merged and existing is not None and existing.data != new.data:
            content = _merged(existing, new.data, content, comment)
    except (ValueError, UsageError) as error:
        remedy = "shorten or correct the entity, and import it again"
        notes.add(IMPORT_VALID, f"not written: {error}", new.origin, subject=path, remedy=remedy, record=new.id)
        return PlannedFile(path, b"", Outcome.SKIPPED, new.id)
    outcome = Outcome.CREATED
    if existing is not None and (existing.source == content or existing.data == new.data):
        outcome = Outcome.UNCHANGED
    elif existing is not None or os.path.lexists(known.root / path):
        outcome = Outcome.UPDATED if force or (new.is_merged and existing is not None) else Outcome.SKIPPED
    if outcome is Outcome.SKIPPED:
        fields = listed(list(differences(existing.data, new.data))) if existing else "all; the file holds no record"
        message = f"{path} is there already and was left alone; fields that differ: {fields}"
        notes.add(IMPORT_EXISTS, message, new.origin, remedy="use --force to overwrite it", record=new.id)
    return PlannedFile(path, content, outcome, new.id)


def _merged(existing: Record, data: dict[str, Any], content: bytes, comment: str | None) -> bytes:
    """The file with other data in it: with people's comments and order, where it is not as an import writes it."""
    was = dump(existing.data, schema_comment=comment, schema=existing.kind.schema)
    if existing.source == was:
        return content
    return edited(existing.path, existing.source, data, existing.kind.schema)


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
