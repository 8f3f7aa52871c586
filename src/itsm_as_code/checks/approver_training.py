"""Whoever approves changes and rules has completed the training that is meant for them.

Approvers are the people that approval rules name by role, team or name. A training that is meant for them and that they
never completed, or too long ago, is overdue. Source: ISO/IEC 20000-1:2018 clause 7.2 (competence).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from itsm_as_code.checks import Situation, Subject
from itsm_as_code.findings import Problem
from itsm_as_code.measures.deadlines import utc_day
from itsm_as_code.measures.training import TeamFacts, active_teams, coverage_of
from itsm_as_code.records.facts import Facts

TITLE = "Approvers are trained"
SEVERITY = "warning"
WAIVABLE = True
READS = ("ApprovalPolicy", "Person", "Team", "Training")
_SHOWN = 5


def check(facts: Facts, situation: Situation) -> Iterator[tuple[Subject, Problem]]:
    today = utc_day(situation.now)
    approvers = _approvers(facts, active_teams(facts))
    for training in facts.records("Training"):
        spec = training["spec"]
        cover = coverage_of(facts, training, today).overall
        overdue = [name for name in (*cover.missing, *cover.expired) if name in approvers]
        if overdue:
            pointer = ("spec", "completions") if "completions" in spec else ("spec",)
            yield ("Training", training["metadata"]["name"]), _problem(sorted(overdue), pointer)


def _problem(people: list[str], pointer: tuple[str, ...]) -> Problem:
    more = f" and {len(people) - _SHOWN} more" if len(people) > _SHOWN else ""
    message = f"overdue for people who approve: {', '.join(people[:_SHOWN])}{more}"
    return Problem(message, pointer, "have them complete it, and record the day")


def _approvers(facts: Facts, teams: dict[str, TeamFacts]) -> set[str]:
    by_role: dict[str, set[str]] = {}
    for team in teams.values():
        for role in team.roles:
            by_role.setdefault(role, set()).update(team.members)
    found: set[str] = set()
    for policy in facts.records("ApprovalPolicy"):
        for rule in policy["spec"]["rules"]:
            for approval in rule["approvals"]:
                source: dict[str, Any] = approval["from"]
                found |= by_role.get(source.get("role", ""), set())
                found |= set(source.get("people", ()))
                if source.get("team") in teams:
                    found |= set(teams[source["team"]].members)
    return found
