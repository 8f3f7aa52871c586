"""What `itsm audit` prints of the history."""

from __future__ import annotations

from typing import Any, Final

from itsm_as_code.assurance.audit import Audit
from itsm_as_code.assurance.landings import AuditFinding, Unit

COLUMNS: Final = (
    *("commit", "base", "commits", "mergedAt", "verdict", "pullRequests", "evidence", "replayed", "sampled"),
    *("findings", "unchecked"),
)


def totals(audit: Audit) -> dict[str, int]:
    """How many there are of everything; what is left out is told, too."""
    return {
        "landings": len(audit.units),
        "commits": sum(len(unit.commits) for unit in audit.units),
        "withEvidence": sum(unit.evidence is not None for unit in audit.units),
        "passed": sum(unit.passed for unit in audit.units),
        "replayed": sum(unit.replayed for unit in audit.units),
        "findings": len(audit.findings),
        "unchecked": len(audit.unchecked),
        "beforeEvidence": audit.before,
        "leftOut": len(audit.left_out),
    }


def finding_row(finding: AuditFinding) -> dict[str, str]:
    """A finding as data."""
    return {
        "code": finding.code,
        "commit": finding.commit,
        "person": finding.person,
        "message": finding.message,
        "remedy": finding.remedy,
    }


def unit_row(unit: Unit, sampled: frozenset[str]) -> dict[str, Any]:
    """A landing as data; the codes of its findings alone."""
    return {
        "commit": unit.commit,
        "base": unit.base,
        "commits": list(unit.commits),
        "mergedAt": unit.merged_at,
        "verdict": unit.verdict,
        "pullRequests": list(unit.pull_requests),
        "evidence": unit.evidence,
        "replayed": unit.replayed,
        "sampled": unit.commit in sampled,
        "findings": [finding.code for finding in unit.findings],
        "unchecked": unit.unchecked,
    }
