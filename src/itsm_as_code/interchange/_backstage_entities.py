"""Entities of a Backstage catalogue: read, told apart and named.

The format: https://backstage.io/docs/features/software-catalog/descriptor-format,
references: https://backstage.io/docs/features/software-catalog/references
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from itsm_as_code.findings import Location, RecordId, Rule, Severity
from itsm_as_code.interchange._notes import Notes, differences, listed
from itsm_as_code.interchange._yaml import ForeignDocument, read_documents
from itsm_as_code.records.catalogue import Record, get

ENTITY = Rule(
    "backstage-entity",
    "A document is a Backstage entity",
    Severity.ERROR,
    "An entity names its apiVersion, kind and metadata.name, no key of it stands twice, and it uses no tags "
    "of its own. Of a file that is not YAML at all, or cannot be read, nothing is imported; other files are.",
)
KIND = Rule(
    "backstage-kind",
    "An entity is of a kind that has a counterpart",
    Severity.WARNING,
    "Component, API, Resource, System and Domain become services, Group becomes a team, User a person. "
    "Other kinds (Template) steer Backstage itself and are not imported; the files that a Location names are.",
)
DUPLICATE = Rule(
    "backstage-duplicate",
    "An entity stands once in what is imported",
    Severity.WARNING,
    "Backstage tells entities apart by kind, namespace and name. Of two that share all three the first is imported.",
)
NAME = Rule(
    "backstage-name",
    "Every entity gets a name of its own",
    Severity.ERROR,
    "Names of records are lower-case letters, digits and hyphens, and five kinds of entity become services. "
    "Names are rewritten to fit, with the kind or namespace added where that keeps them apart. Where two "
    "entities still end up with one name, the second is not imported.",
)
RULES = (ENTITY, KIND, DUPLICATE, NAME)

ENTITY_REF: Final = "backstage.io/entity-ref"
"""The annotation by which an imported record is known again."""
RECORD_KINDS: Final = {
    "Component": "Service",
    "System": "Service",
    "Resource": "Service",
    "API": "Service",
    "Domain": "Service",
    "Group": "Team",
    "User": "Person",
}
"""In the order in which entities choose names: a component before an API of the same name."""
_BY_LOWER: Final = {kind.lower(): record for kind, record in RECORD_KINDS.items()}
_REFERENCE: Final = re.compile(r"(?:([^:/\s]+):)?(?:([^:/\s]+)/)?([^:/\s]+)\Z")
_LONGEST: Final = 63


@dataclass(frozen=True, slots=True)
class Ref:
    """A reference to an entity; all parts in lower case, as Backstage compares them."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.namespace}/{self.name}"

    @property
    def record_kind(self) -> str | None:
        """The kind of record that entities of this kind become."""
        return _BY_LOWER.get(self.kind)

    @property
    def record_name(self) -> str:
        """The name in the form that records have; empty when nothing is left of it."""
        return record_name(self.name if self.namespace == "default" else f"{self.namespace}-{self.name}")


def parse_ref(text: str, kind: str, namespace: str) -> Ref | None:
    """``[kind:][namespace/]name`` with what is left out taken from the context."""
    match = _REFERENCE.match(text)
    if match is None:
        return None
    return Ref((match[1] or kind).lower(), (match[2] or namespace).lower(), match[3].lower())


