"""For CI servers: a suite for each policy, a case for each example."""

from __future__ import annotations

from collections.abc import Sequence

from itsm_as_code.policies.examples import ExampleResult
from itsm_as_code.policies.policy import Policy
from itsm_as_code.reports.junit import Case, junit
from itsm_as_code.reports.policy_test import PolicyTest, change, places, strength_summary, survivors, why


def render(test: PolicyTest) -> str:
    suites = [(policy.name, _cases(policy, found)) for policy, found in test.results]
    if test.strengths is not None:
        suites.append(("strength", _strength_cases(test)))
    return junit("itsm policy test", suites)


def _strength_cases(test: PolicyTest) -> list[Case]:
    """A case for each policy, which only tells; the whole fails when it is weaker than was asked for."""
    cases = []
    for strength in test.strengths or ():
        said = [f"{line}:{column} {change(survivor)}" for survivor, (line, column) in survivors(strength)]
        title = f"{strength.killed} of {strength.total} mutants killed"
        cases.append(Case(title, strength.policy.name, strength.policy.record.path, 1, said=tuple(said)))
    summary = strength_summary(test)
    return [*cases, Case("all policies", "strength", "policies", 1, summary if test.is_too_weak else None)]


def _cases(policy: Policy, found: Sequence[ExampleResult]) -> list[Case]:
    cases = []
    for result, (line, _) in zip(found, places(policy, found), strict=True):
        said, broke = None if result.ok else why(result), result.actual == "error"
        place = (result.name, policy.name, policy.record.path, line)
        cases.append(Case(*place, None if broke else said, said if broke else None))
    return cases
