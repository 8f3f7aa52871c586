"""For programs: schemas/reports/deployments-report.schema.json."""

from __future__ import annotations

from collections.abc import Sequence

from itsm_as_code.assurance.deployments import Line
from itsm_as_code.reports import escape


def render(lines: Sequence[Line]) -> str:
    rows = [
        {"number": line.number, "digest": line.digest, "holds": line.holds, "superseded": line.is_superseded}
        | {"statement": line.data, "reasons": [{"code": item.code, "message": item.message} for item in line.reasons]}
        for line in lines
    ]
    return escape.dumped({"schema": "itsm/deployments/v1", "deployments": rows}, sorted_keys=True)
