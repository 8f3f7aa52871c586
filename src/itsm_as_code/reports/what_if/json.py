"""For programs: schemas/reports/what-if-report.schema.json."""

from __future__ import annotations

from itsm_as_code.clock import format_instant
from itsm_as_code.measures.numbers import percent
from itsm_as_code.reports import escape
from itsm_as_code.reports.what_if import row
from itsm_as_code.service_levels.what_if import Supposition


def render(report: Supposition) -> str:
    data = {
        "schema": "itsm/what-if/v1",
        "now": format_instant(report.now),
        "supposed": {name: percent(share) for name, share in report.supposed.items()},
        "promises": [row(shift) for shift in report.shifts],
    }
    return escape.dumped(data)
