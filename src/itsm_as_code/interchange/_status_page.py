"""What a status page tells, made records: its systems services, outages incidents, planned work changes or calendars.

What is over was closed by the page, so it is taken over (docs/how-to/take-history-over.md). Planned work that is not
over is a Calendar of kind maintenance: a page knows no plan, which a Change to come needs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, Final

from itsm_as_code.clock import format_instant
from itsm_as_code.findings import Location, RecordId, Rule, Severity
from itsm_as_code.interchange._backstage_entities import record_name
from itsm_as_code.interchange._notes import Notes
from itsm_as_code.interchange._stand_ins import LABEL, NOBODY
from itsm_as_code.interchange._store import Asked, Known, NewRecord
from itsm_as_code.interchange._values import plain_text
from itsm_as_code.interchange.alerts import priority_matrix, service_names
from itsm_as_code.interchange.request import facts_of
from itsm_as_code.records.catalogue import get
from itsm_as_code.records.kinds import API_VERSION

STATUS_EVENT = Rule(
    "status-event",
    "What a status page tells can be taken",
    Severity.ERROR,
    "An entry says in readable times when it began and, where it is planned work to come, when it ends. What cannot be "
    "taken is named by its line; the other entries are.",
)
STATUS_TIMES = Rule(
    "status-times",
    "An entry of a status page ends after it begins",
    Severity.WARNING,
    "The record is written with the times of the page, so that the check of times names it until a person mends it "
    "there; what is mended stays when the page is imported again.",
)
STATUS_PLANNED = Rule(
    "status-planned",
    "Planned work is told from outages",
    Severity.INFO,
    "By its grade (a notice), or by words of its title or name such as maintenance, upgrade and migration; --planned "
    "names others.",
)
STATUS_ASSUMED = Rule(
    "status-assumed",
    "What a status page does not say is assumed aloud",
    Severity.WARNING,
    "How planned work ended, how critical a system is, whose it is, and what became of one that the page no longer "
    "lists.",
)
RULES = (STATUS_ASSUMED, STATUS_EVENT, STATUS_PLANNED, STATUS_TIMES)
_PLANNED: Final = ("maintenance", "planned", "scheduled", "upgrade", "downgrad", "migrat", "brownout", "version")
_UNPLANNED: Final = re.compile(r"unplanned|unscheduled|outage|incident", re.IGNORECASE)
_URGENCIES: Final = {"full": 1, "degraded": 2, "none": 3}
_TIME: Final = re.compile(
    r"(\d{4})-(\d\d?)-(\d\d?)(?:(?:[Tt]|[ \t]+)(\d\d?):(\d\d)(?::(\d\d)(?:\.\d*)?)?)?"
    r"[ \t]*(?:Z|([-+])(\d\d?):?(\d\d)?)?\Z"
)
_SEARCHED: Final = 500
"""Characters of a title that are looked at for words."""
_BEHIND: Final = re.compile(r"(?<!\s)\s*\([^()]*\)\Z")
Data = dict[str, Any]


@dataclass(frozen=True, slots=True)
class System:
    """What a page shows the state of; ``keys`` is how its entries call it."""

    title: str
    keys: tuple[str, ...]
    at: Location
    text: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a page. ``impact`` is full, degraded or none; ``number`` is what the page calls it."""

    number: str
    title: str
    text: str
    impact: str
    is_over: bool
    start: datetime
    end: datetime | None
    affected: tuple[str, ...]
    at: Location
    planned: bool | None = None
    """None where words must tell."""
    url: str = ""
    told: tuple[tuple[datetime, str], ...] = ()
    """What was told when, in order."""


def instant(text: Any) -> datetime | None:
    """A timestamp of YAML 1.1 (https://yaml.org/type/timestamp.html), UTC where it names no offset; or None."""
    match = _TIME.match(str(text).strip())
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    shift = timedelta(hours=int(match[8] or 0), minutes=int(match[9] or 0)) * (-1 if match[7] == "-" else 1)
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=timezone(shift)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


