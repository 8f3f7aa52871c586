"""For programs: schemas/reports/evidence-report.schema.json."""

from __future__ import annotations

from itsm_as_code.assurance.ledger import Evidence
from itsm_as_code.reports import escape
from itsm_as_code.reports.evidence import as_rows


def render(evidence: Evidence) -> str:
    statement = evidence.statement
    data = {
        "schema": "itsm/evidence-report/v1",
        "commit": evidence.commit,
        "approved": evidence.approved,
        "reasons": as_rows(evidence.reasons),
        "statement": dict(statement.data) if statement is not None else None,
    }
    return escape.dumped(data, sorted_keys=True)
