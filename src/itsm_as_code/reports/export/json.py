"""For programs: each file with its outcome, and the findings."""

from __future__ import annotations

import json

from itsm_as_code.reports.export import Exported


def render(result: Exported) -> str:
    data = {
        "schema": "itsm/export/v1",
        "written": result.is_written,
        "files": [{"path": file.path, "outcome": file.outcome.value} for file in result.files],
        "findings": [found.as_data() for found in result.findings],
    }
    return json.dumps(data, indent=2) + "\n"
