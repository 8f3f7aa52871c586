"""For programs: schemas/reports/evidence-noted-report.schema.json."""

from __future__ import annotations

from itsm_as_code.assurance.noting import Noted
from itsm_as_code.reports import escape
from itsm_as_code.reports.evidence import as_rows


def render(noted: Noted) -> str:
    rows = [
        {
            "commit": item.commit,
            "verdict": item.data["verdict"],
            "mergedAt": item.data["mergedAt"],
            "pullRequests": [row["number"] for row in item.data["pullRequests"]],
        }
        for item in noted.statements
    ]
    stopped = {"code": noted.stopped.code, "message": noted.stopped.message} if noted.stopped is not None else None
    data = {"schema": "itsm/evidence-noted/v1", "noted": rows, "findings": as_rows(noted.findings), "stopped": stopped}
    return escape.dumped(data, sorted_keys=True)
