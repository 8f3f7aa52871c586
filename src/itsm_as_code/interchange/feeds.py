"""Calendars to subscribe to: what is planned for everything, each service and team, and when each person is on call.

An event keeps its identity wherever its change is moved to, and is marked as cancelled when its change is called off.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from itsm_as_code.clock import Interval, format_instant
from itsm_as_code.gate.agenda import AgendaItem, agenda
from itsm_as_code.gate.conflicts import World
from itsm_as_code.git.history import Revised
from itsm_as_code.interchange.icalendar import Event, Series, calendar, stable_uid
from itsm_as_code.interchange.series import KINDS, series_of
from itsm_as_code.measures.on_call import Shift, rotas, shifts
from itsm_as_code.records.catalogue import Catalogue, Record
from itsm_as_code.records.facts import Facts
from itsm_as_code.validation import Validation

BACK: Final = timedelta(days=35)
AHEAD: Final = timedelta(days=190)
"""How much of the calendar a feed holds. What was called off lately stays in it, else subscribers would keep it."""
ALL: Final = ("", "")
CHANGES: Final = ("", "changes")
"""Changes alone, without the windows and freezes that go on all the time."""

Feeds = Mapping[tuple[str, str], bytes]
"""Kind and name of the record that a feed is about (:data:`ALL` for everything) -> the file."""
Address = Callable[[Record], str]
"""Where the page of a record is published."""


def event(
    entry: AgendaItem,
    organisation: str,
    catalogue: Catalogue,
    revisions: Mapping[str, Revised],
    page: Address | None = None,
) -> Event:
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
        url=page(record) if page and record and not entry.is_called_off else "",
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


def written(organisation: str, subject: str, events: Iterable[Event], note: str = "") -> bytes:
    """A calendar by the name that subscribers see."""
    return calendar(f"{organisation}: changes of {subject}", events, note)


def feeds(
    validation: Validation,
    revisions: Mapping[str, Revised],
    gone: Sequence[Record] = (),
    unread: Collection[str] = (),
    page: Address | None = None,
) -> Feeds:
    """Every feed, also one in which nothing is planned yet.

    What was taken away lately (``gone``) is in them as called off. Calendars that are ``unread`` are not in them, which
    each file says. ItsmError for others that cannot be read: a feed without them would show frozen days as free.
    """
    catalogue, now, organisation = validation.catalogue, validation.now, validation.configuration.organisation_name
    planned = [*_planned(validation, unread), *_gone(validation, gone)]
    known = catalogue.joined((record for record in gone if record.id not in catalogue.records), catalogue.findings)
    made = list(
        _events(planned, known, Facts.of(known, validation.configuration.timezone), now, organisation, revisions, page)
    )
    of_service: dict[str, list[Event]] = {service.name: [] for service in catalogue.of_kind("Service")}
    of_team: dict[str, list[Event]] = {team.name: [] for team in catalogue.of_kind("Team")}
    owners = {service.name: service.spec["owner"] for service in catalogue.of_kind("Service")}
    for entry, found in made:
        for service in dict.fromkeys(entry.services):
            of_service.get(service, []).append(found)
        for team in dict.fromkeys(owners.get(service, "") for service in entry.services):
            of_team.get(team, []).append(found)
    note = f"Not in here, for it cannot be read: {', '.join(sorted(unread))}" if unread else ""
    files = {
        ALL: written(organisation, "all services", (found for _, found in made), note),
        CHANGES: written(organisation, "all services", (f for entry, f in made if entry.kind == "change"), note),
        **_of_people(validation, organisation),
    }
    for kind, mine in (("Service", of_service), ("Team", of_team)):
        files |= {
            (kind, name): written(organisation, _title(catalogue, kind, name), events, note)
            for name, events in mine.items()
        }
    return files


def _planned(validation: Validation, unread: Collection[str]) -> list[AgendaItem]:
    now = validation.now
    world = World.of(validation.catalogue, validation.configuration, now)
    return agenda(world, Interval(now - BACK, now + AHEAD), unread=unread)


def _gone(validation: Validation, gone: Sequence[Record]) -> list[AgendaItem]:
    """What was taken away, as called off."""
    if not gone:
        return []
    catalogue, now = validation.catalogue, validation.now
    facts = Facts.of(catalogue.joined(gone, catalogue.findings), validation.configuration.timezone)
    for kind in ("Change", "Calendar"):
        facts = facts.narrowed(kind, [record.name for record in gone if record.id.kind == kind])
    world = World(facts, facts, now, configuration=validation.configuration)
    found = agenda(world, Interval(now - BACK, now + AHEAD))
    return [replace(item, status="cancelled", conflicts=()) for item in found]


def _events(
    planned: Iterable[AgendaItem],
    catalogue: Catalogue,
    facts: Facts,
    now: datetime,
    organisation: str,
    revisions: Mapping[str, Revised],
    page: Address | None,
) -> Iterator[tuple[AgendaItem, Event]]:
    """Each item with its event; those of a calendar that comes again by a rule with one for each rule, once."""
    series: dict[tuple[str, bool], list[tuple[str, Interval, Series]] | None] = {}
    for entry in planned:
        made = event(entry, organisation, catalogue, revisions, page)
        if entry.kind not in KINDS:
            yield entry, made
            continue
        key = (entry.record, entry.is_called_off)
        record = catalogue.get("Calendar", entry.record)
        if key in series:
            if series[key] is None:
                yield entry, made
            continue
        found = series[key] = series_of(record.data, facts, Interval(now - BACK, now + AHEAD)) if record else None
        if found is None:
            yield entry, made
        for name, first, rule in found or ():
            uid = stable_uid(organisation, entry.kind, entry.record, name)
            stamp = made.stamp if record and record.path in revisions else first.start
            yield entry, replace(made, uid=uid, span=first, stamp=stamp, series=rule)


def _title(catalogue: Catalogue, kind: str, name: str) -> str:
    record = catalogue.get(kind, name)
    return record.title if record else name
