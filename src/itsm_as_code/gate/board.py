"""What a board has before it: planned changes with what speaks against them, and who has still to approve them.

By the rules and records of one revision alone: what is under way in open pull requests, and who approved there, is
known to the gate that judges them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from itsm_as_code.clock import Interval
from itsm_as_code.gate.conflicts import Conflict, World, conflicts_of, next_free_slot, planned_window
from itsm_as_code.gate.identities import Directory
from itsm_as_code.gate.reviews import Verdicts
from itsm_as_code.gate.scope import RuleMatcher, View
from itsm_as_code.gate.seats import settle
from itsm_as_code.policies.cel import Context, Environment
from itsm_as_code.records.catalogue import Record
from itsm_as_code.records.diff import RecordDiff, diff_data
from itsm_as_code.validation import Validation


@dataclass(frozen=True, slots=True)
class Asked:
    """An approval that a rule asks for: by which rule, from whom, how many, and of which team where it is one."""

    rule: str
    label: str
    count: int
    team: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """A planned change: what it collides with, when it could be instead, and which approvals it needs.

    ``asked`` is None where the rules cannot be told, and empty where none asks for anybody.
    """

    conflicts: tuple[Conflict, ...]
    slot: Interval | None
    asked: tuple[Asked, ...] | None


def cases(validation: Validation) -> Mapping[str, Case]:
    """The changes that are proposed, or planned and still to come, by name."""
    world = World.of(validation.catalogue, validation.configuration, validation.now)
    found: dict[str, Case] = {}
    rules: _Rules | None = None
    for change in validation.catalogue.some("Change", world.facts.names_to_come):
        window, is_proposed = planned_window(change.data), change.spec["status"] == "proposed"
        if not is_proposed and (window is None or window.end <= validation.now):
            continue
        conflicts = tuple(conflicts_of(change.data, world))
        slot = next_free_slot(change.data, world) if conflicts else None
        asked: tuple[Asked, ...] | None = ()
        if is_proposed:
            rules = rules or _Rules(validation)
            asked = rules.asked(change)
        found[change.name] = Case(conflicts, slot, asked)
    return found


class _Rules:
    """The approval rules, asked of changes as if they were new: nobody has approved yet."""

    def __init__(self, validation: Validation) -> None:
        self._validation = validation
        self._environment = Environment(validation.facts, validation.now)
        self._directory = Directory(validation.facts, validation.now)
        policies = validation.catalogue.of_kind("ApprovalPolicy")
        self._matcher = RuleMatcher(policies, self._environment)

    def asked(self, change: Record) -> tuple[Asked, ...] | None:
        """What the rules ask for; None where one cannot be evaluated, or none covers the change."""
        risk = self._validation.risk_of(change).as_data()
        diff = RecordDiff(change.id, None, change, tuple(diff_data(None, change.data)))
        seen = Context(object=change.data, now=self._validation.now, change=change.data, risk=risk, request={})
        scope = self._matcher.match([View(diff, diff, self._environment.activation(seen), None)], [])
        if scope.errors or not scope.rules:
            return None
        nobody = frozenset({str(change.spec.get("requester", ""))})
        found: dict[tuple[str, str], Asked] = {}
        for rule in scope.rules:
            settled = settle(rule, Verdicts((), ()), nobody, self._directory, self._validation.facts, lambda *_: None)
            for need in settled.required:
                known = found.get((need.label, need.team))
                if known is None or known.count < need.count:
                    found[need.label, need.team] = Asked(rule.name, need.label, need.count, need.team)
        return tuple(found.values())
