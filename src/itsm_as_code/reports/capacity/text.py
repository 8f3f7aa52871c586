"""For people: a line for each measure."""

from __future__ import annotations

from itsm_as_code.reports import table
from itsm_as_code.reports.capacity import HEADERS, Capacity, cells
from itsm_as_code.reports.escape import terminal


def render(report: Capacity) -> str:
    if not report.rows:
        return "no service states a load\n"
    return "\n".join([*table.text([list(HEADERS), *map(cells, report.rows)]), *map(terminal, report.others), ""])
