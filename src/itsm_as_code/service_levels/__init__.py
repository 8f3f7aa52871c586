"""Service levels: what agreements promise, and whether what is below can carry it."""

from itsm_as_code.service_levels.attainment import Attainment, Part, attainment
from itsm_as_code.service_levels.budget import ErrorBudget, error_budgets, recovers
from itsm_as_code.service_levels.cases import Times
from itsm_as_code.service_levels.feasibility import Feasibility
from itsm_as_code.service_levels.figures import Figure, attained_text, because, figure, is_met, review_figure
from itsm_as_code.service_levels.promises import Promise, Promises, supporting, surely_looser
from itsm_as_code.service_levels.stops import BudgetPolicy, BudgetStop, budget_stops

__all__ = [
    "Attainment",
    "BudgetPolicy",
    "BudgetStop",
    "ErrorBudget",
    "Feasibility",
    "Figure",
    "Part",
    "Promise",
    "Promises",
    "Times",
    "attained_text",
    "attainment",
    "because",
    "budget_stops",
    "error_budgets",
    "figure",
    "is_met",
    "recovers",
    "review_figure",
    "supporting",
    "surely_looser",
]
