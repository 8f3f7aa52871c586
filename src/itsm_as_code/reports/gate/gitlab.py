"""Code quality of GitLab: an issue for each finding, and one for a verdict that is not approved."""

from __future__ import annotations

from itsm_as_code.gate.decision import Decision
from itsm_as_code.reports.code_quality import code_quality, finding_issues, issue
from itsm_as_code.reports.gate._words import supposition, verdict_line


def render(decision: Decision) -> str:
    supposed = supposition(decision.evidence)
    what_if = f"what if {supposed}? " if supposed is not None else ""
    touched = [row["path"] for row in (*decision.evidence["records"], *decision.evidence["paths"])]
    severity = "major" if decision.verdict == "pending" else "blocker"
    verdict = issue("change-gate", severity, f"{what_if}{verdict_line(decision)}", next(iter(touched), "itsm.yaml"))
    return code_quality([*([] if decision.verdict == "approved" else [verdict]), *finding_issues(decision.findings)])
