"""Error budgets in words: what was measured over what was allowed, and which records say so."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from itsm_as_code.measures.deadlines import last_day_before
from itsm_as_code.measures.numbers import percent, rounded
from itsm_as_code.records.catalogue import Record
from itsm_as_code.service_levels import BudgetPolicy, ErrorBudget, error_budgets, latest_reviews, review_budgets
from itsm_as_code.site.views import promises, words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.values import Inline, Missing, Row, Status, Table, Text, Value

NONE = "No data: no review has measured an objective that is a share to reach, such as availability."
_HEADERS = ("Objective", "Left of the budget", "Failure measured", "Failure allowed", "Period", "Source")


def table(context: Context, budgets: Iterable[ErrorBudget]) -> Table:
    """Numerator, denominator and source of every budget."""
    return Table("Error budgets", _HEADERS, tuple(_row(context, item) for item in budgets))


def worst(context: Context, service: Record) -> Value:
    """The worst objective of a service in the latest period that is over: ``Availability: 41.0 % left``."""
    found = error_budgets(context.validation.facts, service.name, context.now)
    if not found:
        facts = context.validation.facts
        reviews = latest_reviews(facts, service.name, context.now)
        return Missing("No current data" if any(review_budgets(facts, item) for item in reviews) else "No data")
    return Inline((Text(objective(context, found[0])), standing(found[0])), ": ")


def stopped(context: Context, budgets: Iterable[ErrorBudget]) -> Value | None:
    """Which changes the error budget policy stops by these budgets, if any, and until when the figures say so."""
    policy = BudgetPolicy.of(context.validation.configuration.raw)
    found: dict[str, list[ErrorBudget]] = {}
    for budget in budgets:
        for level in policy.levels:
            for kind in sorted(level.changes) if budget.is_used_up(level.used) else ():
                found.setdefault(kind, []).append(budget)
    if not found:
        return None
    kinds = " and ".join(sorted(found))
    ends = [budget.until for group in found.values() for budget in group]
    last = max((end for end in ends if end is not None), default=None)
    text = f"Stops {kinds} changes that mend nothing and are not exempt"
    if last is None or None in ends:
        return Text(f"{text}.")
    return Inline((Text(f"{text}, until the figure is out of date:"), words.moment(last, context.tz)), " ")


def standing(budget: ErrorBudget) -> Status:
    """What is left: ``41.0 % left``, or ``Overspent by 192.0 %``."""
    left = rounded(budget.remaining * 100, 1)
    if budget.remaining < 0:
        return Status(f"Overspent by {-left} %", "bad")
    if budget.remaining == 0:
        return Status("Used up", "bad")
    return Status(f"{left} % left", "warn" if budget.remaining < Fraction(1, 4) else "good")


def objective(context: Context, budget: ErrorBudget) -> str:
    """The objective as its agreement names it."""
    found = promises.objective_of(context.catalogue.get("ServiceLevelAgreement", budget.agreement), budget.objective)
    return promises.name(found) if found else words.human(budget.objective)


def _row(context: Context, budget: ErrorBudget) -> Row:
    review = context.reference("ServiceReview", budget.review)
    agreement = context.reference("ServiceLevelAgreement", budget.agreement)
    days = (words.date_value(budget.start), words.date_value(last_day_before(budget.end)))
    return Row.of(
        Text(objective(context, budget)),
        standing(budget),
        Text(f"{percent(1 - budget.attained)} % (100 - {budget.attained_text})"),
        Text(f"{percent(budget.allowed)} % (100 - {budget.target_text})"),
        Inline(days, " to "),
        Inline((review, agreement)),
    )
