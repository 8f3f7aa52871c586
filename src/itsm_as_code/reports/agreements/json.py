"""For programs: schemas/reports/agreements-report.schema.json."""

from __future__ import annotations

from itsm_as_code.clock import format_instant
from itsm_as_code.reports import escape
from itsm_as_code.reports.agreements import Agreements, row


def render(report: Agreements) -> str:
    data = {
        "schema": "itsm/agreements/v1",
        "now": format_instant(report.overview.now),
        "agreements": [row(report, link) for link in report.links],
    }
    return escape.dumped(data)
