"""For programs: schemas/reports/policy-coverage-report.schema.json."""

from __future__ import annotations

from typing import Any

from itsm_as_code.policies.coverage import Coverage
from itsm_as_code.reports import escape


def render(found: Coverage) -> str:
    data: dict[str, Any] = {
        "schema": "itsm/policy-coverage/v1",
        "records": {"total": found.total, "covered": found.covered},
        "kinds": [
            {"kind": kind, "total": total, "uncovered": list(found.uncovered.get(kind, ()))}
            for kind, total in found.totals.items()
        ],
        "policies": [{"name": name, "records": count} for name, count in found.matched.items()],
        "controlsWithoutPolicy": [
            {"name": name, "evidence": list(evidence)} for name, evidence in found.controls_without_policy.items()
        ],
        "policiesWithoutControl": list(found.policies_without_control),
        "unknownControls": [
            {"policy": item.policy, "control": item.control, "nearest": item.nearest} for item in found.unknown_controls
        ],
        "unknownPolicies": [
            {"control": item.control, "policy": item.policy, "nearest": item.nearest} for item in found.unknown_policies
        ],
    }
    return escape.dumped(data)
