"""The page of the portfolio: budgets as plan and actual, quadrants of services with their reasons, business cases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Final

from itsm_as_code.portfolio import BudgetStand, CaseBenefit, Portfolio, Position
from itsm_as_code.site.views import figures
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.effects import with_others
from itsm_as_code.site.views.values import (
    Items,
    Link,
    Meter,
    Missing,
    Page,
    Row,
    Said,
    Section,
    Stack,
    Status,
    Table,
    Text,
    Tone,
    Value,
)

PATH: Final = "portfolio/index.html"
LINK: Final = Link("Cost and value", PATH)
_MOST: Final = 200
"""So many rows of a table; the rest is in the report."""
_TONES: Final[Mapping[str, Tone]] = {"eliminate": "bad", "migrate": "warn", "invest": "good", "tolerate": "info"}
"""What asks for something to be done stands first."""
_BUDGETS: Final = ("Budget", "For", "Plan so far", "Actual", "Outlook of the year", "Against the plan")
_SERVICES: Final = ("Service", "Quadrant", "Why", "Stated cost a year", "Billed in twelve months")
_CASES: Final = ("Business case", "Status", "Benefit planned by now", "Benefit realised, as recorded")


def pages(context: Context) -> Iterator[Page]:
    """The page, where the organisation has the kinds for it."""
    if not is_made(context):
        return
    found = Portfolio(context.validation.facts, context.now)
    lead = "What services cost and are worth, how budgets stand, and what business cases brought. Costs stop nothing."
    stands = sorted(found.budgets, key=_gravity)
    stands.sort(key=lambda one: one.year, reverse=True)
    budgets = _table("Budgets", _BUDGETS, [_budget(context, one) for one in stands])
    cases = _table("Business cases", _CASES, [_case(context, one) for one in found.cases])
    sections = (
        Section("budgets", "Budgets", (budgets,)),
        Section("quadrants", "Invest, migrate, tolerate, eliminate", _quadrants(context, found)),
        Section("cases", "Business cases", (cases,)),
        Section("billed", "What was billed", _billed(context, found)),
    )
    yield Page(PATH, "Cost and value", sections, lead=lead, area="portfolio")


def is_made(context: Context) -> bool:
    """Whether there is such a page."""
    return all(context.has(kind) for kind in ("Budget", "BusinessCase", "CostStatement", "Service", "Team"))


def _table(caption: str, headers: tuple[str, ...], rows: Sequence[Row]) -> Table:
    return Table(caption, headers, tuple(rows[:_MOST]), "None is recorded.")


def _gravity(found: BudgetStand) -> tuple[bool, Fraction]:
    """What is above what is tolerated comes first, then by how much of its plan it will take."""
    return not found.alert, -(_share(found) or Fraction(0))


def _share(found: BudgetStand) -> Fraction | None:
    """The outlook as a share of the plan of the year."""
    stands = found.stands
    return stands.outlook / stands.year if stands is not None and stands.year else None


def _budget(context: Context, found: BudgetStand) -> Row:
    of = context.reference(("Service", "Team"), found.of)
    name, stands = context.reference("Budget", found.budget), found.stands
    if stands is None or not stands.months:
        return Row.of(name, of, *(figures.NO_DATA,) * 3, figures.NO_DATA)
    plan, actual, outlook = (
        Text(figures.amount(amount, found.currency)) for amount in (stands.plan, stands.actual, stands.outlook)
    )
    share = _share(found)
    tone: Tone = "bad" if found.alert else "good" if share is not None and share <= 1 else "warn"
    word = "Above what is tolerated" if found.alert else "Within plan" if tone == "good" else "Over plan"
    parts: tuple[Value, ...] = (Status(word, tone),)
    if share is not None:
        parts = (*parts, figures.percentage(share, "of plan"), Meter(float(share), near=1.01))
    return Row.of(name, of, plan, actual, outlook, Stack(parts))


def _quadrants(context: Context, found: Portfolio) -> tuple[Value, ...]:
    assessed = found.assessed
    order = list(_TONES)
    told = Text(
        "Value is what people assessed, from 1 to 5; from 3 on it is high. Against the fit of a service speaks what "
        "its records say; from two points on it is poor. High value: invest, or migrate where the fit is poor. Low "
        "value: tolerate, or eliminate."
    )
    rows = [
        _service(context, one)
        for one in sorted(assessed, key=lambda one: (order.index(one.quadrant or "tolerate"), one.service))
    ]
    table = Table("Services by quadrant", _SERVICES, tuple(rows[:_MOST]), "Nobody has assessed a service.")
    rest = found.count - len(assessed)
    return (told, table, *((Text(f"Services whose value nobody has assessed: {rest:,}"),) if rest else ()))


def _service(context: Context, found: Position) -> Row:
    quadrant = found.quadrant or "tolerate"
    return Row.of(
        context.reference("Service", found.service),
        Status(quadrant.capitalize(), _TONES[quadrant]),
        Items(tuple(Said(reason) for reason in found.why)),
        figures.amounts(found.stated.total),
        figures.NO_DATA if found.spent is None else figures.amounts(found.spent.total),
    )


def _case(context: Context, found: CaseBenefit) -> Row:
    planned = Missing("None") if found.planned is None else Text(figures.amount(found.planned, found.currency))
    realised = Text(figures.amount(found.realised, found.currency)) if found.entries else Missing("Nothing recorded")
    name = context.reference("BusinessCase", found.case)
    return Row.of(name, context.status(found.status), planned, realised)


def _billed(context: Context, found: Portfolio) -> tuple[Value, ...]:
    actuals = found.actuals
    if not actuals.known:
        return (Missing("No cost statement speaks of the last twelve months."),)
    whole = with_others(context, figures.amounts(actuals.total), "monthly-cost", "a month")
    untagged = with_others(context, figures.amounts(actuals.untagged), "untagged-cost", "percent")
    rows: list[Row] = [Row.of(Text("In all"), whole)]
    rows.append(Row.of(Text("Of it untagged, and in the cost of no service"), untagged))
    rows.append(Row.of(Text("Months of which statements speak"), Text(f"{actuals.known} of {len(actuals.months)}")))
    return (Table("Billed in the last twelve months", ("What", "Amount"), tuple(rows)),)
