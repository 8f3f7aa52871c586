"""Service levels: what agreements promise, and whether what is below can carry it."""

from itsm_as_code.service_levels.budget import ErrorBudget, error_budgets, latest_reviews, review_budgets
from itsm_as_code.service_levels.feasibility import Feasibility
from itsm_as_code.service_levels.promises import Promise, Promises, supporting, surely_looser
from itsm_as_code.service_levels.stops import BudgetPolicy, BudgetStop, budget_stops

__all__ = [
    "BudgetPolicy",
    "BudgetStop",
    "ErrorBudget",
    "Feasibility",
    "Promise",
    "Promises",
    "budget_stops",
    "error_budgets",
    "latest_reviews",
    "review_budgets",
    "supporting",
    "surely_looser",
]
