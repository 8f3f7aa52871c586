"""Calendars to subscribe to: what is planned for everything, each service and team, and when each person is on call.

An event keeps its identity wherever its change is moved to, and is marked as cancelled when its change is called off.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final

from itsm_as_code.clock import Interval, format_instant
from itsm_as_code.gate.agenda import AgendaItem, agenda
from itsm_as_code.gate.conflicts import World
from itsm_as_code.git.history import Revised
from itsm_as_code.interchange.icalendar import Event, calendar, stable_uid
from itsm_as_code.measures.on_call import Shift, rotas, shifts
from itsm_as_code.records.catalogue import Catalogue
from itsm_as_code.validation import Validation

BACK: Final = timedelta(days=35)
AHEAD: Final = timedelta(days=190)
"""How much of the calendar a feed holds. What was called off lately stays in it, else subscribers would keep it."""
ALL: Final = ("", "")

Feeds = Mapping[tuple[str, str], bytes]
"""Kind and name of the record that a feed is about (:data:`ALL` for everything) -> the file."""


def event(entry: AgendaItem, organisation: str, catalogue: Catalogue, revisions: Mapping[str, Revised]) -> Event:
    """What is planned as an event; ``revisions`` says how often each path was changed, and when last."""
    is_change = entry.kind == "change"
    record = catalogue.get("Change" if is_change else "Calendar", entry.record)
    # A change has one event, wherever it is moved; a calendar has one for each of its occurrences.
    names = (entry.record,) if is_change else (entry.record, format_instant(entry.span.start))
    about = [entry.summary, f"Services: {', '.join(entry.services) or 'none'}"]
    about += [f"Type: {entry.type}, status: {entry.status}"] if is_change else []
    about += [f"Conflict: {conflict.message}" for conflict in entry.conflicts]
    status = "TENTATIVE" if entry.status in ("draft", "proposed") else "CONFIRMED"
    found = revisions.get(record.path) if record else None
    return Event(
        uid=stable_uid(organisation, entry.kind, *names),
        sequence=found.count if found else 0,
        stamp=found.last if found else entry.span.start,
        span=entry.span,
        title=f"{entry.kind.capitalize()}: {entry.title}",
        description="\n".join(line for line in about if line),
        categories=(entry.kind, *([entry.type] if entry.type else [])),
        status="CANCELLED" if entry.is_called_off else status,
        is_busy=is_change and not entry.is_called_off,
    )


def on_call(shift: Shift, title: str, organisation: str, person: str | None = None) -> Event:
    """A shift as an event: the same one whoever asks, for as long as it begins then; it does not block the day."""
    others = ", then ".join(shift.people)
    second = person is not None and shift.people[0] != person
    return Event(
        uid=stable_uid(organisation, "on-call", shift.calendar, str(shift.index), format_instant(shift.span.start)),
        sequence=0,
        stamp=shift.span.start,
        span=shift.span,
        title=f"On call{', second' if second else ''}: {title}",
        description="\n".join(filter(None, (f"On call: {others}", shift.reason))),
        categories=("on-call",),
        is_busy=False,
    )


def _of_people(validation: Validation, organisation: str) -> Feeds:
    """The shifts of everybody whom a rota names."""
    facts, now = validation.facts, validation.now
    mine: dict[str, list[Event]] = {}
    for rota in rotas(facts):
        for shift in shifts(facts, rota, Interval(now - BACK, now + AHEAD)):
            for person in dict.fromkeys(shift.people):
                title = rota["metadata"].get("title", shift.calendar)
                mine.setdefault(person, []).append(on_call(shift, title, organisation, person))
    catalogue = validation.catalogue
    return {
        ("Person", name): calendar(f"{organisation}: on call, {_title(catalogue, 'Person', name)}", events)
        for name, events in mine.items()
        if catalogue.get("Person", name) is not None
    }


def written(organisation: str, subject: str, events: Iterable[Event]) -> bytes:
    """A calendar by the name that subscribers see."""
    return calendar(f"{organisation}: changes of {subject}", events)


def feeds(validation: Validation, revisions: Mapping[str, Revised]) -> Feeds:
    """Every feed, also one in which nothing is planned yet.

    ItsmError for a calendar that cannot be read: a feed without it would show frozen days as free.
    """
    catalogue, now, organisation = validation.catalogue, validation.now, validation.configuration.organisation_name
    entries = agenda(World.of(catalogue, validation.configuration, now), Interval(now - BACK, now + AHEAD))
    events = [event(entry, organisation, catalogue, revisions) for entry in entries]
    of_service: dict[str, list[Event]] = {service.name: [] for service in catalogue.of_kind("Service")}
    of_team: dict[str, list[Event]] = {team.name: [] for team in catalogue.of_kind("Team")}
    owners = {service.name: service.spec["owner"] for service in catalogue.of_kind("Service")}
    for entry, made in zip(entries, events, strict=True):
        for service in dict.fromkeys(entry.services):
            of_service.get(service, []).append(made)
        for team in dict.fromkeys(owners.get(service, "") for service in entry.services):
            of_team.get(team, []).append(made)
    found = {ALL: written(organisation, "all services", events), **_of_people(validation, organisation)}
    for kind, files in (("Service", of_service), ("Team", of_team)):
        found |= {
            (kind, name): written(organisation, _title(catalogue, kind, name), mine) for name, mine in files.items()
        }
    return found


def _title(catalogue: Catalogue, kind: str, name: str) -> str:
    record = catalogue.get(kind, name)
    return record.title if record else name
