"""Rules of approval policies as they are written: what makes one unusable, or not what it seems."""

from __future__ import annotations

from collections.abc import Iterator

from itsm_as_code.findings import Finding, Problem, Rule, Severity, did_you_mean
from itsm_as_code.policies.cel import Environment, Schemas, problems_of
from itsm_as_code.records.catalogue import Catalogue, Record, stamp
from itsm_as_code.records.kinds import KindRegistry

APPROVAL_RULE = Rule(
    "approval-rule",
    "The rules of an approval policy can be used",
    Severity.ERROR,
    "Their expressions compile and read fields that there are, the kinds they name exist, and no two of a policy have "
    "the same name. A rule that cannot be evaluated stops every pull request; one for a kind that nobody has protects "
    "nothing.",
)
RULES = (APPROVAL_RULE,)


def approval_rule_findings(catalogue: Catalogue, environment: Environment) -> Iterator[Finding]:
    """What is wrong with the rules of all approval policies of a catalogue."""
    for policy in catalogue.of_kind("ApprovalPolicy"):
        for problem in _problems(policy, environment, catalogue.registry):
            yield stamp(APPROVAL_RULE, policy, problem)


def _problems(policy: Record, environment: Environment, registry: KindRegistry) -> Iterator[Problem]:
    known, names = list(registry.kinds), set()
    for index, rule in enumerate(policy.spec["rules"]):
        at = ("spec", "rules", index)
        if rule["name"] in names:
            yield Problem(f"a second rule is named '{rule['name']}'", (*at, "name"), "give each its own name")
        names.add(rule["name"])
        kinds = rule["match"].get("kinds", known)
        for place, kind in enumerate(kinds):
            if kind not in known:
                remedy = did_you_mean(kind, known) or "name a kind that exists"
                yield Problem(f"there is no kind '{kind}'", (*at, "match", "kinds", place), remedy)
        if "where" in rule["match"]:
            expression = ((*at, "match", "where"), rule["match"]["where"], "bool")
            for found in problems_of([expression], environment, Schemas(registry, tuple(kinds))):
                yield found.problem
