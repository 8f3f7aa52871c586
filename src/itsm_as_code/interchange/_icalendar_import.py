"""Calendars of other tools, made Calendar records: holidays, freezes, maintenance, by day, span or recurrence rule."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, timedelta
from pathlib import PurePath
from typing import Any, Final

from itsm_as_code.clock import format_instant, zone, zone_names
from itsm_as_code.configuration import load_configuration
from itsm_as_code.findings import Location, RecordId, Rule, Severity
from itsm_as_code.interchange._icalendar_reading import (
    MOST_DAYS,
    Component,
    Moment,
    Unusable,
    length,
    moments,
    read_calendars,
)
from itsm_as_code.interchange._notes import Notes
from itsm_as_code.interchange._store import Conversion, Known, NewRecord
from itsm_as_code.records.blank import slug
from itsm_as_code.records.kinds import API_VERSION
from itsm_as_code.recurrence import doubts, occurrences
from itsm_as_code.snapshot import WorkTree
from itsm_as_code.wording import count

CALENDAR_EVENT = Rule(
    "calendar-event",
    "Every event of a calendar can be taken",
    Severity.ERROR,
    "An event has a start, takes time, and recurs in the zone of its calendar by a rule that is read. What is refused "
    "is named by its line; the other events are taken.",
)
CALENDAR_MOVED = Rule(
    "calendar-moved",
    "A day that is worked is no holiday",
    Severity.WARNING,
    "Where a day off is moved, calendars of holidays also list the day that is worked for it. By its name it is one: "
    "it is left out, and a person looks.",
)
CALENDAR_ZONE = Rule(
    "calendar-zone",
    "A calendar says its time zone",
    Severity.WARNING,
    "X-WR-TIMEZONE, or the one zone of its events. Where there is none, that of itsm.yaml is assumed.",
)
CALENDAR_COUNTED = Rule(
    "calendar-counted",
    "What became of the events of a calendar adds up",
    Severity.INFO,
    "Of all events: those taken as days, as spans and as recurring, those called off, those that are worked and those "
    "refused.",
)
CALENDAR_APPLIES = Rule(
    "calendar-applies",
    "A freeze says to which services it applies",
    Severity.WARNING,
    "iCalendar cannot say so: all services are assumed, which stops too much rather than too little.",
)
RULES = (CALENDAR_APPLIES, CALENDAR_EVENT, CALENDAR_MOVED, CALENDAR_ZONE, CALENDAR_COUNTED)
KINDS: Final = ("holidays", "freeze", "maintenance", "peak", "service-hours")
_WORKED: Final = re.compile(
    r"work(?:ing|ed)?[ -]?(?:day|saturday|sunday)|arbeitstag|munkanap|рабоч|jour travaillé|dzień pracy"
    "|补班|補班|上班|근무일",
    re.IGNORECASE,
)
Data = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a caller says: the name of the record where a file has one calendar, and what kind of calendar it is."""

    name: str | None = None
    kind: str = "holidays"


def convert(sources: Mapping[str, bytes], known: Known, asked: Asked | None = None) -> Conversion:
    """A Calendar for each calendar of the sources."""
    notes, records, refused = Notes(), [], 0
    for path, source in sources.items():
        try:
            calendars = read_calendars(source)
        except Unusable as wrong:
            notes.add(CALENDAR_EVENT, str(wrong), Location(path, 1, 1), remedy="export the calendar again")
            refused += 1
            continue
        for calendar in calendars:
            records.append(_Reader(path, calendar, known, asked or Asked(), notes).record())
    return Conversion(records, notes.findings(), refused)


