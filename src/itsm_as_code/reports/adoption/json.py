"""For programs: schemas/reports/adoption-report.schema.json."""

from __future__ import annotations

from itsm_as_code.clock import format_instant
from itsm_as_code.reports import escape
from itsm_as_code.reports.adoption import Adoption


def render(report: Adoption) -> str:
    start, end = map(format_instant, (report.period.start, report.period.end))
    data = {"schema": "itsm/adoption/v1", "now": format_instant(report.seen.now), "from": start, "to": end}
    return escape.dumped({**data, "rows": list(report.rows), "remarks": list(report.remarks)})
