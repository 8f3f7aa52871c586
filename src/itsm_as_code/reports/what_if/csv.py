"""For spreadsheets (RFC 4180): a line for each promise, what would keep it in one cell."""

from __future__ import annotations

from itsm_as_code.reports import table
from itsm_as_code.reports.what_if import COLUMNS, improvement_text, row
from itsm_as_code.service_levels.what_if import Supposition


def render(report: Supposition) -> str:
    rows = [row(shift) for shift in report.shifts]
    return table.csv(COLUMNS, ({**data, "improve": "; ".join(map(improvement_text, data["improve"]))} for data in rows))
