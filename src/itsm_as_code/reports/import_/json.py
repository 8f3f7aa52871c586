"""For programs: each file with its record and outcome, the findings, and how many there are of everything."""

from __future__ import annotations

import json
from typing import Any

from itsm_as_code.interchange import PlannedFile
from itsm_as_code.reports.import_ import Imported


def render(result: Imported) -> str:
    data = {
        "schema": "itsm/import/v1",
        "from": result.source,
        "into": str(result.into),
        "dryRun": result.dry_run,
        "summary": result.summary,
        "files": [_file(file) for file in result.files],
        "decisions": [
            {
                "rule": decision.rule,
                "message": decision.message,
                "remedy": decision.remedy or None,
                "policy": decision.policy,
                "records": [{"kind": record.kind, "name": record.name} for record in decision.records],
            }
            for decision in result.decisions
        ],
        "findings": [found.as_data() for found in result.findings],
    }
    return json.dumps(data, indent=2) + "\n"


def _file(file: PlannedFile) -> dict[str, Any]:
    if file.record is None:
        return {"path": file.path, "record": None, "outcome": file.outcome.value}
    return {
        "path": file.path,
        "record": {"kind": file.record.kind, "name": file.record.name},
        "outcome": file.outcome.value,
        "placeholder": file.supplied,
        "from": str(file.origin) if file.origin else None,
        "taken": list(file.taken),
        "annotated": list(file.annotated),
        "kept": list(file.kept),
    }
