"""For programs: schemas/reports/on-call-report.schema.json. Every shift of the next half a year."""

from __future__ import annotations

from typing import Any

from itsm_as_code.clock import format_instant
from itsm_as_code.measures.on_call import Shift
from itsm_as_code.reports import escape
from itsm_as_code.reports.oncall import OnCall


def render(report: OnCall) -> str:
    data = {
        "schema": "itsm/on-call/v1",
        "at": format_instant(report.at),
        "person": report.person,
        "rotas": [
            {
                "calendar": rota.name,
                "title": rota.title,
                "timezone": rota.timezone,
                "onCall": [_row(shift) for shift in rota.now(report.at)],
                "shifts": [_row(shift) for shift in rota.shifts],
            }
            for rota in report.rotas
        ],
    }
    return escape.dumped(data)


def _row(shift: Shift) -> dict[str, Any]:
    return {
        "start": format_instant(shift.span.start),
        "end": format_instant(shift.span.end),
        "people": list(shift.people),
        "reason": shift.reason,
    }
