"""What services cost: as they state it, and as cost statements say it was; budgets with their actual amounts.

Amounts of different currencies are never added up, and what no service is named for stays untagged: it is shown, never
shared out. Source: ITIL 4, service financial management practice; FinOps Foundation, allocation capability.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Final

from itsm_as_code.clock import parse_date
from itsm_as_code.durations import add_months
from itsm_as_code.measures.finance import (
    ZERO,
    Money,
    ServiceCost,
    Variance,
    total_costs,
    total_variance,
    variance,
    yearly_cost,
)
from itsm_as_code.records.facts import Data, Facts

TOLERATED: Final = 105
"""Percentage of its plan that the outlook of a budget may reach, unless it names another."""


@dataclass(frozen=True, slots=True)
class Billed:
    """An amount of a cost statement; ``service`` is None for what is untagged."""

    statement: str
    month: str
    provider: str
    service: str | None
    currency: str
    amount: Fraction


def billed(facts: Facts) -> tuple[Billed, ...]:
    """All lines of all cost statements, by statement."""

    def make() -> tuple[Billed, ...]:
        return tuple(
            Billed(
                statement["metadata"]["name"],
                spec["month"],
                spec["provider"],
                line.get("service"),
                spec["currency"],
                Fraction(line["amount"]),
            )
            for statement in sorted(facts.records("CostStatement"), key=lambda one: str(one["metadata"]["name"]))
            for spec in [statement["spec"]]
            for line in spec["lines"]
        )

    return facts.remember(("billed",), ("CostStatement",), make)


def months_before(now: date, count: int = 12) -> tuple[str, ...]:
    """The last whole months before a day, oldest first, as statements name them."""
    first = now.replace(day=1)
    return tuple(f"{add_months(first, -back):%Y-%m}" for back in range(count, 0, -1))


@dataclass(frozen=True, slots=True)
class Actuals:
    """What was billed in some months: by service, untagged, and how many of the months any statement speaks of."""

    months: tuple[str, ...]
    known: int
    by_service: Mapping[str, Money]
    untagged: Money

    @property
    def total(self) -> Money:
        return added([self.untagged, *self.by_service.values()])

    def untagged_share(self, currency: str) -> Fraction | None:
        """The untagged share of one of what was billed in a currency; None where that is nothing."""
        whole = self.total.get(currency, ZERO)
        return self.untagged.get(currency, ZERO) / whole if whole else None


def actuals(facts: Facts, months: tuple[str, ...]) -> Actuals:
    """What statements say of some months."""
    by_service: dict[str, dict[str, Fraction]] = {}
    untagged: dict[str, Fraction] = {}
    known = set()
    for line in billed(facts):
        if line.month in months:
            known.add(line.month)
            money = untagged if line.service is None else by_service.setdefault(line.service, {})
            money[line.currency] = money.get(line.currency, ZERO) + line.amount
    return Actuals(months, len(known), by_service, untagged)


def added(amounts: Iterable[Money]) -> Money:
    """Amounts added up, each currency by itself."""
    found: dict[str, Fraction] = {}
    for money in amounts:
        for currency, amount in money.items():
            found[currency] = found.get(currency, ZERO) + amount
    return found


def stated(facts: Facts) -> dict[str, Money]:
    """The fixed cost of a year that services state."""
    return {
        service["metadata"]["name"]: yearly_cost(cost["currency"], cost["period"], Decimal(cost["fixed"]))
        for service in facts.records("Service")
        for cost in [service["spec"].get("cost", {})]
        if "fixed" in cost
    }


def weights(facts: Facts) -> dict[str, dict[str, Fraction]]:
    """By which services share their cost: service -> dependent -> weight or volume; the others share equally."""
    return {
        service["metadata"]["name"]: {one["service"]: Fraction(one["amount"]) for one in allocation["shares"]}
        for service in facts.records("Service")
        for allocation in [service["spec"].get("cost", {}).get("allocation")]
        if allocation
    }


def with_shares(facts: Facts, own: Mapping[str, Money]) -> dict[str, ServiceCost]:
    """What every service costs with its shares of what it depends on."""
    depends_on = {
        service["metadata"]["name"]: [one["service"] for one in service["spec"].get("dependsOn", ())]
        for service in facts.records("Service")
    }
    return total_costs(own, depends_on, weights(facts))


@dataclass(frozen=True, slots=True)
class BudgetLine:
    """A line of a budget: how it stands (None where it does not tell), and whether statements say so."""

    name: str
    stands: Variance | None
    computed: bool


def budget_lines(facts: Facts, budget: Data) -> tuple[BudgetLine, ...]:
    """The lines of a budget, those with ``actualsFrom`` by cost statements."""
    return tuple(_line(facts, budget["spec"], line) for line in budget["spec"]["lines"])


def budget_total(lines: Iterable[BudgetLine]) -> Variance | None:
    """How a budget stands; None as soon as one line does not tell."""
    found = list(lines)
    stands = [line.stands for line in found if line.stands is not None]
    return total_variance(stands) if stands and len(stands) == len(found) else None


def actual_months(facts: Facts, spec: Data, line: Data) -> list[Fraction]:
    """What was spent on a line of a budget, month by month as far as it is known."""
    if "actualsFrom" not in line:
        return [Fraction(amount) for amount in line.get("actual", ())]
    start, services = parse_date(spec["start"]), _services(facts, spec)
    months = [f"{add_months(start, month):%Y-%m}" for month in range(len(line["plan"]))]
    spent: dict[str, Fraction] = {}
    for item in billed(facts):
        if item.provider in line["actualsFrom"] and item.currency == spec["currency"] and item.month in months:
            spent.setdefault(item.month, ZERO)
            if item.service in services:
                spent[item.month] += item.amount
    last = max((months.index(month) for month in spent), default=-1)
    return [spent.get(month, ZERO) for month in months[: last + 1]]


def _line(facts: Facts, spec: Data, line: Data) -> BudgetLine:
    plan, spent = [Fraction(amount) for amount in line["plan"]], actual_months(facts, spec, line)
    stands = variance(plan, spent) if len(spent) <= len(plan) else None
    return BudgetLine(line["name"], stands, "actualsFrom" in line)


def _services(facts: Facts, spec: Data) -> set[str]:
    """The services whose statements count for a budget: its service, else those that its team owns."""
    if "service" in spec:
        return {spec["service"]}
    team = spec.get("team", spec["owner"])
    return {one["metadata"]["name"] for one in facts.records("Service") if one["spec"]["owner"] == team}


def alerts(facts: Facts, today: date) -> Iterator[tuple[Data, Variance, Fraction]]:
    """The budgets of a year that is not over whose outlook passes what they name, with how they stand and its share."""
    for budget in facts.records("Budget"):
        start = parse_date(budget["spec"]["start"])
        if not start <= today or (today.year, today.month) >= (start.year + 1, start.month):
            continue
        stands = budget_total(budget_lines(facts, budget))
        if stands is not None and stands.months and stands.year:
            share = stands.outlook / stands.year
            if share * 100 > Fraction(budget["spec"].get("alertAt", TOLERATED)):
                yield budget, stands, share
