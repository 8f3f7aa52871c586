"""For spreadsheets (RFC 4180): a line for each agreement, what supports it and what is owed in one cell each."""

from __future__ import annotations

from itsm_as_code.reports import table
from itsm_as_code.reports.agreements import COLUMNS, Agreements, credit_text, row


def render(report: Agreements) -> str:
    rows = (row(report, link) for link in report.links)
    told = (
        {
            **data,
            "supportedBy": ", ".join(data["supportedBy"]),
            "credits": "; ".join(map(credit_text, data["credits"])),
        }
        for data in rows
    )
    return table.csv(COLUMNS, told)
