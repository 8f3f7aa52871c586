"""What agreements promise, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from itsm_as_code.clock import parse_date
from itsm_as_code.records.catalogue import Record
from itsm_as_code.service_levels import Figure, attained_text, figure, is_met
from itsm_as_code.site.views import words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.effects import with_others
from itsm_as_code.site.views.values import Inline, Missing, Row, Table, Text, Value, inline

_UNITS = {"percent": " %", "ms": " ms"}


def in_force(context: Context, agreement: Record) -> bool:
    """True for an agreement that is in force today."""
    effective = agreement.spec["effective"]
    first, until = words.as_date(effective.get("from")), words.as_date(effective.get("until"))
    return first is not None and first <= context.today and (until is None or context.today < until)


def promise(objective: Mapping[str, Any]) -> str:
    """``At least 99.95 %``, ``At most 2 hours``."""
    least = objective["comparison"] == "at-least"
    percentile = f" for {objective['percentile']} % of requests" if "percentile" in objective else ""
    return f"{'At least' if least else 'At most'} {quantity(str(objective['target']), objective)}{percentile}"


def window(objective: Mapping[str, Any]) -> str:
    """``each calendar month``, ``over any 28 days``, ``every 14 days from 5 January 2026``."""
    span = objective.get("window", {})
    if "calendar" in span:
        return f"each calendar {span['calendar']}"
    if "every" in span:
        at = f" at {span['at']}" if "at" in span else ""
        return f"every {words.duration(span['every'])} from {words.day(parse_date(span['from']))}{at}"
    return f"over any {words.duration(span.get('rolling', ''))}"


def objectives(context: Context, agreement: Record, linked: bool = False) -> Table:
    """The objectives of an agreement, each with what was attained in its window."""
    rows = []
    for objective in agreement.spec["objectives"]:
        counted = _calendar_link(context, objective.get("hours"), "Always")
        excluded = inline([context.reference("Calendar", c) for c in objective.get("exclude", ())], "Nothing")
        promised = Text(f"{promise(objective)}, {window(objective)}")
        attained = _attained(context, agreement, objective)
        if objective["indicator"] == "availability":
            attained = with_others(context, attained, "availability", "percent")
        rows.append(Row.of(Text(name(objective)), promised, counted, excluded, attained))
    caption = f"Objectives of {agreement.title}" if linked else "Objectives"
    return Table(caption, ("Objective", "Promised", "Hours that count", "Excluded", "Attained"), tuple(rows))


def _attained(context: Context, agreement: Record, objective: Mapping[str, Any]) -> Value:
    """``99.854 % Missed`` in the window of the objective as of now, by what the records say."""
    try:
        found = figure(context.validation.facts, agreement.data, dict(objective), context.now)
    except ValueError as error:
        return Missing(f"Unknown: {error}")
    return attained(context, found)


def attained(context: Context, found: Figure | None) -> Value:
    """A computed figure with its verdict; records measure no latency, say, and without a case there is no time."""
    if found is None or (met := is_met(found)) is None:
        return Missing("No data")
    said = Text(quantity(attained_text(found) or "", found.objective))
    return Inline((said, context.status("met" if met else "missed")), " ")


def _calendar_link(context: Context, name: object, always: str) -> Value:
    return context.reference("Calendar", name) if name else Text(always)


def objective_of(agreement: Record | None, name: str) -> Mapping[str, Any] | None:
    """The objective of that name in an agreement, if there is one."""
    found = agreement.spec["objectives"] if agreement is not None else ()
    return next((objective for objective in found if objective["name"] == name), None)


def name(objective: Mapping[str, Any]) -> str:
    """``Availability``, ``Time to resolve (P1)``."""
    priority = f" ({objective['priority']})" if "priority" in objective else ""
    return words.human(objective["indicator"]) + priority


def quantity(value: str, objective: Mapping[str, Any] | None) -> str:
    """A number in the unit of an objective: ``99.95 %``, ``2 hours``."""
    if objective is None:
        return words.grouped(value)
    return words.grouped(value) + (_UNITS.get(objective["unit"]) or " " + words.human(objective["unit"]).lower())
