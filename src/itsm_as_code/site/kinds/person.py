"""People: whether they are there, what they belong to, and how they are reached."""

from __future__ import annotations

from itsm_as_code.records.catalogue import Record
from itsm_as_code.site.views import feed, people, state, words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.record import RecordPage
from itsm_as_code.site.views.values import Missing, Page, Row, Table, Text, Value, inline


def page(context: Context, record: Record, now: state.Now) -> Page:
    made = RecordPage(context, record)
    spec = record.spec
    teams = [
        Row.of(context.link(team), Text("Lead" if record.name in people.leads(team) else "Member"))
        for team in context.teams_of.get(record.name, ())
    ]
    made.add("teams", "Teams", Table("Teams", ("Team", "As"), tuple(teams), empty="In no team."))
    made.add("on-call", "On call", feed.offer(context, f"{record.title}'s shifts", "Person", record.name, "the shifts"))
    made.part("away", "Absences", "away")
    made.part("accounts", "Accounts", "accounts")
    if spec.get("signingKeys"):
        rows = tuple(
            Row.of(
                Text(words.human(key["type"])),
                words.instant_value(key.get("from"), context.tz, "Always"),
                words.instant_value(key.get("until"), context.tz, "Open end"),
            )
            for key in spec["signingKeys"]
        )
        made.add("keys", "Signing keys", Table("Signing keys", ("Type", "Valid from", "Until"), rows))
    facts: list[tuple[str, Value]] = [("Job title", made.field("jobTitle")), ("E-mail", made.field("emails"))]
    facts += made.stated(manager="Manager", delegate="Default delegate", location="Location", timezone="Time zone")
    return made.finish(statuses=(people.presence(context, record),), facts=tuple(facts))


HEADERS = ("Person", "Job title", "Teams", "Location", "Now")


def row(context: Context, person: Record) -> Row:
    job, place = person.spec.get("jobTitle"), person.spec.get("location")
    return Row.of(
        context.link(person),
        Text(job) if job else Missing(),
        inline([context.link(team) for team in context.teams_of.get(person.name, ())], "None"),
        Text(place) if place else Missing(),
        people.presence(context, person),
    )
