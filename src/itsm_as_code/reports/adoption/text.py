"""For people: figures, what initiatives did, and what improvements brought."""

from __future__ import annotations

from itsm_as_code.reports import table
from itsm_as_code.reports.adoption import HEADERS, Adoption, cells
from itsm_as_code.reports.escape import terminal


def render(report: Adoption) -> str:
    lines = table.text([list(HEADERS), *map(cells, report.rows)])
    return "\n".join([*lines, *map(terminal, report.remarks), ""])
