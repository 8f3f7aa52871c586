"""For people: a line for each service or cause."""

from __future__ import annotations

from itsm_as_code.reports import table
from itsm_as_code.reports.recurrence import HEADERS, Recurrence, cells


def render(report: Recurrence) -> str:
    if not report.groups:
        return "no three incidents of one service or cause within 90 days are without a problem\n"
    return "\n".join([*table.text([list(HEADERS), *map(cells, report.groups)]), ""])
