"""What `itsm audit deployments` prints."""

from __future__ import annotations

from typing import Any, Final

from itsm_as_code.assurance.deployment_audit import DeploymentAudit, DeploymentFinding, Judged
from itsm_as_code.clock import format_instant

COLUMNS: Final = ("place", "service", "environment", "artifact", "start", "end", "result", "by", "cover", "findings")


def totals(audit: DeploymentAudit) -> dict[str, int]:
    """How many there are; what was skipped is told, too."""
    return {
        "deployments": len(audit.deployments),
        "covered": sum(not judged.findings for judged in audit.deployments),
        "findings": len(audit.findings),
        "skipped": len(audit.skipped),
        "drafts": len(audit.drafts),
    }


def deployment_row(judged: Judged) -> dict[str, Any]:
    """A deployment as data."""
    ran = judged.ran
    return {
        "place": ran.place,
        "service": ran.service,
        "environment": ran.environment,
        "artifact": ran.artifact,
        "start": format_instant(ran.start),
        "end": format_instant(ran.end),
        "result": ran.result,
        "by": ran.by,
        "cover": judged.by,
        "findings": [finding.code for finding in judged.findings],
    }


def finding_row(finding: DeploymentFinding) -> dict[str, str]:
    """A finding as data."""
    return {
        "code": finding.code,
        "place": finding.place,
        "subject": finding.subject,
        "person": finding.person,
        "message": finding.message,
        "remedy": finding.remedy,
    }