def record_name(text: str) -> str:
    """``My_Service.v2`` -> ``my-service-v2``; too long a name ends in a hash of the whole."""
    name = re.sub(r"[^a-z0-9-]", "-", text.lower()).strip("-")
    if len(name) <= _LONGEST:
        return name
    digest = hashlib.sha256(text.lower().encode()).hexdigest()[:8]
    return f"{name[: _LONGEST - 9].rstrip('-')}-{digest}"


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity: what it is, where it stands, and its data (never changed: aliases share parts of it)."""

    ref: Ref
    kind: str
    name: str
    document: ForeignDocument

    @property
    def data(self) -> dict[str, Any]:
        data: dict[str, Any] = self.document.data
        return data

    def section(self, *path: str) -> dict[str, Any]:
        """The mapping at a path, or an empty one."""
        found = get(self.data, path)
        return found if isinstance(found, dict) else {}

    def at(self, *pointer: str | int) -> Location:
        return self.document.at(*pointer)


def read_entities(sources: Mapping[str, bytes], notes: Notes) -> Iterator[Entity]:
    """The entities that have a counterpart; the rest is noted."""
    for path, source in sources.items():
        for document in read_documents(path, source):
            if document.problem:
                message = f"not imported: {document.problem}"
                notes.add(ENTITY, message, document.at(), remedy=document.remedy, apart=True, refused=True)
                continue
            if get(document.data, ("kind",)) == "Location":
                continue  # it names other files, which whoever reads files follows
            entity = _entity(document, notes)
            if entity is not None:
                yield entity


def _entity(document: ForeignDocument, notes: Notes) -> Entity | None:
    data = document.data
    version, kind, name = (get(data, path) for path in (("apiVersion",), ("kind",), ("metadata", "name")))
    if not (isinstance(version, str) and isinstance(kind, str)):
        message = "not imported: a document is not an entity with apiVersion and kind"
        notes.add(ENTITY, message, document.at(), remedy="mend the document, or leave it out", refused=True)
        return None
    if not version.startswith("backstage.io/") or kind not in RECORD_KINDS:
        message = f"not imported: {kind} of {version} has no counterpart here"
        subject = name if isinstance(name, str) else ""
        notes.add(
            KIND,
            message,
            document.at(),
            subject=subject,
            remedy="nothing to do unless it describes a service",
            refused=True,
        )
        return None
    namespace = get(data, ("metadata", "namespace"), "default")
    if isinstance(name, (int, float)) and not isinstance(name, bool):
        name = str(name)
    ref = parse_ref(name, kind, namespace) if isinstance(name, str) and isinstance(namespace, str) else None
    if ref is None or ref.kind != kind.lower() or ref.namespace != namespace.lower() or not ref.record_name:
        message = f"not imported: no usable metadata.name for a record of this {kind}"
        remedy = "give it a name of letters and digits"
        notes.add(ENTITY, message, document.at("metadata", "name"), remedy=remedy, refused=True)
        return None
    return Entity(ref, kind, name, document)


def distinct(entities: Iterable[Entity], notes: Notes) -> list[Entity]:
    """The first of each kind, namespace and name; the others are noted with what they say differently."""
    first: dict[Ref, Entity] = {}
    for entity in entities:
        kept = first.setdefault(entity.ref, entity)
        if kept is entity:
            continue
        fields = listed(list(differences(kept.data, entity.data)))
        message = f"stands twice; the one at {kept.at()} was imported, this one " + (
            f"differs in {fields}" if fields else "says the same"
        )
        subject = f"{entity.kind} {entity.name}"
        remedy = "give one of them another name if they are two things" if fields else "remove one of them"
        notes.add(DUPLICATE, message, entity.at(), subject=subject, remedy=remedy, refused=True)
    return list(first.values())


def name_entities(entities: list[Entity], existing: Mapping[RecordId, Record], notes: Notes) -> dict[Ref, RecordId]:
    """The record that each entity becomes. A name once given stays: its record is annotated with it."""
    refs = {record: get(existing[record].data, ("metadata", "annotations", ENTITY_REF)) for record in existing}
    names = {ref: record for record, ref in refs.items() if isinstance(ref, str)}
    chosen: dict[Ref, RecordId] = {}
    taken: dict[RecordId, str] = {record: ref for ref, record in names.items()}
    order = list(RECORD_KINDS)
    for entity in sorted(entities, key=lambda entity: order.index(entity.kind)):
        ref, kind = entity.ref, RECORD_KINDS[entity.kind]
        wanted = RecordId(kind, ref.record_name)
        apart = RecordId(kind, record_name(f"{wanted.name}-{ref.kind}"))
        candidates = [wanted, apart] if kind == "Service" else [wanted]
        former = names.get(str(ref))
        if former is not None and former.kind == kind:
            candidates = [former]
        free = next((record for record in candidates if taken.get(record, str(ref)) == str(ref)), None)
        if free is None:
            message = f"not imported: the name '{wanted.name}' is that of {taken[wanted]} already"
            remedy = "rename one of them in Backstage, or write this record by hand"
            notes.add(NAME, message, entity.at("metadata", "name"), subject=str(ref), remedy=remedy, refused=True)
            continue
        taken[free] = str(ref)
        chosen[ref] = free
        if free == apart != wanted and wanted in taken:
            message = f"named {free.name} here, as {wanted.name} is that of {taken[wanted]}"
            subject = f"{entity.kind} {entity.name}"
        elif free.name != entity.name:
            message = "the name is rewritten to the form that records have"
            subject = f"{entity.ref.namespace}/{entity.name} -> {free.name}"
        else:
            continue
        at = entity.at("metadata", "name")
        notes.add(NAME, message, at, subject=subject, severity=Severity.INFO, record=free)
    return chosen
