"""For spreadsheets (RFC 4180): a line for each measure, its named peaks in one cell."""

from __future__ import annotations

from itsm_as_code.reports import table
from itsm_as_code.reports.capacity import COLUMNS, Capacity, row


def render(report: Capacity) -> str:
    rows = map(row, report.rows)
    told = ({**data, "peaks": "; ".join(f"{one['calendar']} {one['load']}" for one in data["peaks"])} for data in rows)
    return table.csv(COLUMNS, told)
