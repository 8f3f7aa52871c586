"""For spreadsheets (RFC 4180): a line for each waiver, its records in one cell."""

from __future__ import annotations

import csv
import io
from typing import Any

from itsm_as_code.reports import escape
from itsm_as_code.reports.waiver_list import WaiverList, row


def render(report: WaiverList) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream)
    columns = ("standing", "name", "path", "rule", "records", "until", "requester", "approver", "why")
    writer.writerow(columns)
    for entry in report.entries:
        cells = row(entry) | {"records": ", ".join(map(str, entry.records))}
        writer.writerow([_cell(cells[column]) for column in columns])
    return stream.getvalue()


def _cell(value: Any) -> str:
    """Text that no spreadsheet takes for a formula (https://owasp.org/www-community/attacks/CSV_Injection)."""
    shown = escape.terminal(str(value)) if value is not None else ""
    return f"'{shown}" if shown[:1] in ("=", "+", "-", "@") else shown