class _Reader:
    """One calendar on its way to a record."""

    def __init__(self, path: str, calendar: Component, known: Known, asked: Asked, notes: Notes) -> None:
        self._path, self._calendar, self._asked, self._notes = path, calendar, asked, notes
        self._events = [item for item in calendar.inside if item.name == "VEVENT"]
        self._zone = self._named_zone() or self._assumed(known)
        self._counts = dict.fromkeys(("days", "spans", "recurring", "called off", "worked", "refused"), 0)

    def _named_zone(self) -> str:
        said = _iana(self._calendar.text("X-WR-TIMEZONE"))
        starts = [start for event in self._events if (start := event.one("DTSTART")) is not None]
        named = {"UTC" if start.value.endswith("Z") else start.parameters.get("TZID", "") for start in starts} - {""}
        return said or (_iana(next(iter(named))) if len(named) == 1 else "")

    def _assumed(self, known: Known) -> str:
        found = load_configuration(WorkTree(known.root), known.registry)[0].timezone if known.root.is_dir() else "UTC"
        remedy = "correct spec.timezone if it is another one"
        message = f"the calendar does not say its time zone: {found} is assumed"
        self._notes.add(CALENDAR_ZONE, message, Location(self._path, self._calendar.line, 1), remedy=remedy)
        return found

    def record(self) -> NewRecord:
        title = self._calendar.text("X-WR-CALNAME")[:200] or PurePath(self._path).stem
        name = self._asked.name or slug(title) or slug(PurePath(self._path).stem) or "calendar"
        entries = sorted(self._entries(), key=_order)
        place = Location(self._path, self._calendar.line, 1)
        said = ", ".join(f"{count} {what}" for what, count in self._counts.items())
        self._notes.add(CALENDAR_COUNTED, f"{count(len(self._events), 'event')}: {said}", place, subject=name)
        metadata: Data = {"name": name, "title": title}
        if about := self._calendar.text("X-WR-CALDESC"):
            metadata["description"] = about[:2000]
        spec: Data = {"timezone": self._zone, "kind": self._asked.kind, "entries": entries}
        if self._asked.kind == "freeze":
            spec["appliesTo"] = {"all": True}
            remedy = "name services, tiers or labels in spec.appliesTo where it stops fewer"
            self._notes.add(CALENDAR_APPLIES, "the freeze is assumed to apply to all services", place, remedy=remedy)
        data = {"apiVersion": API_VERSION, "kind": "Calendar", "metadata": metadata, "spec": spec}
        return NewRecord(RecordId("Calendar", name), data, place)

    def _entries(self) -> Iterator[Data]:
        moved: dict[str, list[Moment]] = {}
        for event in self._events:
            if (instance := event.one("RECURRENCE-ID")) is not None and (uid := event.text("UID")):
                moved.setdefault(uid, []).extend(moments(instance))
        for event in self._events:
            title = event.text("SUMMARY")[:500] or "Without a title"
            try:
                if event.text("STATUS").upper() == "CANCELLED":
                    self._counts["called off"] += 1
                elif self._asked.kind == "holidays" and _WORKED.search(f"{title} {event.text('CATEGORIES')}"):
                    self._say_worked(event, title)
                else:
                    is_master = event.one("RECURRENCE-ID") is None
                    yield from self._entry(event, title, moved.get(event.text("UID"), []) if is_master else [])
            except Unusable as wrong:
                self._counts["refused"] += 1
                remedy = "correct it where it comes from, or write the entry by hand"
                self._notes.add(CALENDAR_EVENT, str(wrong), self._at(event), subject=title[:80], remedy=remedy)

    def _say_worked(self, event: Component, title: str) -> None:
        self._counts["worked"] += 1
        remedy = "look whether that day is worked; if it is a day off, add it to the entries"
        start = event.one("DTSTART")
        day = start.value[:8] if start is not None else ""
        self._notes.add(CALENDAR_MOVED, f"{title} ({day}) is a day that is worked", self._at(event), remedy=remedy)

    def _at(self, event: Component) -> Location:
        return Location(self._path, event.line, 1)

    def _entry(self, event: Component, title: str, moved: list[Moment]) -> list[Data]:
        begins = event.one("DTSTART")
        if begins is None:
            raise Unusable("it has no start")
        start = moments(begins)[0]
        text, taken = length(event, start)
        more = [moment for item in event.all("RDATE") for moment in moments(item)]
        rules = event.all("RRULE")
        if len(rules) > 1 or event.one("EXRULE") is not None:
            raise Unusable("it recurs by more than one rule")
        if not rules:
            found = [entry for moment in (start, *more) for entry in self._single(moment, taken, title)]
            self._counts["days" if "date" in found[0] else "spans"] += 1
            return found
        out = [moment for item in event.all("EXDATE") for moment in moments(item)] + moved
        entry = self._recurring(rules[0].value, start, text, title, out)
        found = [entry, *(one for moment in more for one in self._single(moment, taken, title))]
        self._counts["recurring"] += 1
        return found

    def _single(self, start: Moment, taken: timedelta, title: str) -> list[Data]:
        if start.clock is None and taken % timedelta(days=1):
            raise Unusable("a day ends within a day")
        if start.clock is None and (taken.days == 1 or self._asked.kind == "holidays"):
            if taken.days > MOST_DAYS:
                raise Unusable(f"it takes {taken.days} days")
            days = (start.day + timedelta(days=number) for number in range(taken.days))
            return [{"date": day.isoformat(), "title": title} for day in days]
        tz = zone(self._zone if start.zone is None else self._known_zone(start.zone))
        begin, end = start.local.replace(tzinfo=tz), (start.local + taken).replace(tzinfo=tz)
        if begin.astimezone(UTC) >= end.astimezone(UTC):
            raise Unusable("it takes no time")
        return [{"start": format_instant(begin), "end": format_instant(end), "reason": title}]

    def _known_zone(self, said: str) -> str:
        if not (found := _iana(said)):
            raise Unusable(f"'{said[:60]}' is no zone of the time zone database")
        return found

    def _recurring(self, rule: str, start: Moment, text: str, title: str, out: list[Moment]) -> Data:
        if start.zone is not None and self._known_zone(start.zone) != self._zone:
            raise Unusable(f"it recurs in the zone {start.zone[:60]}, the calendar is that of {self._zone}")
        said = rule.upper()
        if match := re.search(r"UNTIL=(\d{8})(?=;|\Z)", said):  # a day of it counts
            said = said.replace(match[0], f"{match[0]}T235959")
        tz = zone(self._zone)
        try:
            next(iter(occurrences(said, start.local, tz)))
            doubtful = [message for field, message, _ in doubts(said, start.local, tz) if field == "dtstart"]
        except ValueError as error:
            raise Unusable(str(error)[:200]) from None
        if doubtful:
            raise Unusable(doubtful[0])
        if out and ("FREQ=HOURLY" in said or re.search(r"BYHOUR=\d+,", said)):
            raise Unusable("single ones of several a day are left out, which a record says of whole days")
        days = sorted({self._local_day(moment) for moment in out})
        found: Data = {"rrule": said, "dtstart": start.local.isoformat(timespec="seconds"), "duration": text}
        return {**found, **({"exdate": days} if days else {}), "reason": title}

    def _local_day(self, moment: Moment) -> str:
        if moment.clock is None or moment.zone is None:
            return moment.day.isoformat()
        there = moment.clock.replace(tzinfo=zone(self._known_zone(moment.zone)))
        return there.astimezone(zone(self._zone)).date().isoformat()


def _order(entry: Data) -> tuple[str, str]:
    return str(entry.get("date") or entry.get("start") or entry.get("dtstart")), str(entry)


def _iana(said: str) -> str:
    """The zone of that name, behind the prefixes that tools put before it; empty where there is none."""
    if said in zone_names():
        return said
    tail = "/".join(said.split("/")[-2:])
    return tail if tail in zone_names() else ""
