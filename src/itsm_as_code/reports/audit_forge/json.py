"""For programs, and to be kept as evidence: schemas/reports/forge-audit-report.schema.json."""

from __future__ import annotations

from itsm_as_code.assurance.forge_audit import ForgeAudit
from itsm_as_code.clock import format_instant
from itsm_as_code.reports import escape


def render(audit: ForgeAudit) -> str:
    rows = [
        {"code": hole.code, "severity": "error" if hole.is_grave else "info", "message": hole.message}
        | {"remedy": hole.remedy}
        for hole in audit.holes
    ]
    data = {"schema": "itsm/forge-audit/v1", "passed": audit.passed, "forge": audit.forge, "branch": audit.branch}
    data |= {"repository": audit.repository, "commit": audit.commit, "at": format_instant(audit.at), "holes": rows}
    return escape.dumped(data, sorted_keys=True)
