"""What people can ask for, known problems, and knowledge with how fresh it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from itsm_as_code.durations import parse_duration
from itsm_as_code.measures.deadlines import Due, freshness, utc_day
from itsm_as_code.records.catalogue import Record
from itsm_as_code.site.kinds import incident
from itsm_as_code.site.views import state, words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.record import Extra, described
from itsm_as_code.site.views.values import Inline, Missing, Page, Row, Status, Table, Text, Value, text

_FIELD_HEADERS = ("Field", "Kind of answer", "Needed", "Choices and limits", "Help")


def offering_page(context: Context, record: Record, now: state.Now) -> Page:
    fields = record.spec.get("form", {}).get("fields", ())
    rows = tuple(
        Row((
            Text(field.get("title", words.human(field["name"]))),
            Text(words.human(field["type"])),
            Text("Yes" if field.get("required") else "No"),
            _limits(field),
            text(field.get("help"), "None"),
        ))
        for field in fields
    )  # fmt: skip
    table = Table("What the form asks", _FIELD_HEADERS, rows, empty="The form asks nothing.")
    orderable = state.status("active", "Can be ordered") if record.spec["active"] else Status("Not offered now")
    target, cost = _target(record), _cost(record)
    facts: tuple[tuple[str, Value], ...] = (("Target time", target), ("Cost", cost))
    skip = ("target", "cost", "form", "active")
    return described(context, record, Extra(facts, (("form", "What the form asks", (table,)),), skip, (orderable,)))


def _limits(field: Mapping[str, Any]) -> Value:
    said = [", ".join(str(choice) for choice in field["choices"])] if field.get("choices") else []
    for key, word in (("minimum", "at least"), ("maximum", "at most"), ("maxLength", "characters, at most")):
        if key in field:
            said.append(f"{word} {field[key]}")
    return Text("; ".join(said)) if said else Missing("None")


def time_taken(duration: str, in_service_hours: bool) -> str:
    """A target time in words; a text that is no duration of fixed length stays as it is."""
    if not in_service_hours:
        return words.duration(duration)
    try:
        return words.service_time(parse_duration(duration).fixed)
    except ValueError:
        return f"{duration} of service hours"


def _target(record: Record) -> Value:
    target = record.spec.get("target")
    if not target:
        return Missing("No data")
    return Text(time_taken(target, "hours" in record.spec))


def _cost(record: Record) -> Value:
    return Text(words.money(record.spec["cost"])) if "cost" in record.spec else Missing("No data")


OFFERING_HEADERS = ("Offering", "What it is", "Target time", "Cost", "Service", "Now")


def offering_row(context: Context, record: Record) -> Row:
    """An offering in the catalogue."""
    about = words.plain(record.data["metadata"].get("description", ""), 160)
    service = context.reference(("Service",), record.spec["service"])
    orderable = state.status("active", "Can be ordered") if record.spec["active"] else Status("Not offered now")
    return Row((context.link(record), text(about), _target(record), _cost(record), service, orderable))


def problem_page(context: Context, record: Record, now: state.Now) -> Page:
    found = [context.catalogue.get("Incident", name) for name in record.spec.get("incidents", ())]
    rows = tuple(incident.row(context, known) for known in found if known is not None)
    table = Table("Incidents of this problem", incident.HEADERS, rows, empty="No incident is linked.")
    section = ("linked-incidents", "Incidents of this problem", (table,))
    return described(context, record, Extra(sections=(section,), skip=("incidents",)))


_FRESHNESS = {
    Due.CURRENT: Status("Current", "good"),
    Due.SOON: Status("Review is due soon", "warn"),
    Due.OVERDUE: Status("Review is overdue", "bad"),
}


def fresh(context: Context, article: Record) -> Value:
    """How fresh an article is, with the day that it follows from."""
    by = words.as_date(article.spec.get("reviewBy"))
    said: Value = words.date_value(by) if by else Missing("no day of review is recorded")
    return Inline((_FRESHNESS[freshness(by, utc_day(context.now))], said), " ")


def article_page(context: Context, record: Record, now: state.Now) -> Page:
    return described(
        context, record, Extra((("Freshness, by day of review", fresh(context, record)),), skip=("reviewBy",))
    )


ARTICLE_HEADERS = ("Article", "Status", "Freshness, by day of review", "Owner")


def article_row(context: Context, record: Record) -> Row:
    """An article in a list."""
    owner = context.reference(("Team", "Person"), record.spec["owner"])
    return Row((context.link(record), state.status(record.spec["status"]), fresh(context, record), owner))
