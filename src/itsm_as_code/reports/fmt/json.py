"""For programs: what changed, and the findings."""

from __future__ import annotations

from itsm_as_code.reports import escape
from itsm_as_code.reports.fmt import FormatResult


def render(result: FormatResult) -> str:
    data = {
        "schema": "itsm/fmt/v1",
        "summary": {"files": len(result.files), "changed": len(result.changed), "written": result.is_written},
        "changed": [file.path for file in result.changed],
        "findings": [finding.as_data() for finding in result.findings],
    }
    return escape.dumped(data)
