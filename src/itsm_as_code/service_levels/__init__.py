"""Service levels: what agreements promise, and whether what is below can carry it."""

from itsm_as_code.service_levels.budget import ErrorBudget, error_budgets, latest_reviews, review_budgets
from itsm_as_code.service_levels.feasibility import Feasibility
from itsm_as_code.service_levels.promises import Promise, Promises, supporting, surely_looser

__all__ = [
    "ErrorBudget",
    "Feasibility",
    "Promise",
    "Promises",
    "error_budgets",
    "latest_reviews",
    "review_budgets",
    "supporting",
    "surely_looser",
]
