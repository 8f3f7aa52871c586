"""For spreadsheets (RFC 4180): a line for each waiver, its records in one cell."""

from __future__ import annotations

import csv
import io

from itsm_as_code.reports import escape
from itsm_as_code.reports.waiver_list import WaiverList, row


def render(report: WaiverList) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream)
    columns = ("standing", "name", "path", "rule", "records", "until", "requester", "approver", "why")
    writer.writerow(columns)
    for entry in report.entries:
        cells = row(entry) | {"records": ", ".join(map(str, entry.records))}
        writer.writerow([escape.cell(cells[column]) for column in columns])
    return stream.getvalue()
