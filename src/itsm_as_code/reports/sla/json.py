"""For programs: schemas/reports/sla-report.schema.json."""

from __future__ import annotations

from itsm_as_code.clock import format_instant
from itsm_as_code.reports import escape
from itsm_as_code.reports.sla import RULE, days, intervals, note, row
from itsm_as_code.service_levels.overview import Overview


def render(report: Overview) -> str:
    data = {
        "schema": "itsm/sla/v1",
        "now": format_instant(report.now),
        "rounding": RULE,
        "notes": [note(item) for item in report.notes],
        "objectives": [
            row(line)
            | ({"intervals": list(intervals(line))} if report.explained else {})
            | ({"days": list(days(line))} if report.daily else {})
            for line in report.lines
        ],
        **({"benchmarks": list(report.others)} if report.others else {}),
    }
    return escape.dumped(data)
