"""For programs: schemas/reports/policy-impact-report.schema.json."""

from __future__ import annotations

from itsm_as_code import clock
from itsm_as_code.gate.decision import plain
from itsm_as_code.gate.impact import Impact
from itsm_as_code.reports import escape
from itsm_as_code.reports.policy_impact._rows import EFFECTS


def render(impact: Impact) -> str:
    rows = [{**shift.as_data(), "pullRequest": shift.pull_request} for shift in impact.shifts]
    data = {
        "schema": "itsm/policy-impact/v1",
        "base": impact.base,
        "head": impact.head,
        "now": clock.format_instant(impact.now),
        "counts": {effect: sum(row["effect"] == effect for row in rows) for effect in EFFECTS},
        "shifts": rows,
        "unjudged": [{"pullRequest": number, "reason": why} for number, why in impact.unjudged],
    }
    return escape.dumped(plain(data))
