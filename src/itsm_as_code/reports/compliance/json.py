"""For programs: schemas/reports/compliance-report.schema.json."""

from __future__ import annotations

from typing import Any

from itsm_as_code.clock import format_instant
from itsm_as_code.compliance.clauses import Coverage
from itsm_as_code.reports import escape
from itsm_as_code.reports.compliance import Compliance, row


def render(report: Compliance) -> str:
    data = {
        "schema": "itsm/compliance/v1",
        "now": format_instant(report.now),
        "by": report.by,
        "sampleRule": report.rule or None,
        "controls": [row(item) for _, rows in report.groups for item in rows],
        "coverage": list(map(_coverage, report.coverage)),
    }
    return escape.dumped(data)


def _coverage(found: Coverage) -> dict[str, Any]:
    clauses = [
        {"clause": item.number, "title": item.title, "controls": [name for name, _ in item.controls]}
        for item in found.clauses
    ]
    told = {"framework": found.framework, "source": found.source, "url": found.url, "note": found.note}
    return {**told, "covered": found.covered, "satisfied": found.satisfied, "clauses": clauses}
