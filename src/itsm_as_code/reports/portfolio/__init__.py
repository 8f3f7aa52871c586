"""What `itsm report portfolio` prints."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Final

from itsm_as_code.measures import benchmarks
from itsm_as_code.measures.finance import Money
from itsm_as_code.measures.numbers import quantity, rounded
from itsm_as_code.portfolio import BudgetStand, CaseBenefit, Portfolio, Position, money_of

COLUMNS: Final = (
    *("service", "stage", "lifecycle", "owner", "quadrant", "value", "points", "why"),
    *("stated", "spent", "worth"),
)
SERVICES: Final = ("Service", "Quadrant", "Value", "Against it", "Stated cost a year", "Billed in 12 months", "Worth")
BUDGETS: Final = ("Budget", "Of", "Plan so far", "Actual", "Plan of the year", "Outlook", "Outlook of plan", "Alert")
CASES: Final = ("Business case", "Status", "Benefit planned by now", "Benefit realised (typed)", "Of plan")
NO_VALUE: Final = "not assessed"


def row(found: Position) -> dict[str, Any]:
    """A service as data; amounts are decimal strings, with their currencies apart."""
    value = found.value or {}
    return {
        "service": found.service,
        "stage": found.stage,
        "lifecycle": found.lifecycle,
        "owner": found.owner,
        "quadrant": found.quadrant,
        "value": value.get("score"),
        "points": found.points,
        "why": list(found.why),
        "stated": amounts(found.stated.total),
        "spent": None if found.spent is None else amounts(found.spent.total),
        "worth": value.get("yearly"),
    }


def amounts(money: Money) -> list[dict[str, str]]:
    """``[{"amount": "1200.00", "currency": "EUR"}]``, rounded to cents; by currency, never added up."""
    return [{"amount": plain(amount), "currency": currency} for currency, amount in sorted(money.items())]


def plain(amount: Fraction) -> str:
    return str(rounded(amount, 2))


def told(money: Money) -> str:
    """``1,200.00 EUR, 3.00 USD`` for people, or a dash."""
    return ", ".join(f"{rounded(amount, 2):,} {currency}" for currency, amount in sorted(money.items())) or "-"


def service_cells(found: Position) -> list[str]:
    value = found.value
    worth = (
        told({value["yearly"]["currency"]: Fraction(value["yearly"]["amount"])}) if value and "yearly" in value else "-"
    )
    return [
        found.service,
        found.quadrant or NO_VALUE,
        str(value["score"]) if value else "-",
        str(found.points),
        told(found.stated.total),
        "no data" if found.spent is None else told(money_of(found.spent)),
        worth,
    ]


def budget_cells(found: BudgetStand) -> list[str]:
    stands = found.stands
    if stands is None or not stands.months:
        return [found.budget, found.of, "no actual amount yet", *("-",) * 4, ""]
    money = [told({found.currency: amount}) for amount in (stands.plan, stands.actual, stands.year, stands.outlook)]
    share = f"{quantity(stands.outlook / stands.year * 100, 1)} %" if stands.year else "-"
    return [found.budget, found.of, *money, share, "over" if found.alert else ""]


def case_cells(found: CaseBenefit) -> list[str]:
    planned, realised = found.planned, told({found.currency: found.realised})
    realised = realised if found.entries else "nothing recorded"
    share = f"{quantity(found.realised / planned * 100, 1)} %" if planned and found.entries else "-"
    return [found.case, found.status, "-" if planned is None else told({found.currency: planned}), realised, share]


def remarks(report: Portfolio) -> Iterator[str]:
    """What is to be known of the figures: untagged, months without statements, and how shared cost is shared."""
    found = report.actuals
    if not found.known:
        yield "No cost statement speaks of the last twelve months: what was billed is not known."
    else:
        yield f"Billed: {found.months[0]} to {found.months[-1]}, of which statements speak of {found.known} months."
        for currency in sorted(found.total):
            share = found.untagged_share(currency)
            if share is not None:
                whole = told({currency: found.total[currency]})
                part = told({currency: found.untagged.get(currency, Fraction(0))})
                yield f"Untagged: {part} of {whole} ({quantity(share * 100, 1)} %); it is in the cost of no service."
    if report.equally:
        names = ", ".join(report.equally)
        yield f"Shared equally among those that depend on it, for no weight or volume is given: {names}."
    yield from others(report)


def others(report: Portfolio) -> list[str]:
    """What others reach, a line for each figure of the report."""
    return benchmarks.remarks(report.facts, monthly_cost="a month", untagged_cost="percent")


def reasons(report: Portfolio) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each service that stands in a quadrant, with its reasons."""
    for one in report.positions:
        if one.quadrant is not None:
            yield f"{one.service}: {one.quadrant}", one.why
