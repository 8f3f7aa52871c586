"""For programs: schemas/reports/portfolio-report.schema.json."""

from __future__ import annotations

from typing import Any

from itsm_as_code.clock import format_instant
from itsm_as_code.portfolio import BudgetStand, CaseBenefit, Portfolio
from itsm_as_code.reports import escape
from itsm_as_code.reports.portfolio import amounts, others, plain, row


def render(report: Portfolio) -> str:
    found = report.actuals
    data = {
        "schema": "itsm/portfolio/v1",
        "now": format_instant(report.now),
        "services": list(map(row, report.positions)),
        "budgets": list(map(_budget, report.budgets)),
        "businessCases": list(map(_case, report.cases)),
        "billed": {
            "from": found.months[0],
            "to": found.months[-1],
            "monthsKnown": found.known,
            "total": amounts(found.total),
            "untagged": amounts(found.untagged),
        },
        "sharedEqually": list(report.equally),
        **({"benchmarks": told} if (told := others(report)) else {}),
    }
    return escape.dumped(data)


def _budget(found: BudgetStand) -> dict[str, Any]:
    stands = found.stands if found.stands is not None and found.stands.months else None
    names = ("months", "plan", "actual", "year", "outlook")
    numbers = {name: None if stands is None else getattr(stands, name) for name in names}
    return {
        "budget": found.budget,
        "fiscalYear": found.year,
        "of": found.of,
        "currency": found.currency,
        "computed": found.computed,
        "alert": found.alert,
        **{name: plain(value) if name != "months" and value is not None else value for name, value in numbers.items()},
    }


def _case(found: CaseBenefit) -> dict[str, Any]:
    return {
        "case": found.case,
        "status": found.status,
        "service": found.service or None,
        "currency": found.currency,
        "planned": None if found.planned is None else plain(found.planned),
        "realised": plain(found.realised),
        "entries": found.entries,
    }
