"""Backstage catalogues: their entities as services, teams and people.

What Backstage does not say (the tier of a service, how strong a dependency is) is filled in with the most
modest value and said in a finding; what records have no field for is kept in annotations.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from itertools import chain
from typing import Final

from itsm_as_code.findings import RecordId, Rule, Severity
from itsm_as_code.interchange import _backstage_draft, _backstage_entities, _stand_ins, _store
from itsm_as_code.interchange._backstage_draft import FIELD, Draft
from itsm_as_code.interchange._backstage_entities import (
    ENTITY_REF,
    Entity,
    Ref,
    distinct,
    name_entities,
    parse_ref,
    read_entities,
    record_name,
)
from itsm_as_code.interchange._backstage_lifecycles import OF_BACKSTAGE, STAGES, table, word_of
from itsm_as_code.interchange._backstage_locations import LOCATION, follow
from itsm_as_code.interchange._notes import Notes, listed
from itsm_as_code.interchange._stand_ins import LABEL, NOBODY
from itsm_as_code.interchange._store import Asked, Conversion, Known
from itsm_as_code.records.catalogue import get
from itsm_as_code.records.formats import is_url

__all__ = ["RULES", "TITLE", "convert", "follow"]

TITLE = "Backstage catalogue entities (catalog-info.yaml)"
OWNER = Rule(
    "backstage-owner",
    "The owner of a service is a team that is there",
    Severity.WARNING,
    "A service is owned by a team. For an owner who is a person, who is not among what is imported or there already, "
    "or who is not named at all, the team of --default-owner is written, or one without members stands in until a "
    "person completes it or names another.",
)
REFERENCE = Rule(
    "backstage-reference",
    "What an entity refers to is imported or there already",
    Severity.WARNING,
    "Part-of, dependencies, parents and members that name nobody are not written into the record; they are "
    "kept in its annotations, and a later import that brings them along fills them in.",
)
ASSUMED = Rule(
    "backstage-assumed",
    "A person checks what Backstage does not say",
    Severity.WARNING,
    "A record says more than an entity does. The import assumes the most modest value, and a person sets "
    "the right one.",
)
LIFECYCLE = Rule(
    "backstage-lifecycle",
    "The lifecycle of an entity is a word that is known",
    Severity.ERROR,
    "Backstage lets people write any word. Well-known ones become a lifecycle and a stage; of any other nobody can "
    "say whether the service runs, so it is written as one that is only designed until a person says what it means. "
    "--lifecycle says it for all entities, also of words that are known.",
)
RULES = (
    LOCATION,
    OWNER,
    LIFECYCLE,
    REFERENCE,
    ASSUMED,
    *_backstage_entities.RULES,
    *_backstage_draft.RULES,
    *_stand_ins.RULES,
    *_store.RULES,
)

_TYPES: Final = {
    "Component": "application",
    "API": "application",
    "Resource": "infrastructure",
    "System": "business",
    "Domain": "business",
}
_WHOLES: Final = {
    "subcomponentOf": "component",
    "system": "system",
    "subdomainOf": "domain",
    "domain": "domain",
}
"""Fields that name what an entity is part of, the nearest first, with the kind of entity they name."""
_UNKNOWN_STRENGTH: Final = "strength unknown: imported from Backstage"
_PROVIDED: Final = "provides this API"
_NOTHING_ASKED: Final = Asked()
_MOST_GUESSES: Final = 200
"""Comparing names is slow: beyond this many unknown owners none is guessed at."""


def convert(sources: Mapping[str, bytes], known: Known, asked: Asked = _NOTHING_ASKED) -> Conversion:
    """Records for the entities in ``sources`` (path -> YAML), and what is to be said of them.

    A source that is not YAML, or more than :mod:`~itsm_as_code.interchange._yaml` takes, is a finding.
    """
    notes = Notes()
    found = list(read_entities(sources, notes))
    entities = distinct(found, notes)
    names = name_entities(entities, known.records, notes)
    converter = _Converter([entity for entity in entities if entity.ref in names], names, known, notes, asked)
    records = converter.records()
    return Conversion(records, notes.findings(), notes.refused)


class _Converter:
    def __init__(
        self, entities: list[Entity], names: Mapping[Ref, RecordId], known: Known, notes: Notes, asked: Asked
    ) -> None:
        self.asked = asked
        self.lifecycles = table(asked.lifecycles)
        self.names = names
        self.known = known
        self.existing = {
            ref: record
            for record, there in known.records.items()
            if isinstance(ref := get(there.data, ("metadata", "annotations", ENTITY_REF)), str)
        }
        self.drafts = {entity.ref: Draft(entity, names[entity.ref], notes) for entity in entities}
        self.by_record = {draft.record: draft for draft in self.drafts.values()}
        self.teams = sorted({record.name for record in (*names.values(), *known.records) if record.kind == "Team"})
        self.near: dict[str, str] = {}
        self.depends: dict[RecordId, dict[str, tuple[str, str]]] = {}

    def records(self) -> list[_store.NewRecord]:
        """All records: first each entity alone, then what entities say of each other, then what is left."""
        for draft in self.drafts.values():
            {"Service": self._service, "Team": self._team, "Person": self._person}[draft.record.kind](draft)
        for draft in self.drafts.values():
            if draft.record.kind == "Service":
                self._dependencies(draft)
            elif draft.record.kind == "Team":
                self._children(draft)
            else:
                self._memberships(draft)
        for record, needed in self.depends.items():
            self.by_record[record].spec["dependsOn"] = [
                {"service": name, "strength": strength, "note": note} for name, (strength, note) in needed.items()
            ]
        return [draft.finish() for draft in self.drafts.values()]

    # What an entity refers to

    def _resolve(self, text: str, kind: str, draft: Draft, wanted: str) -> RecordId | None:
        """The record of kind ``wanted`` that a reference means, imported now or there already, or None."""
        ref = parse_ref(text, kind, draft.entity.ref.namespace)
        if ref is None or ref.record_kind != wanted:
            return None
        record = self.names.get(ref) or self.existing.get(str(ref))
        if record is None:
            by_name = RecordId(wanted, ref.record_name)
            there = self.known.records.get(by_name)
            # A record that an entity of another kind or namespace became does not stand for this one.
            if there is None or get(there.data, ("metadata", "labels", LABEL)) is not None:
                return None
            is_other = get(there.data, ("metadata", "annotations", ENTITY_REF)) is not None
            record = None if is_other else by_name
        return record if record is not None and record.kind == wanted else None

    def _resolve_all(self, draft: Draft, path: str, kind: str, wanted: str) -> list[RecordId]:
        """The records that a list of references means; what it names in vain is noted and kept."""
        texts = draft.texts(path)
        resolved = {text: self._resolve(text, kind, draft, wanted) for text in texts}
        missing = [text for text, record in resolved.items() if record is None]
        if missing:
            self._miss(draft, path, missing)
        return list(dict.fromkeys(record for record in resolved.values() if record is not None))

    @staticmethod
    def _miss(draft: Draft, path: str, value: str | list[str]) -> None:
        """Keep a reference that names nobody (or the entity itself), and say so."""
        draft.keep(path, value)
        names = value if isinstance(value, str) else listed(value)
        message = f"{path} names what is neither imported nor there: {names}; kept in backstage.io/{path}"
        draft.note(REFERENCE, message, path, remedy="import it too, or add its record by hand")

    # Services

    def _service(self, draft: Draft) -> None:
        kind = draft.entity.kind
        draft.spec["owner"] = self._owner(draft)
        draft.spec["lifecycle"], draft.spec["stage"] = self._lifecycle(draft)
        draft.spec["tier"] = 4
        message = f"Backstage knows no tiers: tier 4, the least critical, is assumed for this {kind}"
        draft.note(ASSUMED, message, "spec", remedy="set spec.tier to what the service is worth to the business")
        draft.spec["type"] = _TYPES[kind]
        self._part_of(draft)
        location = draft.entity.section("metadata", "annotations").get("backstage.io/source-location")
        if isinstance(location, str):
            url = location.removeprefix("url:")
            if url.startswith(("https://", "http://")) and len(url) <= 2000 and is_url(url):
                draft.spec["repositories"] = [url]

    def _owner(self, draft: Draft) -> str:
        text = draft.text("spec.owner")
        record = self._resolve(text, "group", draft, "Team") if text is not None else None
        if record is not None:
            return record.name
        if text is None:
            name = self.asked.default_owner or NOBODY
            remedy = "name the team that answers for the service in spec.owner"
            draft.note(OWNER, f"no owner is named; '{name}' is written", "spec", remedy=remedy)
            return name
        draft.keep("spec.owner", text)
        ref = parse_ref(text, "group", draft.entity.ref.namespace)
        name = self.asked.default_owner or (ref.record_name if ref else record_name(text)) or NOBODY
        if ref is not None and ref.record_kind == "Person":
            message = f"the owner {text} is a person; a service is owned by a team"
            remedy = "name a team in spec.owner, if need be one with this person alone"
        else:
            message = f"the owner {text} is no team that is imported or there already"
            remedy = f"complete people/teams/{name}.yaml, or name another team{self._near_team(name)}"
        draft.note(OWNER, f"{message}; '{name}' is written", "spec.owner", remedy=remedy)
        return name

    def _near_team(self, name: str) -> str:
        """``; did you mean 'x'?`` where a team's name is close; "team-" alone makes names look somewhat alike."""
        if name not in self.near and len(self.near) < _MOST_GUESSES:
            match = difflib.get_close_matches(name, self.teams, n=1, cutoff=0.85)
            self.near[name] = f"; did you mean '{match[0]}'?" if match else ""
        return self.near.get(name, "")

    def _lifecycle(self, draft: Draft) -> tuple[str, str]:
        text = draft.text("spec.lifecycle")
        remedy = "set spec.lifecycle and spec.stage"
        if text is None:
            lifecycle = "live"
            given = draft.entity.kind in ("Component", "API")  # the others have none in Backstage
            message = f"no lifecycle is given for this {draft.entity.kind}: live is assumed"
            draft.note(ASSUMED, message, "spec", remedy=remedy, severity=None if given else Severity.INFO)
            return lifecycle, STAGES[lifecycle]
        word = word_of(text)
        lifecycle = self.lifecycles.get(word, "design")
        if word not in OF_BACKSTAGE:
            draft.keep("spec.lifecycle", text)
        if word not in self.lifecycles:
            message = f"nobody can say what the lifecycle '{text}' means; {lifecycle} is written"
            draft.note(LIFECYCLE, message, "spec.lifecycle", remedy=remedy)
        elif word not in (*OF_BACKSTAGE, lifecycle, *map(word_of, self.asked.lifecycles)):
            message = f"the lifecycle '{text}' is taken for {lifecycle}"
            draft.note(ASSUMED, message, "spec.lifecycle", remedy=f"{remedy} where it means something else")
        return lifecycle, STAGES[lifecycle]

    def _part_of(self, draft: Draft) -> None:
        """The nearest whole becomes ``partOf``; a further one is that of the nearest, and kept besides."""
        for field, kind in _WHOLES.items():
            path = f"spec.{field}"
            text = draft.text(path)
            if text is None:
                continue
            record = self._resolve(text, kind, draft, "Service")
            if record is None or record == draft.record:
                self._miss(draft, path, text)
            elif "partOf" in draft.spec:
                draft.keep(path, text)
                message = f"{path} is a second whole beside the nearer one; kept in backstage.io/{path}"
                draft.note(FIELD, message, path)
            else:
                draft.spec["partOf"] = record.name

    def _dependencies(self, draft: Draft) -> None:
        needed = self._resolve_all(draft, "spec.dependsOn", "component", "Service")
        consumed = self._resolve_all(draft, "spec.consumesApis", "api", "Service")
        for record in chain(needed, consumed):
            self._depend(draft, draft.record, record, _UNKNOWN_STRENGTH)
        for record in self._resolve_all(draft, "spec.dependencyOf", "component", "Service"):
            self._depend(draft, record, draft.record, _UNKNOWN_STRENGTH)
        for record in self._resolve_all(draft, "spec.providesApis", "api", "Service"):
            self._depend(draft, record, draft.record, _PROVIDED)
            providers = sum(note == _PROVIDED for _, note in self.depends.get(record, {}).values())
            if providers == 2:  # said once, whoever provides it besides
                message = f"{record} is provided by several components: each is assumed to be needed"
                remedy = "give its dependencies one redundancyGroup where one of them is enough"
                draft.note(ASSUMED, message, "spec.providesApis", remedy=remedy)

    def _depend(self, draft: Draft, dependent: RecordId, needed: RecordId, note: str) -> None:
        """Let ``dependent`` depend on ``needed``: hard for an API on who provides it, else nobody says."""
        if dependent == needed:
            draft.note(REFERENCE, "depends on itself: left out", "spec", remedy="mend the entity")
            return
        if dependent not in self.by_record:
            message = f"{dependent} depends on it, but is not imported now"
            draft.note(REFERENCE, message, "spec", remedy=f"add {needed.name} to its spec.dependsOn by hand")
            return
        strength = "hard" if note == _PROVIDED else "soft"
        services = self.depends.setdefault(dependent, {})
        if strength == "hard" or needed.name not in services:
            services[needed.name] = (strength, note)
        if strength == "soft":
            message = "Backstage does not say how strong a dependency is: soft is assumed"
            remedy = "set the strength to hard where the service fails with what it depends on"
            draft.note(ASSUMED, message, "spec", remedy=remedy)

    # Teams and people

    def _team(self, draft: Draft) -> None:
        members = self._resolve_all(draft, "spec.members", "user", "Person")
        draft.spec["members"] = [record.name for record in members]
        email = draft.text("spec.profile.email")
        if email:
            draft.spec["contacts"] = [{"type": "email", "value": email[:500]}]
        parent = draft.text("spec.parent")
        if parent is None:
            return
        record = self._resolve(parent, "group", draft, "Team")
        if record is not None and record != draft.record:
            draft.spec["parent"] = record.name
            return
        self._miss(draft, "spec.parent", parent)

    def _children(self, draft: Draft) -> None:
        for record in self._resolve_all(draft, "spec.children", "group", "Team"):
            child = self.by_record.get(record)
            if child is None or record == draft.record:
                message = f"{record} is its child, but is not imported now"
                draft.note(REFERENCE, message, "spec.children", remedy=f"set its spec.parent to {draft.record.name}")
            elif child.spec.setdefault("parent", draft.record.name) != draft.record.name:
                message = f"{record} is its child, but names {child.spec['parent']} as parent; that is kept"
                draft.note(REFERENCE, message, "spec.children", remedy="decide which of them is the parent")

    def _person(self, draft: Draft) -> None:
        email = draft.text("spec.profile.email")
        if email:
            draft.spec["emails"] = [email]
        login = draft.entity.section("metadata", "annotations").get("github.com/user-login")
        if isinstance(login, str) and login.strip():
            draft.spec["accounts"] = [{"forge": "github", "login": login.strip()}]

    def _memberships(self, draft: Draft) -> None:
        for record in self._resolve_all(draft, "spec.memberOf", "group", "Team"):
            team = self.by_record.get(record)
            if team is None:
                message = f"{record} has it as a member, but is not imported now"
                draft.note(REFERENCE, message, "spec.memberOf", remedy=f"add {draft.record.name} to its spec.members")
            elif draft.record.name not in team.spec["members"]:
                team.spec["members"].append(draft.record.name)
