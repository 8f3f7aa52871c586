"""For programs: schemas/reports/scorecards-report.schema.json."""

from __future__ import annotations

from itsm_as_code.clock import format_instant
from itsm_as_code.reports import escape
from itsm_as_code.reports.scorecards import Scorecards, row


def render(report: Scorecards) -> str:
    data = {
        "schema": "itsm/scorecards/v1",
        "now": format_instant(report.now),
        "levels": [
            {"name": level.name, "policies": list(level.policies), "by": level.by.isoformat() if level.by else None}
            for level in report.levels
        ],
        "cards": [row(report, card) for card in report.cards],
    }
    return escape.dumped(data)
