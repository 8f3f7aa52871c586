"""For programs: schemas/reports/reminders-report.schema.json."""

from __future__ import annotations

from itsm_as_code.clock import format_instant
from itsm_as_code.compliance.reminders import Reminders
from itsm_as_code.reports import escape


def render(report: Reminders) -> str:
    data = {
        "schema": "itsm/reminders/v1",
        "at": format_instant(report.at),
        "waiting": [
            {"number": item.number, "since": format_instant(item.since), "why": list(item.why)}
            for item in report.waiting
        ],
        "reviews": [{"change": item.change, "due": format_instant(item.due)} for item in report.reviews],
        "deadlines": [
            {
                "kind": item.record.kind,
                "name": item.record.name,
                "matter": str(item.matter),
                "by": str(item.by),
                "state": str(item.state),
                "owner": owner,
            }
            for item, owner in report.deadlines
        ],
    }
    return escape.dumped(data)
