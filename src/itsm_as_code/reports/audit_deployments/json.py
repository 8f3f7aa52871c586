"""For programs: schemas/reports/deployments-audit-report.schema.json."""

from __future__ import annotations

from itsm_as_code.assurance.deployment_audit import DeploymentAudit
from itsm_as_code.clock import format_instant
from itsm_as_code.reports import escape
from itsm_as_code.reports.audit_deployments import deployment_row, finding_row, totals


def render(audit: DeploymentAudit) -> str:
    data = {
        "schema": "itsm/deployments-audit/v1",
        "from": format_instant(audit.begins) if audit.begins is not None else None,
        "to": format_instant(audit.ends),
        "totals": totals(audit),
        "findings": [finding_row(finding) for finding in audit.findings],
        "skipped": [{"place": item.place, "message": item.message} for item in audit.skipped],
        "drafts": list(audit.drafts),
        "deployments": [deployment_row(judged) for judged in audit.deployments],
    }
    return escape.dumped(data)
