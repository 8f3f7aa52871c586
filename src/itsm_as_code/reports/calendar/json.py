"""For programs: schemas/reports/calendar-report.schema.json. Every entry, those that are called off too."""

from __future__ import annotations

from typing import Any

from itsm_as_code.clock import format_instant
from itsm_as_code.gate.agenda import AgendaItem
from itsm_as_code.gate.conflicts import Conflict
from itsm_as_code.reports import escape
from itsm_as_code.reports.calendar import Planned


def render(planned: Planned) -> str:
    data = {
        "schema": "itsm/calendar/v1",
        "from": format_instant(planned.period.start),
        "to": format_instant(planned.period.end),
        "timezone": planned.tz.key,
        "entries": [_row(entry) for entry in planned.entries],
    }
    return escape.dumped(data)


def _row(entry: AgendaItem) -> dict[str, Any]:
    return {
        "kind": entry.kind,
        "record": entry.record,
        "title": entry.title,
        "start": format_instant(entry.span.start),
        "end": format_instant(entry.span.end),
        "services": list(entry.services),
        "type": entry.type or None,
        "status": entry.status or None,
        "summary": entry.summary,
        "conflicts": [_conflict(item) for item in entry.conflicts],
    }


def _conflict(item: Conflict) -> dict[str, Any]:
    return {
        "kind": item.kind,
        "with": item.other,
        "start": format_instant(item.start) if item.start else None,
        "end": format_instant(item.end) if item.end else None,
        "message": item.message,
    }
