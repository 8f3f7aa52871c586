"""Budgets with how they stand."""

from __future__ import annotations

from itsm_as_code.measures.costs import BudgetLine, budget_lines, budget_total
from itsm_as_code.measures.finance import Variance
from itsm_as_code.records.catalogue import Record
from itsm_as_code.site.views import figures, state
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.record import described
from itsm_as_code.site.views.values import Inline, Missing, Page, Row, Status, Table, Text, Value


def lines(context: Context, budget: Record) -> tuple[BudgetLine, ...]:
    """How each line stands, some of them by cost statements."""
    return budget_lines(context.validation.facts, budget.data)


def total(context: Context, budget: Record) -> Variance | None:
    """How a budget stands; None as soon as one line does not tell."""
    return budget_total(lines(context, budget))


_LINE_HEADERS = ("Line", "Months with an actual", "Plan to date", "Actual", "Variance", "Plan of the year", "Outlook")


def page(context: Context, record: Record, now: state.Now) -> Page:
    currency = record.spec["currency"]
    rows = [
        _line(Text(line.name + (" (by cost statements)" if line.computed else "")), line.stands, currency)
        for line in lines(context, record)
    ]
    rows.append(_line(Text("Total"), total(context, record), currency))
    told = Text(
        "Variance: plan less actual of the months that have an actual; above 0, less was spent than planned. "
        "Outlook: actual so far and the plan of the months to come."
    )
    table = Table("Variance to date", _LINE_HEADERS, tuple(rows))
    facts = (("Variance to date", _variance(total(context, record), currency)),)
    return described(context, record, facts, (("variance", "Variance to date", (told, table)),))


def _line(name: Value, stands: Variance | None, currency: str) -> Row:
    if stands is None or not stands.months:
        planned = figures.NO_DATA if stands is None else Text(figures.amount(stands.year, currency))
        return Row.of(name, Text("0"), *(figures.NO_DATA,) * 3, planned, figures.NO_DATA)
    plan, actual, year, outlook = (
        Text(figures.amount(value, currency)) for value in (stands.plan, stands.actual, stands.year, stands.outlook)
    )
    return Row.of(name, Text(str(stands.months)), plan, actual, _variance(stands, currency), year, outlook)


def _variance(stands: Variance | None, currency: str) -> Value:
    if stands is None or not stands.months:
        return figures.NO_DATA
    share = figures.percentage(stands.share, "of plan")
    tone = Status("Over plan", "warn") if stands.variance < 0 else Status("Within plan", "good")
    return Inline((tone, Text(figures.amount(stands.variance, currency)), share), " ")


def overspent(context: Context, record: Record) -> Value | None:
    """By how much more was spent so far than planned, of a budget of this year; None where that is not so."""
    stands = total(context, record) if str(context.today.year) in str(record.spec["fiscalYear"]) else None
    if stands is None or not stands.months or stands.variance >= 0:
        return None
    amount = Text(figures.amount(-stands.variance, record.spec["currency"]))
    return Inline((amount, Text("more than planned so far")), " ")


HEADERS = ("Budget", "Fiscal year", "For", "Variance to date", "Owner")


def row(context: Context, budget: Record) -> Row:
    """A budget in a list."""
    spec = budget.spec
    of: Value = Missing()
    for key, kind in (("service", "Service"), ("team", "Team")):
        if key in spec:
            of = context.reference((kind,), spec[key])
    stands = _variance(total(context, budget), spec["currency"])
    owner = context.reference(("Team", "Person"), spec["owner"])
    return Row.of(context.link(budget), Text(spec["fiscalYear"]), of, stands, owner)
