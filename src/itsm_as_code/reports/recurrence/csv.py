"""For spreadsheets (RFC 4180): a line for each service or cause, the names of its incidents in one cell."""

from __future__ import annotations

from itsm_as_code.reports import table
from itsm_as_code.reports.recurrence import COLUMNS, Recurrence, row


def render(report: Recurrence) -> str:
    rows = map(row, report.groups)
    return table.csv(COLUMNS, ({**data, "incidents": "; ".join(data["incidents"])} for data in rows))
