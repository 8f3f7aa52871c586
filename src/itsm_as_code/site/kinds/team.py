"""Teams: who answers for what, who belongs to them, and how they are reached."""

from __future__ import annotations

from itsm_as_code.records.catalogue import Record
from itsm_as_code.site.views import feed, people, scorecards, state, words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.record import RecordPage
from itsm_as_code.site.views.values import (
    Fields,
    Inline,
    Link,
    Missing,
    Page,
    Row,
    Said,
    Status,
    Table,
    Text,
    Value,
    inline,
)


def _leads(context: Context, team: Record) -> Value:
    return context.references("Person", people.leads(team), "Nobody")


def page(context: Context, record: Record, now: state.Now) -> Page:
    made = RecordPage(context, record)
    spec = record.spec
    _members(made)
    _owned(made, now)
    made.add("level", "Scorecard", *scorecards.section(context, record))
    _contacts(made)
    children = [t for t in context.catalogue.of_kind("Team") if t.spec.get("parent") == record.name]
    facts: list[tuple[str, Value]] = [("Lead", _leads(context, record))]
    if "roles" in spec:
        facts.append(("Roles", inline([Text(words.human(role)) for role in spec["roles"]])))
    facts += made.stated(parent="Part of")
    if children:
        facts.append(("Teams within", inline([context.link(child) for child in children])))
    if "onCall" in spec:
        calendar = context.calendars.get(spec["onCall"])
        facts.append(("On call now", inline(people.on_duty(context, calendar) if calendar else [], "Nobody")))
        facts.append(("On-call calendar", made.field("onCall")))
    statuses = (Status("Retired"),) if spec.get("retired") else ()
    return made.finish(lead=spec.get("purpose"), statuses=statuses, facts=tuple(facts))


def _members(made: RecordPage) -> None:
    context, spec = made.context, made.spec
    rows = []
    for name in spec["members"]:
        person = context.catalogue.get("Person", name)
        if person is None:
            rows.append(Row.of(Text(name), Missing(), Missing(), Missing("Unknown")))
            continue
        title = made.display.context.link(person)
        job = person.spec.get("jobTitle")
        lead = " (lead)" if name in people.leads(made.record) else ""
        place = person.spec.get("location")
        rows.append(
            Row.of(
                title,
                Text(f"{job or ''}{lead}".strip()),
                Text(place) if place else Missing(),
                people.presence(context, person),
            )
        )
    made.add("members", "Members", Table("Members", ("Person", "Job title", "Location", "Now"), tuple(rows)))


def _owned(made: RecordPage, now: state.Now) -> None:
    context = made.context
    owned = sorted(context.services_of.get(made.record.name, ()), key=lambda r: (r.spec["tier"], r.title))
    rows = tuple(
        Row.of(context.link(s), Text(str(s.spec["tier"])), Text(words.human(s.spec["lifecycle"])), now.of_service(s))
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
            said = Inline((said, Said(contact["note"])), " · ")
        rows.append((words.human(contact["type"]), said))
    made.add("contacts", "Contacts", Fields(tuple(rows)) if rows else None)


HEADERS = ("Team", "Lead", "Members", "Services", "Roles")


def row(context: Context, team: Record) -> Row:
    roles = inline([Text(words.human(role)) for role in team.spec.get("roles", ())], "None")
    return Row.of(
        context.link(team),
        _leads(context, team),
        Text(str(len(team.spec["members"]))),
        Text(str(len(context.services_of.get(team.name, ())))),
        roles,
    )
