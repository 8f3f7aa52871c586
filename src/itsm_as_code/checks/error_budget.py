"""A planned change leaves a service alone whose error budget is used up, unless it mends.

The error budget policy in itsm.yaml (`errorBudget`) says from which share of a budget on changes of which types are
stopped, and how gravely: unless it says otherwise, normal and standard changes with an error once all is used. Exempt
are standard changes of a model with `exemptFromErrorBudget`, and changes that name an open incident, problem or
improvement of that service, to which somebody other than the author agreed. A figure older than the window of its
objective stops nothing. Validation only tells that a planned change waits; it blocks a pull request that takes such a
change a step further, and `itsm authorise` refuses it. Source: Site Reliability Workbook, appendix B, "Example Error
Budget Policy".
"""

from __future__ import annotations

from collections.abc import Iterator

from itsm_as_code.checks import Situation, Subject
from itsm_as_code.findings import Problem
from itsm_as_code.records.facts import Data, Facts
from itsm_as_code.service_levels import BudgetPolicy, BudgetStop, budget_stops

TITLE = "A planned change keeps to the error budget"
SEVERITY = "info"
WAIVABLE = True
READS = ("Calendar", "Change", "ChangeModel", "Improvement", "Incident", "Problem", "Service", "ServiceLevelAgreement")
PLANNED = ("proposed", "authorised", "scheduled")


def check(facts: Facts, situation: Situation) -> Iterator[tuple[Subject, Problem]]:
    policy = BudgetPolicy.of(situation.configuration.raw)
    for change in facts.changes_to_come:
        if change["spec"]["status"] in PLANNED:
            for stop in budget_stops(change, facts, policy, situation.now):
                yield ("Change", change["metadata"]["name"]), problem_of(change, stop)


def problem_of(change: Data, stop: BudgetStop) -> Problem:
    """What a stop means for a change, at the service that it is about."""
    services = change["spec"]["services"]
    return Problem(stop.message, ("spec", "services", services.index(stop.service)), stop.remedy)
