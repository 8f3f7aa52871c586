"""For reports and pull requests: a table of the measures."""

from __future__ import annotations

from itsm_as_code.reports import escape, table
from itsm_as_code.reports.capacity import HEADERS, Capacity, cells


def render(report: Capacity) -> str:
    others = ["", *(f"- {escape.markdown(text)}" for text in report.others)] if report.others else []
    return "\n".join([*table.markdown(HEADERS, map(cells, report.rows)), *others, ""])
