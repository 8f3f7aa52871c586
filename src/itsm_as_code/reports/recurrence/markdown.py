"""For reports and pull requests: a table of the services and causes."""

from __future__ import annotations

from itsm_as_code.reports import table
from itsm_as_code.reports.recurrence import HEADERS, Recurrence, cells


def render(report: Recurrence) -> str:
    return "\n".join([*table.markdown(HEADERS, map(cells, report.groups)), ""])
