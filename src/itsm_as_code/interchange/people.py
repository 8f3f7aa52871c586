"""People and teams, as forges, directories (LDIF, CSV) and lists of owners (CODEOWNERS, OWNERS) know them.

Somebody who is here already is told by their account, else by their address. What is missing of them is added; nothing
is taken away. Who is here and in no source that holds all is proposed as a leaver.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, Final

from itsm_as_code.findings import Finding, RecordId, Rule, Severity
from itsm_as_code.interchange._backstage_entities import record_name
from itsm_as_code.interchange._notes import Notes, listed
from itsm_as_code.interchange._people_reading import Group, Someone, Told, read_people
from itsm_as_code.interchange._stand_ins import LABEL
from itsm_as_code.interchange._store import Conversion, Known, NewRecord
from itsm_as_code.interchange._values import plain_text
from itsm_as_code.interchange.codeowners import TEAM
from itsm_as_code.records.catalogue import get
from itsm_as_code.records.kinds import API_VERSION

TITLE: Final = "people and teams of GitHub, GitLab, Gitea, LDIF, CSV, CODEOWNERS and OWNERS"
PEOPLE_SOURCE = Rule(
    "people-source",
    "A list of people can be read",
    Severity.ERROR,
    "What is no account, team, entry or owner is named by its line; the rest is taken.",
)
PEOPLE_SAME = Rule(
    "people-same",
    "An account or address belongs to one person",
    Severity.ERROR,
    "Approvals count by accounts. Where a record has the name that somebody new would get, without their account or "
    "address, a person decides whether they are the same; so where an account has just the address of somebody, for "
    "anybody may write that into a profile (--by-address trusts the forge to verify addresses).",
)
PEOPLE_LEFT = Rule(
    "people-left",
    "Who is not in the source any more may have left",
    Severity.WARNING,
    "Reported where the source holds all (--all, or an organisation that was asked). Approvals of somebody who is not "
    "active never count. --retire writes it; the record itself stays, for history refers to it.",
)
PEOPLE_ADDED = Rule(
    "people-added",
    "What is added to somebody who is here is said",
    Severity.INFO,
    "An account or an address decides whose approvals and commits count.",
)
RULES = (PEOPLE_ADDED, PEOPLE_LEFT, PEOPLE_SAME, PEOPLE_SOURCE)
Data = dict[str, Any]
_UNVERIFIED: Final = "which nobody has verified"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a caller says: the forge of the accounts, the team whose members a list is, whether the sources hold all,
    whether to write who has left, and whether an address that the source gives tells whose account it is."""

    forge: str = "github"
    team: str | None = None
    is_all: bool = False
    retire: bool = False
    by_address: bool = False


def follow(name: str, place: Path, source: bytes) -> tuple[dict[str, Path], list[Finding]]:
    """The aliases that a list of owners uses."""
    aliases = place.with_name("OWNERS_ALIASES")
    if place.name != "OWNERS" or not aliases.is_file():
        return {}, []
    return {str(PurePath(name).with_name("OWNERS_ALIASES")): aliases}, []


def convert(sources: Mapping[str, bytes], known: Known, asked: Asked | None = None) -> Conversion:
    """A Person for everybody and a Team for each team that the sources name."""
    notes, asked = Notes(), asked or Asked()
    told = read_people(sources, asked.team)
    for why, at in told.problems:
        notes.add(PEOPLE_SOURCE, f"not imported: {why}", at, remedy="mend it, or leave it out", refused=True)
    records = _Register(told, known, asked, notes).records()
    return Conversion(records, notes.findings(), notes.refused)


