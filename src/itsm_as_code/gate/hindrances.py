"""Why nobody can be asked for an approval that is missing, and what would make it possible."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import replace
from typing import Final

from itsm_as_code.gate.identities import Directory
from itsm_as_code.gate.seats import Approval, Exclusions, Requirement
from itsm_as_code.records.facts import Facts

_SHOWN: Final = 5
_NAMED: Final = "; whom a record names as having agreed approves it: name somebody else, or let another propose it"


def explain(
    approvals: Sequence[Approval], contributors: frozenset[str], vetoes: Set[str], directory: Directory, facts: Facts
) -> list[Approval]:
    """The approvals with a sentence for each requirement that lacks more people than are suggested.

    ``vetoes`` have asked for changes; ``facts`` are those of the base.
    """
    found = []
    for approval in approvals:
        excluded, named = Exclusions(approval.rule, contributors, directory), approval.rule.in_person
        required = tuple(
            replace(need, hindrance=(_nobody(need, facts) or _each(need, excluded, vetoes)) + _NAMED * named)
            if need.missing > len(need.suggested)
            else need
            for need in approval.required
        )
        found.append(replace(approval, required=required))
    return found


def _nobody(need: Requirement, facts: Facts) -> str:
    """Why a requirement asks for nobody at all; empty where it asks for somebody."""
    source, team = need.source, need.team
    if need.group:
        return ""
    if team and facts.record("Team", team) is None:
        return f"{team} is not on the base yet; merge the team in a pull request of its own first"
    if team and facts.spec("Team", team).get("retired") is True:
        return f"{team} is retired on the base; merge another owner, or the team's return, first"
    if team:
        return f"{team} has no members on the base; merge its members first"
    if "role" in source:
        return f"no team on the base has members and the role {source['role']}; give a team that role first"
    if "people" in source:
        return f"{', '.join(source['people'])}: nobody of them is on the base; merge their records first"
    if "owners" in source:
        return "no team owns what it is about; name an owner first"
    return "the base has nobody in people/; merge the records of people first"


def _each(need: Requirement, excluded: Exclusions, vetoes: Set[str]) -> str:
    """Why each of those whom a requirement asks for does not come into question."""
    others = sorted(need.group - set(need.satisfied_by) - set(need.suggested))
    reasons = [reason for name in others for reason in _why(name, excluded, vetoes)]
    if not reasons:
        may = f"may be given by {', '.join(need.eligible)} alone" if need.eligible else "may be given by nobody"
        return f"it asks for {need.count} and {may}; add people to the team, or lower the count of the rule"
    more = f" and {len(reasons) - _SHOWN} more" if len(reasons) > _SHOWN else ""
    who = "nobody else" if need.suggested or need.satisfied_by else "nobody"
    return f"{who} can give it now: {', '.join(reasons[:_SHOWN])}{more}"


def _why(name: str, excluded: Exclusions, vetoes: Set[str]) -> Iterator[str]:
    reason = excluded.why(name)
    if reason is not None:
        yield f"{name} {reason[0]}"
    elif name in vetoes:
        yield f"{name} asks for changes"
    elif not excluded.directory.can_be_recognised(name):
        yield f"{name} {excluded.directory.why_not_recognised}"
