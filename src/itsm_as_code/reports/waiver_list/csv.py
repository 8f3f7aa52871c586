"""For spreadsheets (RFC 4180): a line for each waiver, its records in one cell."""

from __future__ import annotations

from itsm_as_code.reports import table
from itsm_as_code.reports.waiver_list import WaiverList, row


def render(report: WaiverList) -> str:
    columns = ("standing", "name", "path", "rule", "records", "until", "requester", "approver", "why")
    rows = (row(entry) | {"records": ", ".join(map(str, entry.records))} for entry in report.entries)
    return table.csv(columns, rows)
