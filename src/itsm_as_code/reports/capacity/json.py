"""For programs: schemas/reports/capacity-report.schema.json."""

from __future__ import annotations

from itsm_as_code.clock import format_instant
from itsm_as_code.reports import escape
from itsm_as_code.reports.capacity import Capacity, row


def render(report: Capacity) -> str:
    data: dict[str, object] = {
        "schema": "itsm/capacity/v1",
        "now": format_instant(report.now),
        "measures": list(map(row, report.rows)),
    }
    data |= {"benchmarks": list(report.others)} if report.others else {}
    return escape.dumped(data)
