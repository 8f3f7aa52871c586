"""JUnit XML, for CI servers: a case for the verdict, for each approval rule, and for each finding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from itsm_as_code.gate.decision import Decision
from itsm_as_code.reports.gate._words import asked_for, supposition, verdict_line
from itsm_as_code.reports.junit import Case, finding_cases, junit


def render(decision: Decision) -> str:
    suites = [
        ("verdict", [_verdict(decision)]),
        ("approvals", [_approval(row) for row in decision.evidence["approvals"]]),
        ("findings", finding_cases(decision.findings)),
    ]
    return junit("itsm gate", suites)


def _verdict(decision: Decision) -> Case:
    supposed = supposition(decision.evidence)
    name, why = f"what if {supposed}" if supposed is not None else "verdict", verdict_line(decision)
    if decision.verdict == "error":
        return Case(name, "itsm gate", error=why)
    failure, said = (None, (why,)) if decision.verdict == "approved" else (why, ())
    return Case(name, "itsm gate", failure=failure, said=said)


def _approval(row: Mapping[str, Any]) -> Case:
    needs = tuple(asked_for(need) for need in row["required"]) or ("pre-authorised: asks for no approval",)
    failure, said = (None, needs) if row["satisfied"] else ("; ".join(needs), ())
    return Case(row["rule"], row["policy"], failure=failure, said=said)
