"""For programs: schemas/reports/waiver-list-report.schema.json."""

from __future__ import annotations

from itsm_as_code import clock
from itsm_as_code.policies.register import STANDINGS
from itsm_as_code.reports import escape
from itsm_as_code.reports.waiver_list import WaiverList, row


def render(report: WaiverList) -> str:
    data = {
        "schema": "itsm/waiver-list/v1",
        "now": clock.format_instant(report.now),
        "within": report.within,
        "counts": {standing: report.count(standing) for standing in STANDINGS},
        "waivers": [row(entry) for entry in report.entries],
    }
    return escape.dumped(data)
