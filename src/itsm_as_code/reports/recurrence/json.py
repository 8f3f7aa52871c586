"""For programs: schemas/reports/recurrence-report.schema.json."""

from __future__ import annotations

from itsm_as_code.clock import format_instant
from itsm_as_code.reports import escape
from itsm_as_code.reports.recurrence import Recurrence, row


def render(report: Recurrence) -> str:
    data = {"schema": "itsm/recurrence/v1", "now": format_instant(report.now), "groups": list(map(row, report.groups))}
    return escape.dumped(data)
