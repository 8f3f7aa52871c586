"""For reports and pull requests: one table."""

from __future__ import annotations

from itsm_as_code.reports import escape, table
from itsm_as_code.reports.adoption import HEADERS, Adoption, cells


def render(report: Adoption) -> str:
    lines = table.markdown(HEADERS, map(cells, report.rows))
    return "\n".join([*lines, "", *(f"- {escape.markdown(text)}" for text in report.remarks), ""])
