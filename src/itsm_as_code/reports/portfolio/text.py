"""For people: services, budgets and business cases, and the reasons of each quadrant."""

from __future__ import annotations

from itsm_as_code.portfolio import Portfolio
from itsm_as_code.reports import table
from itsm_as_code.reports.escape import terminal
from itsm_as_code.reports.portfolio import (
    BUDGETS,
    CASES,
    SERVICES,
    budget_cells,
    case_cells,
    reasons,
    remarks,
    service_cells,
)


def render(report: Portfolio) -> str:
    lines = table.text([list(SERVICES), *map(service_cells, report.positions)])
    if report.budgets:
        lines += ["", *table.text([list(BUDGETS), *map(budget_cells, report.budgets)])]
    if report.cases:
        lines += ["", *table.text([list(CASES), *map(case_cells, report.cases)])]
    for head, why in reasons(report):
        lines += ["", terminal(head), *(terminal(f"  {reason}") for reason in why)]
    return "\n".join([*lines, "", *map(terminal, remarks(report)), ""])
