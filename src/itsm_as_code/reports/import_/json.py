"""For programs: each file with its record and outcome, the findings, and how many there are of everything."""

from __future__ import annotations

import json

from itsm_as_code.reports.import_ import Imported


def render(result: Imported) -> str:
    data = {
        "schema": "itsm/import/v1",
        "from": result.source,
        "into": str(result.into),
        "dryRun": result.dry_run,
        "summary": result.summary,
        "files": [
            {
                "path": file.path,
                "record": {"kind": file.record.kind, "name": file.record.name} if file.record else None,
                "outcome": file.outcome.value,
            }
            for file in result.files
        ],
        "findings": [found.as_data() for found in result.findings],
    }
    return json.dumps(data, indent=2) + "\n"
