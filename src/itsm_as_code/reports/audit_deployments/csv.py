"""For spreadsheets (RFC 4180): a line for each deployment of the population, in the order of time."""

from __future__ import annotations

import csv
import io

from itsm_as_code.assurance.deployment_audit import DeploymentAudit
from itsm_as_code.reports import escape
from itsm_as_code.reports.audit_deployments import COLUMNS, deployment_row


def render(audit: DeploymentAudit) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(COLUMNS)
    for judged in audit.deployments:
        row = deployment_row(judged)
        row["findings"] = " ".join(row["findings"])
        writer.writerow([escape.cell(row[column]) for column in COLUMNS])
    return stream.getvalue()