class Page:
    """A status page on its way to records."""

    def __init__(self, tool: str, known: Known, asked: Asked, notes: Notes) -> None:
        self._tool, self._known, self._asked, self._notes = tool, known, asked, notes
        self._facts = facts_of(known)
        self._matrix = priority_matrix(known)
        self._names = dict(service_names(self._facts))
        words = (*map(re.escape, (*_PLANNED, *asked.planned)),)
        self._planned = re.compile("|".join(words) + r"|\bupdate .*\bto\b", re.IGNORECASE)
        self._made: dict[RecordId, NewRecord] = {}

    def records(self, systems: Iterable[System], entries: Iterable[Entry]) -> list[NewRecord]:
        """A record for each system and entry, and for what entries name beside them one that stands for it."""
        systems = list(systems)
        for system in systems:
            self._system(system)
        for entry in entries:
            self._entry(entry, bool(systems))
        return list(self._made.values())

    def _add(self, record: RecordId, metadata: Data, spec: Data, at: Location, *, supplied: bool = False) -> None:
        if not record.name or record in self._made:
            why = f"{record} stands twice" if record.name else "it has no name of letters and digits"
            self._refuse(why, at, "give it another name")
            return
        title = " ".join(plain_text(metadata["title"]).split())[:200]
        metadata = {"name": record.name, **metadata, "title": title}
        if "description" in metadata:
            metadata["description"] = plain_text(metadata["description"])[:20_000]
        metadata = {key: value for key, value in metadata.items() if value}
        data = {"apiVersion": API_VERSION, "kind": record.kind, "metadata": metadata, "spec": spec}
        self._made[record] = NewRecord(record, data, at, supplied=supplied)

    def _refuse(self, why: str, at: Location, remedy: str) -> None:
        self._notes.add(STATUS_EVENT, f"not imported: {why}", at, remedy=remedy, refused=True)

    def _system(self, system: System) -> None:
        name = self._names.get(system.title.casefold()) or record_name(system.title)
        self._names |= {key.casefold(): name for key in (*system.keys, system.title)}
        links = [{"title": system.title[:200], "url": system.url}] if system.url else []
        metadata = {"title": system.title, "description": system.text, "links": links}
        self._add(RecordId("Service", name), metadata, self._service("live", "catalogue"), system.at)
        message = "a page says neither who owns a system nor how critical it is: tier 4 is written"
        self._say(message, system.at, name, "set spec.owner and spec.tier, or name the team with --default-owner")

    def _service(self, lifecycle: str, stage: str) -> Data:
        owner = self._asked.default_owner or NOBODY
        return {"owner": owner, "stage": stage, "lifecycle": lifecycle, "tier": 4, "type": "application"}

    def _say(self, message: str, at: Location, subject: str, remedy: str) -> None:
        self._notes.add(STATUS_ASSUMED, message, at, subject=subject, remedy=remedy)

    def _affected(self, entry: Entry, has_list: bool) -> list[str]:
        """The services that an entry names; one that nobody knows gets a record that stands for it."""
        found = []
        for said in entry.affected:
            known = (self._names.get(name.casefold()) for name in (said, _BEHIND.sub("", said)))
            name = next(filter(None, known), "") or record_name(said)
            record = RecordId("Service", name)
            if name and record not in self._made and record not in self._known.records:
                self._stand_in(record, said, entry.at, has_list)
            if name:
                self._names.setdefault(said.casefold(), name)
                found.append(name)
        return list(dict.fromkeys(found))

    def _stand_in(self, record: RecordId, said: str, at: Location, has_list: bool) -> None:
        lifecycle, stage = ("retired", "retired") if has_list else ("live", "catalogue")
        metadata = {"title": said, "labels": {LABEL: "true"}}
        self._add(record, metadata, self._service(lifecycle, stage), at, supplied=True)
        remedy = "complete its record; or add the name to the annotation itsm.dev/alert-names of the service it means"
        why = "the page does not list it" if has_list else "there is no such service"
        message = f"{why}: a {lifecycle} service stands in"
        self._say(message, at, record.name, f"{remedy}, and import again")

    def _entry(self, entry: Entry, has_list: bool) -> None:
        if entry.end is not None and entry.end <= entry.start:
            ends, starts = format_instant(entry.end), format_instant(entry.start)
            message = "it ends before it begins, or at once"
            remedy = "write the true times into its record, or mend the page and import it again"
            self._notes.add(
                STATUS_TIMES, message, entry.at, subject=f"{entry.number} ({starts}, {ends})", remedy=remedy
            )
        services = self._affected(entry, has_list)
        links = [{"title": f"{self._tool}: {entry.number}"[:200], "url": entry.url}] if entry.url else []
        metadata: Data = {"title": entry.title or entry.number, "description": entry.text, "links": links}
        name = record_name(f"{self._tool}-{entry.number}" if entry.number.isdigit() else entry.number)
        if not self._is_planned(entry):
            self._add(RecordId("Incident", name), metadata, self._incident(entry, services, name), entry.at)
            return
        if entry.is_over:
            self._add(RecordId("Change", name), metadata, self._change(entry, services, name), entry.at)
            message = "the page does not say how planned work ended: successful is written"
            self._say(message, entry.at, name, "set spec.result where it was another one")
        elif entry.end is None:
            self._refuse(f"{entry.number} is a notice without an end", entry.at, "add the end, or write it by hand")
        else:
            span = {"start": format_instant(entry.start), "end": format_instant(entry.end)}
            spec: Data = {"timezone": "UTC", "kind": "maintenance", "entries": [span | {"reason": entry.title[:500]}]}
            spec |= {"appliesTo": {"services": services}} if services else {}
            self._add(RecordId("Calendar", name), metadata, spec, entry.at)

    def _is_planned(self, entry: Entry) -> bool:
        if entry.planned is not None:
            return entry.planned
        said = f"{entry.title[:_SEARCHED]} {entry.number}"
        by_words = self._planned.search(said) and not _UNPLANNED.search(said)
        found = bool(by_words) or entry.impact == "none"
        if found and entry.impact != "none":
            message = "taken for planned work by its title or name, though the page calls it an outage"
            self._notes.add(STATUS_PLANNED, message, entry.at, subject=entry.number, remedy="look whether it was")
        return found

    def _incident(self, entry: Entry, services: list[str], name: str) -> Data:
        tiers = [self._facts.spec("Service", service).get("tier", 4) for service in services]
        spec = self._stands(entry, name)
        spec |= {"services": services, "impact": min([*tiers, self._matrix.impacts])}
        spec |= {"urgency": min(_URGENCIES[entry.impact], self._matrix.urgencies)}
        spec["detectedAt"] = format_instant(entry.start)
        span = {"start": spec["detectedAt"]}
        if entry.is_over and entry.end:
            spec["restoredAt"] = span["end"] = format_instant(entry.end)
        if spec["status"] == "closed":
            spec |= {"resolutionCode": "other"}
            spec |= {key: span["end"] for key in ("resolvedAt", "closedAt") if "end" in span}
        if entry.impact != "none":
            spec["outages"] = [{"service": service, **span, "kind": entry.impact} for service in services]
        if entry.told:
            spec["communications"] = [{"at": format_instant(at), "message": text} for at, text in entry.told]
        return spec

    def _stands(self, entry: Entry, name: str) -> Data:
        """The state of an incident; one that is written here already is closed by those who work on it."""
        there = self._known.records.get(RecordId("Incident", name))
        state = get(there.data, ("spec", "status")) if there is not None else None
        if there is not None and state and get(there.data, ("spec", "takenOver")) is None:
            return {"status": state}
        return {**self._taken_over("Incident", name, entry), "status": "closed"} if entry.is_over else {"status": "new"}

    def _change(self, entry: Entry, services: list[str], name: str) -> Data:
        actual = {"start": format_instant(entry.start)} | ({"end": format_instant(entry.end)} if entry.end else {})
        spec: Data = {"type": "normal", "services": services, **self._taken_over("Change", name, entry)}
        return spec | {
            "outage": {"expected": entry.impact}, "actual": actual, "status": "closed", "result": "successful",
        }  # fmt: skip

    def _taken_over(self, kind: str, name: str, entry: Entry) -> Data:
        return self._known.taken_over(RecordId(kind, name), self._tool, entry.number, self._asked.day)
