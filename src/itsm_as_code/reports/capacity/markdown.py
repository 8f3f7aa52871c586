"""For reports and pull requests: a table of the measures."""

from __future__ import annotations

from itsm_as_code.reports import table
from itsm_as_code.reports.capacity import HEADERS, Capacity, cells


def render(report: Capacity) -> str:
    return "\n".join([*table.markdown(HEADERS, map(cells, report.rows)), ""])
