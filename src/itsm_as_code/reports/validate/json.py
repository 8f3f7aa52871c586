"""For programs: schemas/reports/validate-report.schema.json."""

from __future__ import annotations

from itsm_as_code import clock
from itsm_as_code.findings import Severity
from itsm_as_code.reports import escape
from itsm_as_code.reports.validate import ValidateResult


def render(result: ValidateResult) -> str:
    data = {
        "schema": "itsm/report/v1",
        "command": "validate",
        "now": clock.format_instant(result.now),
        "revision": result.revision,
        "summary": {
            "records": result.records,
            "errors": result.count(Severity.ERROR),
            "warnings": result.count(Severity.WARNING),
            "infos": result.count(Severity.INFO),
            "known": result.known,
            "waived": result.waived,
        },
        "findings": [finding.as_data() for finding in result.findings],
    }
    return escape.dumped(data)
