"""For spreadsheets (RFC 4180): a line for each deployment of the population, in the order of time."""

from __future__ import annotations

from itsm_as_code.assurance.deployment_audit import DeploymentAudit
from itsm_as_code.reports import table
from itsm_as_code.reports.audit_deployments import COLUMNS, deployment_row


def render(audit: DeploymentAudit) -> str:
    rows = map(deployment_row, audit.deployments)
    return table.csv(COLUMNS, ({**row, "findings": " ".join(row["findings"])} for row in rows))
