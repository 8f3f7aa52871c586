"""Teams and people: who answers for what, and who is there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from itsm_as_code.clock import Interval
from itsm_as_code.records.catalogue import Record
from itsm_as_code.site.views import feed, state, words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.record import RecordPage
from itsm_as_code.site.views.values import Fields, Inline, Link, Missing, Page, Row, Status, Table, Text, Value, inline


def away(context: Context, person: Record) -> Interval | None:
    """The absence that a person is in now."""
    for entry in person.spec.get("away", ()):
        start, end = words.as_instant(entry.get("start")), words.as_instant(entry.get("end"))
        if start and end and start <= context.now < end:
            return Interval(start, end)
    return None


def presence(context: Context, person: Record) -> Status:
    if person.spec.get("active") is False:
        return Status("No longer active")
    if person.spec.get("bot"):
        return Status("Bot")
    absent = away(context, person)
    if absent:
        return Status(f"Away until {words.day(absent.end.astimezone(context.tz))}", "warn")
    return Status("Present", "good")


def on_duty(context: Context, calendar: Mapping[str, Any]) -> list[Value]:
    """Whom an on-call calendar names for this instant."""
    instant = Interval(context.now, context.now + timedelta(seconds=1))
    names: dict[str, None] = {}
    for entry in calendar["entries"]:
        if entry.get("people") and context.intervals({**calendar, "entries": [entry]}, instant):
            names.update(dict.fromkeys(entry["people"]))
    return [context.reference(("Person",), name) for name in names]


def leads(team: Record) -> tuple[str, ...]:
    """Who answers for a team: nobody, one person, or several together."""
    lead = team.spec.get("lead", ())
    return (lead,) if isinstance(lead, str) else tuple(lead)


def _leads(context: Context, team: Record) -> Value:
    return inline([context.reference(("Person",), name) for name in leads(team)], "Nobody")


def team_page(context: Context, record: Record, now: state.Now) -> Page:
    made = RecordPage(context, record)
    spec = record.spec
    _members(made)
    _owned(made, now)
    _contacts(made)
    children = [t for t in context.catalogue.of_kind("Team") if t.spec.get("parent") == record.name]
    facts: list[tuple[str, Value]] = [("Lead", _leads(context, record))]
    if "roles" in spec:
        facts.append(("Roles", inline([Text(words.human(role)) for role in spec["roles"]])))
    if "parent" in spec:
        facts.append(("Part of", made.field("parent")))
    if children:
        facts.append(("Teams within", inline([context.link(child) for child in children])))
    if "onCall" in spec:
        calendar = context.calendars.get(spec["onCall"])
        facts.append(("On call now", inline(on_duty(context, calendar) if calendar else [], "Nobody")))
        facts.append(("On-call calendar", made.field("onCall")))
    statuses = (Status("Retired"),) if spec.get("retired") else ()
    return made.finish(lead=spec.get("purpose"), statuses=statuses, facts=tuple(facts))


def _members(made: RecordPage) -> None:
    context, spec = made.context, made.spec
    rows = []
    for name in spec["members"]:
        person = context.catalogue.get("Person", name)
        if person is None:
            rows.append(Row((Text(name), Missing(), Missing(), Missing("Unknown"))))
            continue
        title = made.display.context.link(person)
        job = person.spec.get("jobTitle")
        lead = " (lead)" if name in leads(made.record) else ""
        place = person.spec.get("location")
        rows.append(
            Row(
                (
                    title,
                    Text(f"{job or ''}{lead}".strip()),
                    Text(place) if place else Missing(),
                    presence(context, person),
                )
            )
        )
    made.add("members", "Members", Table("Members", ("Person", "Job title", "Location", "Now"), tuple(rows)))


def _owned(made: RecordPage, now: state.Now) -> None:
    context = made.context
    owned = sorted(context.services_of.get(made.record.name, ()), key=lambda r: (r.spec["tier"], r.title))
    rows = tuple(
        Row((context.link(s), Text(str(s.spec["tier"])), Text(words.human(s.spec["lifecycle"])), now.of_service(s)))
        for s in owned
    )
    empty = "The team owns no service."
    table = Table("Services", ("Service", "Tier", "Lifecycle", "Status now"), rows, empty)
    offer = feed.offer(context, f"what {made.record.title} owns", "Team", made.record.name) if owned else None
    made.add("services", "Services it owns", table, offer)


def _contacts(made: RecordPage) -> None:
    rows: list[tuple[str, Value]] = []
    for contact in made.spec.get("contacts", ()):
        value = str(contact["value"])
        href = {"email": f"mailto:{value}", "phone": "tel:" + value.replace(" ", ""), "web": value}.get(
            contact["type"], ""
        )
        said: Value = Link(value, href, external=True) if href else Text(value)
        if contact.get("note"):
            said = Inline((said, Text(contact["note"])), " · ")
        rows.append((words.human(contact["type"]), said))
    made.add("contacts", "Contacts", Fields(tuple(rows)) if rows else None)


def person_page(context: Context, record: Record, now: state.Now) -> Page:
    made = RecordPage(context, record)
    spec = record.spec
    teams = [
        Row((context.link(team), Text("Lead" if record.name in leads(team) else "Member")))
        for team in context.teams_of.get(record.name, ())
    ]
    made.add("teams", "Teams", Table("Teams", ("Team", "As"), tuple(teams), empty="In no team."))
    made.part("away", "Absences", "away")
    made.part("accounts", "Accounts", "accounts")
    if spec.get("signingKeys"):
        rows = tuple(
            Row((Text(words.human(key["type"])), words.instant_value(key.get("from"), context.tz, "Always"),
                 words.instant_value(key.get("until"), context.tz, "Open end")))
            for key in spec["signingKeys"]
        )  # fmt: skip
        made.add("keys", "Signing keys", Table("Signing keys", ("Type", "Valid from", "Until"), rows))
    facts: list[tuple[str, Value]] = [("Job title", made.field("jobTitle")), ("E-mail", made.field("emails"))]
    for key, title in (
        ("manager", "Manager"),
        ("delegate", "Default delegate"),
        ("location", "Location"),
        ("timezone", "Time zone"),
    ):
        if key in spec:
            facts.append((title, made.field(key)))
    return made.finish(statuses=(presence(context, record),), facts=tuple(facts))


TEAM_HEADERS = ("Team", "Lead", "Members", "Services", "Roles")
PERSON_HEADERS = ("Person", "Job title", "Teams", "Location", "Now")


def team_row(context: Context, team: Record) -> Row:
    roles = inline([Text(words.human(role)) for role in team.spec.get("roles", ())], "None")
    return Row(
        (
            context.link(team),
            _leads(context, team),
            Text(str(len(team.spec["members"]))),
            Text(str(len(context.services_of.get(team.name, ())))),
            roles,
        )
    )


def person_row(context: Context, person: Record) -> Row:
    job, place = person.spec.get("jobTitle"), person.spec.get("location")
    return Row(
        (
            context.link(person),
            Text(job) if job else Missing(),
            inline([context.link(team) for team in context.teams_of.get(person.name, ())], "None"),
            Text(place) if place else Missing(),
            presence(context, person),
        )
    )
