"""For reports: the totals, and a table of the findings."""

from __future__ import annotations

from itsm_as_code.assurance.deployment_audit import DeploymentAudit
from itsm_as_code.reports import escape, table
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
        rows = ((item.code, item.place, item.person, item.message, item.remedy) for item in audit.findings)
        lines += ["", *table.markdown(("Finding", "Where", "Person", "What", "Remedy"), rows)]
    if audit.skipped:
        lines += ["", "Could not be understood:", ""]
    lines += [f"- {escape.markdown(f'{item.place}: {item.message}')}" for item in audit.skipped]
    return "\n".join([*lines, ""])
