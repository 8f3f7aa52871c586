"""What people can ask for: what the form asks, how long it takes, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from itsm_as_code.durations import parse_duration
from itsm_as_code.records.catalogue import Record
from itsm_as_code.site.views import ordering, state, words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.record import described
from itsm_as_code.site.views.values import Inline, Missing, Page, Row, Said, Status, Table, Text, Value

_FIELD_HEADERS = ("Field", "Kind of answer", "Needed", "Choices and limits", "Help")


def page(context: Context, record: Record, now: state.Now) -> Page:
    fields = record.spec.get("form", {}).get("fields", ())
    rows = tuple(
        Row.of(
            Said(field.get("title", words.human(field["name"]))),
            Text(words.human(field["type"])),
            Text("Yes" if field.get("required") else "No"),
            _limits(field),
            Said(field["help"]) if field.get("help") else Missing("None"),
        )
        for field in fields
    )
    table = Table("What the form asks", _FIELD_HEADERS, rows, empty="The form asks nothing.")
    orderable = context.status("active", "Can be ordered") if record.spec["active"] else Status("Not offered now")
    target, cost = _target(record), _cost(record)
    facts, button = ordering.facts(context, record, target, cost), ordering.button(context, record)
    skip = ("target", "cost", "form", "active", "audience", "approvals")
    form = ("form", "What the form asks", (table,))
    return described(context, record, facts, (form,), skip, (orderable,), (button,))


def _limits(field: Mapping[str, Any]) -> Value:
    said: list[Value] = [Said(", ".join(map(str, field["choices"])))] if field.get("choices") else []
    for key, word in (("minimum", "at least"), ("maximum", "at most"), ("maxLength", "characters, at most")):
        if key in field:
            said.append(Text(f"{word} {field[key]}"))
    return Inline(tuple(said), "; ") if said else Missing("None")


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


HEADERS = ("Offering", "What it is", "Target time", "Cost", "Service", "Now")


def row(context: Context, record: Record) -> Row:
    """An offering in the catalogue."""
    about = words.plain(record.data["metadata"].get("description", ""), 160)
    service = context.reference("Service", record.spec["service"])
    orderable = context.status("active", "Can be ordered") if record.spec["active"] else Status("Not offered now")
    return Row.of(context.link(record), Said(about), _target(record), _cost(record), service, orderable)
