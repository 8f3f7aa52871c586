"""For reports and pull requests: a table of the agreements."""

from __future__ import annotations

from itsm_as_code.reports import table
from itsm_as_code.reports.agreements import Agreements, credit_text, days, row

_HEADERS = ("Agreement", "Service", "Provider", "In force", "Rests on", "Credits")


def render(report: Agreements) -> str:
    rows = (row(report, link) for link in report.links)
    cells = (
        [
            *(f"{data['agreement']} ({data['type']})", data["service"], data["provider"], days(data)),
            *(", ".join(data["supportedBy"]), "; ".join(map(credit_text, data["credits"]))),
        ]
        for data in rows
    )
    return "\n".join([*table.markdown(_HEADERS, cells), ""])
