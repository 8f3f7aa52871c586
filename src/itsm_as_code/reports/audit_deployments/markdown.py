"""For reports: the totals, and a table of the findings."""

from __future__ import annotations

from itsm_as_code.assurance.deployment_audit import DeploymentAudit
from itsm_as_code.reports import escape
from itsm_as_code.reports.audit_deployments import totals

_TOLD = {
    "deployments": "Deployments",
    "covered": "Covered by a change or model",
    "findings": "Findings",
    "skipped": "Entries that could not be understood",
    "drafts": "Drafts of changes that lack",
}


def render(audit: DeploymentAudit) -> str:
    lines = ["# Audit of deployments", "", "| | |", "| --- | ---: |"]
    lines += [f"| {_TOLD[key]} | {count:,} |" for key, count in totals(audit).items()]
    if audit.findings:
        lines += ["", "| Finding | Where | Person | What | Remedy |", "| --- | --- | --- | --- | --- |"]
    for finding in audit.findings:
        cells = (finding.place, finding.person, finding.message, finding.remedy)
        lines.append(f"| {finding.code} | {' | '.join(escape.markdown(cell) for cell in cells)} |")
    if audit.skipped:
        lines += ["", "Could not be understood:", ""]
    lines += [f"- {escape.markdown(f'{item.place}: {item.message}')}" for item in audit.skipped]
    return "\n".join([*lines, ""])
