"""What policies and approval rules see of a pull request beside its records: risk, collisions, and who asks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from itsm_as_code.findings import RecordId
from itsm_as_code.gate.candidate import Candidate
from itsm_as_code.gate.conflicts import Conflict, World, conflicts_of
from itsm_as_code.gate.promises import as_data, promise_shifts
from itsm_as_code.gate.scope import PathChange, RuleMatcher, Scope, View
from itsm_as_code.measures.risk import Risk, assess
from itsm_as_code.measures.risk_factors import Proposal
from itsm_as_code.measures.risk_table import LEVELS
from itsm_as_code.measures.stages import NOT_AUTHORISED
from itsm_as_code.policies.cel import Context, Environment
from itsm_as_code.records.catalogue import Record
from itsm_as_code.records.diff import RecordDiff
from itsm_as_code.records.lifecycle_path import with_steps
from itsm_as_code.records.taken_over import is_taken_over
from itsm_as_code.service_levels.what_if import Shift


@dataclass(frozen=True)
class PullRequestContext:
    """``world`` is all that changes could collide with, ``conflicts`` what they do collide with.

    ``promises`` are the promised availabilities of which the pull request changes what can be kept. ``risks`` has the
    risk of each changed Change: the graver of what the candidate's and the base's facts give. ``environment`` is what
    approval rules are evaluated in.
    """

    candidate: Candidate
    world: World
    conflicts: tuple[Conflict, ...]
    promises: tuple[Shift, ...]
    request: Mapping[str, Any]
    risks: Mapping[RecordId, Risk]
    environment: Environment

    def of(self, diff: RecordDiff) -> dict[str, Any]:
        """What policies see of a record that the pull request touches, or touched when it was reviewed."""
        changes = self.candidate.changes
        risk = self.risks.get(diff.id) or _risk_of(diff, self.candidate)  # it may be no longer here
        change = changes[0] if len(changes) == 1 else None
        return {"old": diff.old, "change": change, "request": self.request, "risk": risk.as_data() if risk else None}

    def scope_of(self, diffs: Sequence[RecordDiff], paths: Sequence[PathChange]) -> Scope:
        """The approval rules of the base that a difference meets: the one that is judged, or one that was reviewed."""
        policies = self.candidate.rule_set.catalogue.of_kind("ApprovalPolicy")
        views = [
            View(whole, diff, self._activation(diff, diff.new), self._activation(diff, diff.old))
            for whole in diffs
            for diff in with_steps([whole])
        ]
        return RuleMatcher(policies, self.environment).match(views, paths)

    def _activation(self, diff: RecordDiff, side: Record | None) -> Any:
        if side is None:
            return None
        context = self.of(diff)
        change = context["change"]
        return self.environment.activation(
            Context(
                object=side.data,
                now=self.candidate.now,
                old=diff.old.data if diff.old else None,
                change=change.data if change else None,
                risk=context["risk"],
                request=context["request"],
            )
        )


def context_of(candidate: Candidate) -> PullRequestContext:
    """What rules see of a candidate."""
    rules = World.of(candidate.rule_set.catalogue, candidate.rule_set.configuration, candidate.now)
    world = replace(rules, facts=candidate.facts, judged=candidate.guarded_facts, others=candidate.others)
    conflicts = tuple(item for record in candidate.changes for item in conflicts_of(record.data, world))
    promises = promise_shifts(candidate)
    request = {
        "author": candidate.author,
        "base": candidate.base,
        "head": candidate.head,
        "conflicts": [{"kind": item.kind, "change": item.change, "with": item.other} for item in conflicts],
        "promises": [as_data(shift) for shift in promises],
    }
    risks = {diff.id: risk for diff in candidate.diffs if (risk := _risk_of(diff, candidate)) is not None}
    environment = Environment(candidate.guarded_facts, candidate.now)
    return PullRequestContext(candidate, world, conflicts, promises, request, risks, environment)


def _risk_of(diff: RecordDiff, candidate: Candidate) -> Risk | None:
    """The graver of the risks that the candidate's and the base's facts give; of two alike, the one with more points.

    A change that this pull request proposes, or moves to another time, is proposed now, and with all that comes beside
    it: the changed fields of other records, by meaning, and one for a file. One that was authorised has at least the
    risk with which it stands on the base.
    """
    if diff.id.kind != "Change" or diff.new is None or not diff.new.valid:
        return None
    old, new = diff.old.spec if diff.old is not None and diff.old.valid else {}, diff.new.spec
    earlier = old.get("status", "draft") != "draft" and old.get("schedule") == new.get("schedule")
    beside = sum(max(1, len(other.fields)) for other in candidate.diffs if other.id.kind != "Change")
    proposal = Proposal(None if earlier else candidate.now, beside + len(candidate.other_paths))
    table = candidate.rule_set.configuration.risk_table
    both = (candidate.guarded_facts, candidate.facts)
    risks = [assess(diff.new.data, known, candidate.now, table, proposal) for known in both]
    risks += authorised_risk(diff, candidate)
    return max(risks, key=lambda risk: (LEVELS.index(risk.level), sum(factor.points for factor in risk.factors)))


def authorised_risk(diff: RecordDiff, candidate: Candidate) -> Iterator[Risk]:
    """The risk of a change as it was authorised: what is left out since then makes it no smaller."""
    old = diff.old
    if old is not None and old.valid and old.spec["status"] not in NOT_AUTHORISED and not is_taken_over(old.data):
        yield assess(old.data, candidate.base_facts, candidate.now, candidate.rule_set.configuration.risk_table)
