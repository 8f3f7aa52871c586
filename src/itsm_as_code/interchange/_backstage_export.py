"""Services, teams and people as Backstage entities, and which of their fields do not come back from there.

The format: https://backstage.io/docs/features/software-catalog/descriptor-format
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from itsm_as_code.interchange._backstage_entities import ENTITY_REF, RECORD_KINDS, Ref, parse_ref
from itsm_as_code.interchange._backstage_lifecycles import table, word_of
from itsm_as_code.interchange._notes import differences
from itsm_as_code.interchange._store import Known
from itsm_as_code.interchange._yaml import document_text
from itsm_as_code.interchange.backstage import convert
from itsm_as_code.records.catalogue import Catalogue, Record

KINDS: Final = ("Service", "Team", "Person")
_OF_TYPE: Final = {"business": "System", "application": "Component"}
_LIFECYCLES: Final = {"live": "production", "transition": "experimental"}
_WHOLES: Final = {
    ("Component", "Component"): "subcomponentOf",
    ("Component", "System"): "system",
    ("API", "System"): "system",
    ("Resource", "System"): "system",
    ("System", "Domain"): "domain",
    ("Domain", "Domain"): "subdomainOf",
}
"""Kinds of a part and its whole -> the field that names the whole; Backstage has no others."""
_OWN: Final = "backstage.io/"
_REFERENCES: Final = (["spec", "members"], ["spec", "memberOf"], ["spec", "dependsOn"])
"""Lists of which an import keeps what it does not know."""
_LABEL: Final = re.compile(r"(?:[a-z0-9.-]{1,253}/)?[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?\Z")
_LABEL_VALUE: Final = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?\Z")
Data = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Exported:
    """The entities as YAML, and by ``Kind field`` of how many records it does not come back."""

    text: str
    lost: Mapping[str, int]


def export(catalogue: Catalogue) -> Exported:
    """All valid services, teams and people; what is lost is found by importing the text again."""
    records = [record for kind in KINDS for record in catalogue.of_kind(kind)]
    records.sort(key=lambda record: (KINDS.index(record.id.kind), record.name))
    made = _Making(records)
    said = "".join(document_text(made.entity(record)) for record in records)
    back = convert({"catalog-info.yaml": said.encode()}, Known(Path(), catalogue.registry)).records
    return Exported(said, lost(records, {new.id: new.data for new in back}))


def lost(records: list[Record], back: Mapping[Any, Data]) -> Counter[str]:
    """By ``Kind field`` of how many records a field came back otherwise, or not at all."""
    found: Counter[str] = Counter()
    for record in records:
        came = back.get(record.id)
        fields = {"metadata.name"} if came is None else set(differences(record.data, came))
        found.update(f"{record.id.kind} {path}" for path in fields)
    return found


class _Making:
    def __init__(self, records: list[Record]) -> None:
        self.refs = {(record.id.kind, record.name): _ref(record) for record in records}
        self.teams: dict[str, list[str]] = {}
        for record in records:
            for member in record.spec.get("members", ()) if record.id.kind == "Team" else ():
                self.teams.setdefault(member, []).append(record.name)

    def entity(self, record: Record) -> Data:
        kind, ref = self.refs[(record.id.kind, record.name)]
        given = record.data["metadata"]
        labels, annotations = given.get("labels", {}), given.get("annotations", {})
        metadata: Data = {"name": ref.name, "title": given["title"]}
        if ref.namespace != "default":
            metadata["namespace"] = ref.namespace
        if "description" in given:
            metadata["description"] = given["description"]
        own = {key: value for key, value in labels.items() if not key.startswith(_OWN)}
        notes = {key: value for key, value in annotations.items() if _is_plain(key) and _LABEL.match(key)}
        parts = {
            "labels": {key: value for key, value in own.items() if _LABEL.match(key) and _LABEL_VALUE.match(value)},
            "annotations": notes,
            "tags": [key.removeprefix(f"{_OWN}tag.") for key in labels if key.startswith(f"{_OWN}tag.")],
            "links": [dict(link) for link in given.get("links", ())],
        }
        make = {"Service": self._service, "Team": self._team, "Person": self._person}[record.id.kind]
        spec = make(record, kind, notes)
        if f"{_OWN}type" in labels:
            spec["type"] = labels[f"{_OWN}type"]
        metadata.update({key: value for key, value in parts.items() if value})
        data = {"apiVersion": "backstage.io/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}
        for key, value in annotations.items():
            if key.startswith((f"{_OWN}spec.", f"{_OWN}metadata.")):
                _restore(data, key.removeprefix(_OWN).split("."), value)
        return data

    def _named(self, kind: str, name: str) -> str | None:
        found = self.refs.get((kind, name))
        return None if found is None else str(found[1])

    def _service(self, record: Record, kind: str, notes: Data) -> Data:
        spec = record.spec
        found: Data = {"owner": self._named("Team", spec["owner"]) or f"group:default/{spec['owner']}"}
        if kind in ("Component", "API", "Resource"):
            found["type"] = "service" if kind == "Component" else "openapi" if kind == "API" else spec["type"]
        if kind in ("Component", "API") or spec["lifecycle"] != "live":
            found["lifecycle"] = _LIFECYCLES.get(spec["lifecycle"], spec["lifecycle"])
        whole = self.refs.get(("Service", spec.get("partOf", "")))
        if whole is not None and (kind, whole[0]) in _WHOLES:
            found[_WHOLES[kind, whole[0]]] = str(whole[1])
        needed = [self._named("Service", item["service"]) for item in spec.get("dependsOn", ())]
        if any(needed):
            found["dependsOn"] = list(filter(None, needed))
        if spec.get("repositories"):
            notes.setdefault(f"{_OWN}source-location", f"url:{spec['repositories'][0]}")
        return found

    def _team(self, record: Record, kind: str, notes: Data) -> Data:
        spec = record.spec
        found: Data = {"type": "team", "children": []}
        email = next((item["value"] for item in spec.get("contacts", ()) if item["type"] == "email"), None)
        found["profile"] = {"displayName": record.data["metadata"]["title"]} | ({"email": email} if email else {})
        parent = self._named("Team", spec.get("parent", ""))
        if parent is not None:
            found["parent"] = parent
        members = [self._named("Person", name) for name in spec.get("members", ())]
        return found | {"members": list(filter(None, members))}

    def _person(self, record: Record, kind: str, notes: Data) -> Data:
        spec = record.spec
        profile = {"displayName": record.data["metadata"]["title"]}
        if spec.get("emails"):
            profile["email"] = spec["emails"][0]
        login = next((item["login"] for item in spec.get("accounts", ()) if item["forge"] == "github"), None)
        if login is not None:
            notes.setdefault("github.com/user-login", login)
        teams = [self._named("Team", name) for name in self.teams.get(record.name, ())]
        return {"profile": profile, "memberOf": list(filter(None, teams))}


def _ref(record: Record) -> tuple[str, Ref]:
    """The kind of entity that a record is, and its reference: those that it came with, if it was imported."""
    said = record.data["metadata"].get("annotations", {}).get(ENTITY_REF)
    ref = parse_ref(said, "", "default") if said is not None else None
    if ref is not None and ref.record_kind == record.id.kind:
        return next(kind for kind in RECORD_KINDS if kind.lower() == ref.kind), ref
    kind = {"Team": "Group", "Person": "User"}.get(record.id.kind) or _OF_TYPE.get(record.spec["type"], "Resource")
    return kind, Ref(kind.lower(), "default", record.name)


def _is_plain(key: str) -> bool:
    """Whether an annotation is one of the entity's own, and not what an import made of another field."""
    return key != ENTITY_REF and not key.startswith((f"{_OWN}spec.", f"{_OWN}metadata.", f"{_OWN}full-title"))


def _restore(data: Data, path: list[str], said: str) -> None:
    """Put back what an import kept because records have no field for it."""
    place: Any = data
    for part in path[:-1]:
        place = place.setdefault(part, {}) if isinstance(place, dict) else None
    if isinstance(place, dict):
        try:
            value = json.loads(said) if said[:1] in ("[", "{") else said
        except ValueError:
            value = said
        there = place.get(path[-1])
        if path[-1] not in place or _means(path, value, there):
            place[path[-1]] = value
        elif path in _REFERENCES and isinstance(value, list) and isinstance(there, list):
            place[path[-1]] = list(dict.fromkeys((*there, *map(str, value))))


def _means(path: list[str], kept: Any, said: Any) -> bool:
    """Whether what an import kept still says what the record does, which somebody may have edited since."""
    if path == ["spec", "lifecycle"]:
        return isinstance(kept, str) and table({}).get(word_of(kept)) == table({}).get(word_of(said))
    if path == ["metadata", "links"] and isinstance(kept, list):
        shown = [{key: item.get(key) for key in ("title", "url")} for item in kept if isinstance(item, dict)]
        return bool(shown == said)
    return False
