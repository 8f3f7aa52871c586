"""Agreements."""

from __future__ import annotations

from itsm_as_code.records.catalogue import Record
from itsm_as_code.site.views import state, words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.promises import in_force, objectives
from itsm_as_code.site.views.record import RecordPage
from itsm_as_code.site.views.values import Page, Row, Status, Text, Value


def page(context: Context, record: Record, now: state.Now) -> Page:
    made = RecordPage(context, record)
    spec = record.spec
    made.add("objectives", "Objectives", objectives(context, record))
    made.parts(penalties="Penalties and credits", escalation="Escalation", reporting="Reporting", documents="Documents")
    facts: tuple[tuple[str, Value], ...] = (
        ("Service", made.field("service")),
        ("Provider", made.field("provider")),
        ("Customer", customer(context, record)),
        ("Type", Text(_TYPES.get(spec["type"], spec["type"]))),
        ("From", words.day_value(spec["effective"].get("from"))),
        ("Until", words.last_day_value(spec["effective"].get("until"), "Open end")),
        ("Review by", made.field("reviewBy")),
    )
    return made.finish(statuses=(standing(context, record),), facts=facts)


_TYPES = {
    "sla": "Service level agreement, with a customer",
    "ola": "Operational level agreement, between teams",
    "underpinning": "Underpinning contract, with a supplier",
}


def standing(context: Context, agreement: Record) -> Status:
    if in_force(context, agreement):
        review = words.as_date(agreement.spec.get("reviewBy"))
        if review and review < context.today:
            return Status("In force, review overdue", "warn")
        return Status("In force", "good")
    first = words.as_date(agreement.spec["effective"].get("from"))
    return Status("Not yet in force", "info") if first and first > context.today else Status("Ended")


def customer(context: Context, agreement: Record) -> Value:
    who = agreement.spec["customer"]
    return context.reference("Team", who["team"]) if "team" in who else Text(str(who.get("name", "")))


HEADERS = ("Agreement", "Type", "Service", "Provider", "Customer", "State")


def row(context: Context, agreement: Record) -> Row:
    """An agreement in a list."""
    spec = agreement.spec
    return Row.of(
        context.link(agreement),
        Text(words.human(spec["type"])),
        context.reference("Service", spec["service"]),
        context.reference(("Team", "Supplier"), spec["provider"]),
        customer(context, agreement),
        standing(context, agreement),
        facets=(("type", words.human(spec["type"])),),
    )