class _Register:
    """People and teams that are here, and those that a source tells of."""

    def __init__(self, told: Told, known: Known, asked: Asked, notes: Notes) -> None:
        self._told, self._known, self._asked, self._notes = told, known, asked, notes
        self._here = {
            id_.name: record.data for id_, record in known.records.items() if id_.kind == "Person" and record.valid
        }
        self._by_account: dict[str, str] = {}
        self._by_email: dict[str, str] = {}
        for name, data in self._here.items():
            for account in data["spec"].get("accounts", ()):
                if account["forge"] == asked.forge:
                    self._by_account[account["login"].casefold()] = name
            self._by_email |= {address.casefold(): name for address in data["spec"].get("emails", ())}
        teams = {id_.name: record.data for id_, record in known.records.items() if id_.kind == "Team"}
        self._teams = set(teams)
        self._by_title = {str(get(data, ("metadata", "title"))).casefold(): name for name, data in teams.items()}
        self._by_slug = {get(data, ("metadata", "annotations", TEAM)): name for name, data in teams.items()}
        self._names: dict[str, str] = {}
        """Records by the keys of the source."""
        self._undecided: set[str] = set()
        """Records of which somebody in the source may be another one, or not."""
        self._made: dict[RecordId, NewRecord] = {}

    def records(self) -> list[NewRecord]:
        for someone in self._told.people.values():
            self._person(someone)
        for group in self._told.groups.values():
            self._team(group)
        if self._asked.is_all and self._told.problems:
            message, remedy = "who has left is not told: not all that the sources hold can be read", "mend it first"
            self._notes.add(PEOPLE_LEFT, message, self._told.problems[0][1], remedy=remedy)
        elif self._asked.is_all:
            self._say_left()
        return list(self._made.values())

    # People

    def _person(self, someone: Someone) -> None:
        found = self._by_account.get(someone.login.casefold()) if someone.has_account else None
        found = found or next(filter(None, (self._by_email.get(item.casefold()) for item in someone.emails)), None)
        if found is not None and RecordId("Person", found) in self._made:
            self._names[someone.key] = found
            self._refuse(someone, f"'{someone.login or someone.key}' is a second one of {found}")
        elif found is not None:
            self._join(someone, found)
        elif someone.is_active:
            self._new(someone)
        else:
            message = f"not imported: '{someone.login or someone.key}' is not active there"
            self._notes.add(PEOPLE_LEFT, message, someone.at, severity=Severity.INFO, refused=True)

    def _refuse(self, someone: Someone, why: str) -> None:
        remedy = "add the account or address to the record by hand where they are the same, and import again"
        remedy += ", or with --by-address if this forge verifies addresses" * (why.endswith(_UNVERIFIED))
        self._notes.add(PEOPLE_SAME, f"not imported: {why}", someone.at, remedy=remedy, refused=True)

    def _new(self, someone: Someone) -> None:
        said = someone.login or someone.name or someone.key.partition("@")[0]
        record = RecordId("Person", record_name(said))
        if not record.name or record in self._known.records or record in self._made:
            why = f"{record} is another one, by account and address" if record.name else f"'{said[:60]}' gives no name"
            self._refuse(someone, why)
            return
        self._names[someone.key] = record.name
        spec: Data = {}
        self._add_to(spec, someone)
        if someone.job:
            spec["jobTitle"] = " ".join(someone.job.split())[:500]
        if someone.is_bot:
            spec["bot"] = True
        self._write(record, {"title": someone.name or said}, spec, someone)

    def _add_to(self, spec: Data, someone: Someone) -> list[str]:
        """Add the account and the addresses that a person lacks; returns what was added."""
        added = []
        account: Data = {"forge": self._asked.forge, "login": someone.login}
        account |= {"id": someone.number} if someone.number else {}
        accounts = spec.get("accounts", [])
        same = [item for item in accounts if self._is(item, someone.login)]
        if someone.has_account and someone.login and not same:
            spec["accounts"] = [*accounts, account]
            added.append(f"the account {someone.login}")
        elif same and someone.has_account and someone.number and "id" not in same[0]:
            same[0]["id"] = someone.number
        there = {address.casefold() for address in spec.get("emails", ())}
        fresh = [address for address in someone.emails if address.casefold() not in there]
        if fresh:
            spec["emails"] = [*spec.get("emails", ()), *fresh]
            added += fresh
        return added

    def _is(self, account: Mapping[str, Any], login: str) -> bool:
        return bool(account["forge"] == self._asked.forge and account["login"].casefold() == login.casefold())

    def _join(self, someone: Someone, name: str) -> None:
        data = deepcopy(self._here[name])
        record = RecordId("Person", name)
        if why := self._doubt(someone, data, record):
            self._refuse(someone, why)
            self._undecided.add(name)
            return
        self._names[someone.key] = name
        added = self._add_to(data["spec"], someone) if someone.is_active else []
        if added:
            self._notes.add(PEOPLE_ADDED, f"added: {listed(added)}", someone.at, subject=name, record=record)
        if not someone.is_active:
            self._leave(name, data, "is not active in the source", someone)
        elif data["spec"].get("active") is False:
            message = "is marked as not active here, and is in the source"
            self._notes.add(PEOPLE_LEFT, message, someone.at, subject=name, record=record)
        self._made[record] = NewRecord(record, data, someone.at, is_merged=True)

    def _doubt(self, someone: Someone, data: Data, record: RecordId) -> str:
        """Why somebody with the account or an address of a person may be another one."""
        accounts = [item for item in data["spec"].get("accounts", ()) if item["forge"] == self._asked.forge]
        same = [item for item in accounts if self._is(item, someone.login)]
        if same and someone.number and same[0].get("id", someone.number) != someone.number:
            return f"the account {someone.login} of {record} has another number: the login may be somebody else's now"
        if same or not someone.has_account or not someone.login:
            return ""
        if accounts:
            there = listed([item["login"] for item in accounts])
            return f"{record} has the account {there}: '{someone.login}' has the same address, by its own word"
        if someone.is_active and not self._asked.by_address:
            return f"'{someone.login}' has the address of {record}, {_UNVERIFIED}"
        return ""

    # Teams

    def _team(self, group: Group) -> None:
        record = RecordId("Team", self._team_name(group))
        if not record.name or record in self._made:
            why = f"not imported: the team '{group.name[:60]}' " + ("stands twice" if record.name else "has no name")
            self._notes.add(PEOPLE_SOURCE, why, group.at, remedy="rename it", refused=True)
            return
        members = [self._names[key] for key in group.members if key in self._names]
        there = self._known.records.get(record)
        if there is None or get(there.data, ("metadata", "labels", LABEL)) is not None:
            spec: Data = {"members": list(dict.fromkeys(members))}
            parent = self._told.groups.get(group.parent.casefold())
            spec |= {"parent": self._team_name(parent)} if parent is not None else {}
            metadata: Data = {"title": group.title or group.name, "description": group.text}
            metadata |= {"annotations": {TEAM: group.slug}} if group.slug and self._asked.forge == "github" else {}
            self._write(record, metadata, spec, group)
            return
        data = deepcopy(there.data)
        before = data["spec"].get("members", [])
        compared = self._compared(before) if group.is_whole and not self._told.problems else ()
        gone = [name for name in compared if name not in members]
        if gone:
            remedy = "take them out of spec.members, or import with --retire"
            message = f"not in the team any more by the source: {listed(gone)}"
            self._notes.add(PEOPLE_LEFT, message, group.at, subject=record.name, remedy=remedy, record=record)
        kept = [name for name in before if not (self._asked.retire and name in gone)]
        data["spec"]["members"] = list(dict.fromkeys((*kept, *members)))
        self._made[record] = NewRecord(record, data, group.at, is_merged=True)

    def _team_name(self, group: Group) -> str:
        """The team that has the forge's name in its annotation, the name, or the title; else the name."""
        if group.slug and group.slug in self._by_slug:
            return self._by_slug[group.slug]
        name = record_name(group.name)
        return name if name in self._teams else self._by_title.get((group.title or group.name).casefold(), name)

    # Leavers

    def _compared(self, names: Iterable[str]) -> list[str]:
        """Those whom the sources could know: by an account at the forge, or by an address."""
        accounts = any(person.has_account for person in self._told.people.values())
        known = set((self._by_account if accounts else self._by_email).values()) - self._undecided
        return [name for name in names if name in known and not self._here[name]["spec"].get("bot", False)]

    def _say_left(self) -> None:
        seen = set(self._names.values())
        origin = next(iter(self._told.people.values()), None)
        for name, data in self._left(seen):
            if origin is not None:
                data = deepcopy(data)
                self._leave(name, data, "is in no source any more", origin)
                if self._asked.retire:
                    record = RecordId("Person", name)
                    self._made[record] = NewRecord(record, data, origin.at, is_merged=True)

    def _left(self, seen: set[str]) -> Iterator[tuple[str, Data]]:
        for name in self._compared(sorted(self._here)):
            if name not in seen and self._here[name]["spec"].get("active", True):
                yield name, self._here[name]

    def _leave(self, name: str, data: Data, why: str, someone: Someone) -> None:
        if data["spec"].get("active", True):
            remedy = "say `itsm set person/NAME active=false` if they left, or import with --retire"
            self._notes.add(PEOPLE_LEFT, why, someone.at, subject=name, remedy=remedy, record=RecordId("Person", name))
        if self._asked.retire:
            data["spec"]["active"] = False

    def _write(self, record: RecordId, metadata: Data, spec: Data, told: Someone | Group) -> None:
        title = " ".join(plain_text(metadata["title"]).split())[:200]
        metadata = {"name": record.name, **metadata, "title": title}
        kept = {key: plain_text(value) if isinstance(value, str) else value for key, value in metadata.items() if value}
        data = {"apiVersion": API_VERSION, "kind": record.kind, "metadata": kept, "spec": spec}
        self._made[record] = NewRecord(record, data, told.at)
