"""For programs, and to be kept as evidence: schemas/reports/audit-report.schema.json."""

from __future__ import annotations

from itsm_as_code.assurance.audit import Audit
from itsm_as_code.clock import format_instant
from itsm_as_code.reports import escape
from itsm_as_code.reports.audit_merges import finding_row, totals, unit_row


def render(audit: Audit) -> str:
    sampled = frozenset(audit.sample)
    left = [*audit.unchecked, *audit.left_out]
    data = {
        "schema": "itsm/audit/v1",
        "repository": audit.repository,
        "branch": audit.branch,
        "after": audit.after,
        "until": audit.tip,
        "at": format_instant(audit.at),
        "population": audit.population,
        "totals": totals(audit),
        "findings": [finding_row(finding) for finding in audit.findings],
        "leftOut": [{"commit": item.commit, "message": item.message} for item in left],
        "sample": {"rule": audit.rule, "commits": list(audit.sample)} if audit.sample else None,
        "landings": [unit_row(unit, sampled) for unit in audit.units],
    }
    return escape.dumped(data)
