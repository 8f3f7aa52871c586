"""What several pages say of people: who is there, who is on duty, and who leads."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from itsm_as_code.clock import Interval
from itsm_as_code.records.catalogue import Record
from itsm_as_code.site.views import words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.values import Status, Value


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
    return [context.reference("Person", name) for name in names]


def leads(team: Record) -> tuple[str, ...]:
    """Who answers for a team: nobody, one person, or several together."""
    lead = team.spec.get("lead", ())
    return (lead,) if isinstance(lead, str) else tuple(lead)
