"""For programs: schemas/reports/verify-report.schema.json."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from itsm_as_code.reports import escape
from itsm_as_code.reports.verify import Verification


def render(result: Verification) -> str:
    replay = result.replay
    evidence: Mapping[str, Any] = replay.evidence if replay is not None else {}
    data = {
        "schema": "itsm/verify/v1",
        "holds": result.holds,
        "damage": result.damage,
        "signer": result.signer,
        "verdict": evidence.get("verdict"),
        "base": evidence.get("base"),
        "head": evidence.get("head"),
        "now": evidence.get("now"),
        "differences": [
            {"pointer": row.pointer, "recorded": row.recorded, "now": row.now}
            for row in (replay.differences if replay is not None else ())
        ],
    }
    return escape.dumped(data)
