"""For programs: schemas/reports/policy-test-report.schema.json."""

from __future__ import annotations

from typing import Any

from itsm_as_code.findings import format_pointer
from itsm_as_code.reports import escape
from itsm_as_code.reports.policy_test import PolicyTest, places, survivors


def render(test: PolicyTest) -> str:
    data = {
        "schema": "itsm/policy-test/v1",
        "passed": test.total - test.failed,
        "failed": test.failed,
        "examples": [
            {
                "policy": policy.name,
                "example": result.name,
                "path": policy.record.path,
                "line": line,
                "column": column,
                "pointer": format_pointer(result.pointer),
                "expected": result.expected,
                "actual": result.actual,
                "message": result.message or None,
            }
            for policy, found in test.results
            for result, (line, column) in zip(found, places(policy, found), strict=True)
        ],
        "strength": _strength_data(test) if test.strengths is not None else None,
    }
    return escape.dumped(data)


def _strength_data(test: PolicyTest) -> dict[str, Any]:
    strengths = test.strengths or ()
    return {
        "mutants": sum(strength.total for strength in strengths),
        "killed": sum(strength.killed for strength in strengths),
        "least": float(test.least) if test.least is not None else None,
        "policies": [
            {
                "policy": strength.policy.name,
                "path": strength.policy.record.path,
                "mutants": strength.total,
                "killed": strength.killed,
                "survivors": [
                    {
                        "pointer": format_pointer(survivor.pointer),
                        "line": line,
                        "column": column,
                        "before": survivor.mutant.before,
                        "after": survivor.mutant.after,
                        "expression": survivor.mutant.expression,
                    }
                    for survivor, (line, column) in survivors(strength)
                ],
            }
            for strength in strengths
        ],
    }
