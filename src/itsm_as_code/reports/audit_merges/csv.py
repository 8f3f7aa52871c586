"""For spreadsheets (RFC 4180): a line for each landing of the population, oldest first."""

from __future__ import annotations

from typing import Any

from itsm_as_code.assurance.audit import Audit
from itsm_as_code.assurance.landings import Unit
from itsm_as_code.reports import table
from itsm_as_code.reports.audit_merges import COLUMNS, unit_row


def render(audit: Audit) -> str:
    sampled = frozenset(audit.sample)
    return table.csv((*COLUMNS, "persons"), (_row(unit, sampled) for unit in audit.units))


def _row(unit: Unit, sampled: frozenset[str]) -> dict[str, Any]:
    row = unit_row(unit, sampled) | {"persons": list(dict.fromkeys(finding.person for finding in unit.findings))}
    return {key: " ".join(map(str, value)) if isinstance(value, list) else value for key, value in row.items()}
