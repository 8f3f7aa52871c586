"""Suppliers: their contracts, when to decide on them, and what rests on them."""

from __future__ import annotations

from itsm_as_code.compliance.deadlines import notice_of
from itsm_as_code.measures.deadlines import Due, utc_day
from itsm_as_code.records.catalogue import Record
from itsm_as_code.site.views import state, words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.record import RecordPage
from itsm_as_code.site.views.values import Inline, Link, Missing, Page, Row, Status, Table, Text, Value


def contract(context: Context, supplier: Record) -> Status:
    """How a supplier's contract stands today."""
    end = words.as_date(supplier.spec.get("contract", {}).get("end"))
    if end is None:
        return Status("No end recorded")
    if end <= context.today:
        return Status("Contract has ended", "bad")
    days = (end - context.today).days
    return Status(f"Ends in {words.count(days, 'day')}", "warn") if days <= 120 else Status("In force", "good")


def notice(context: Context, supplier: Record) -> Value:
    """The last day on which the contract can be left at its end, and how far away that is."""
    today = utc_day(context.now)
    found = notice_of(supplier.spec, today)
    if found is None:
        return Missing("No end or no period of notice is recorded")
    said = state.day(found.by, found.state, today)
    if found.state is Due.OVERDUE:
        said = Status("Passed; it can be left only after its end")
    return Inline((words.date_value(found.by), said), " ")


def page(context: Context, record: Record, now: state.Now) -> Page:
    made = RecordPage(context, record)
    made.parts(
        contact="Contact", contract="Contract", subcontractors="Sub-contractors", reviews="Performance reviews",
        exitPlan="Exit plan",
    )  # fmt: skip
    services = context.services_with.get(record.name, [])
    rows = tuple(
        Row.of(
            context.link(s), Text(str(s.spec["tier"])), context.reference("Team", s.spec["owner"]), now.of_service(s)
        )
        for s in services
    )
    headers = ("Service", "Tier", "Owner", "Status now")
    made.add("services", "Services it has a part in", Table("Services", headers, rows, empty="None on record."))
    criticality = record.spec.get("criticality")
    facts: tuple[tuple[str, Value], ...] = (
        ("Owner", made.field("owner")),
        ("Criticality", Text(words.human(criticality)) if criticality else Missing()),
        ("Last day of notice", notice(context, record)),
        ("Underpinning agreements", made.field("underpinning", missing="None")),
    )
    return made.finish(statuses=(contract(context, record),), facts=facts)


HEADERS = ("Supplier", "Owner", "Criticality", "Last day of notice", "Contract ends", "State")


def row(context: Context, supplier: Record) -> Row:
    criticality = supplier.spec.get("criticality")
    return Row.of(
        Link(supplier.title, context.page("Supplier", supplier.name) or ""),
        context.reference("Team", supplier.spec["owner"]),
        Text(words.human(criticality)) if criticality else Missing(),
        notice(context, supplier),
        words.last_day_value(supplier.spec.get("contract", {}).get("end")),
        contract(context, supplier),
    )
