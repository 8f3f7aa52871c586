"""For reports and pull requests: tables of services, budgets and business cases."""

from __future__ import annotations

from itsm_as_code.portfolio import Portfolio
from itsm_as_code.reports import escape, table
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
    lines = ["## Services", "", *table.markdown(SERVICES, map(service_cells, report.positions))]
    lines += ["", "## Budgets", "", *table.markdown(BUDGETS, map(budget_cells, report.budgets))]
    lines += ["", "## Business cases", "", *table.markdown(CASES, map(case_cells, report.cases))]
    lines += [
        "",
        "## Why",
        "",
        *table.markdown(("Service", "Reasons"), ([h, "; ".join(w)] for h, w in reasons(report))),
    ]
    return "\n".join([*lines, "", *(f"- {escape.markdown(text)}" for text in remarks(report)), ""])
