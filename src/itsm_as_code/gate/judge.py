"""gate: base, head -> candidate tree -> catalogue x 2 -> record diffs; base judges them; -> decision.

What judges (policies, approval policies, waivers, people, teams, calendars, models, schemas, itsm.yaml) is read from
the base commit; what is judged is the tree that merging head into base gives. Only git objects are read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from itsm_as_code.checks import Situation, run_checks, waivable_ids
from itsm_as_code.findings import Finding, RecordId
from itsm_as_code.forges.interface import PullRequest
from itsm_as_code.gate import evidence, guard, lane, reasons
from itsm_as_code.gate.affected import affected
from itsm_as_code.gate.agreement import check_agreement
from itsm_as_code.gate.binding import Binding, Merge
from itsm_as_code.gate.conflicts import Conflict, World, conflicts_of, planned_window
from itsm_as_code.gate.decision import Decision, Reason
from itsm_as_code.gate.guard import Deletions, guarded_facts, renamed, step_findings
from itsm_as_code.gate.hindrances import explain
from itsm_as_code.gate.identities import Directory, contributors
from itsm_as_code.gate.impact import contexts_of
from itsm_as_code.gate.incoming import Incoming, brings_judges, example_findings
from itsm_as_code.gate.open_changes import OpenChanges, open_changes
from itsm_as_code.gate.paths import changed_paths
from itsm_as_code.gate.proposal import fields_beside, gravest, proposed_at
from itsm_as_code.gate.reviews import Verdicts, latest_reviews
from itsm_as_code.gate.scope import MatchedRule, PathChange, RuleMatcher, Scope
from itsm_as_code.gate.seats import Approval, settle
from itsm_as_code.gate.standing import settled
from itsm_as_code.gate.statements import PullRequestIdentity, Signed, check_statements
from itsm_as_code.gate.suggestions import suggest
from itsm_as_code.git.repository import Commit, MergeConflict, Repository, Revision
from itsm_as_code.measures.risk import Risk
from itsm_as_code.measures.risk_factors import Proposal
from itsm_as_code.policies.cel import Context, Environment
from itsm_as_code.policies.engine import PolicyEngine
from itsm_as_code.policies.waivers import resolve
from itsm_as_code.records.catalogue import Catalogue, Record
from itsm_as_code.records.diff import RecordDiff, diff_catalogues
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.lifecycle import transition_of
from itsm_as_code.records.positions import place_findings
from itsm_as_code.records.sources import Sources
from itsm_as_code.records.stored import StoredRecords
from itsm_as_code.validation import (
    Focus,
    Judges,
    Validation,
    assess_catalogue,
    built_in_rules,
    load_judged,
    load_judges,
)

RULES = (*guard.RULES, *lane.RULES)


def judge(
    repository: Repository,
    base: str,
    head: str,
    pull_request: PullRequest,
    now: datetime,
    stored: StoredRecords | None = None,
) -> Decision:
    """The decision on merging ``head`` into ``base`` at ``now``; the same arguments give the same bytes for ever.

    ``stored`` are records of the base that earlier runs read; the decision is the same without. Raises ItsmError when
    judging is not possible (an unknown revision, a shallow clone).
    """
    base_commit, head_commit = repository.commit(base), repository.commit(head)
    try:
        return open_judgement(repository, base_commit, head_commit, pull_request, now, stored).decide()
    except MergeConflict as conflict:
        return evidence.conflict(base_commit, head_commit, pull_request, now, conflict)


def open_judgement(
    repository: Repository,
    base: str,
    head: str,
    pull_request: PullRequest,
    now: datetime,
    stored: StoredRecords | None = None,
) -> Judgement:
    """The judgement itself, for those who want more of it than the decision. ItsmError; MergeConflict where one is."""
    base_commit, head_commit = repository.commit(base), repository.commit(head)
    check_agreement(repository, base_commit, head_commit, pull_request)
    _ = repository.snapshot(head_commit).entries  # a malformed tree, which merging would tidy up, is not judged
    candidate = repository.merge_tree(base_commit, head_commit)
    return Judgement(repository, base_commit, head_commit, candidate, pull_request, now, stored)


@dataclass(frozen=True)
class Judgement:
    """One judgement on its way: each step is worked out once, from the steps before it."""

    repository: Repository
    base: str
    head: str
    candidate: str
    pull_request: PullRequest
    now: datetime
    stored: StoredRecords | None = None

    # What judges, and what is judged.

    @cached_property
    def base_snapshot(self) -> Revision:
        return self.repository.snapshot(self.base)

    @cached_property
    def judges(self) -> Judges:
        # Of the base alone: what a pull request brings is always read from its files, and never remembered.
        return load_judges(self.base_snapshot, self.stored)

    @cached_property
    def base_validation(self) -> Validation:
        """What stood on the base already of what is judged here; of checks, those that say something of the rest."""
        focus = self.focus
        if focus is not None:
            others = {item.rule for item in self.validation.findings if item.record not in self.touched}
            focus = replace(focus, checks=others | {"calendar-readable"})
        return assess_catalogue(self.judges.catalogue, self.judges, self.now, focus=focus)

    @cached_property
    def focus(self) -> Focus | None:
        """The records on which the verdict may change; None, for all, when what judges is touched."""
        if brings_judges(self.touched, self.changed_paths):
            return None
        engine = PolicyEngine(self.judges.catalogue, self.judges.configuration.policies, self.base_facts, self.now)
        records = affected(self.judges.catalogue, self.catalogue, self.touched, engine)
        return Focus(records, paths=self.changed_paths)

    @cached_property
    def catalogue(self) -> Catalogue:
        return load_judged(self.candidate_snapshot, self.judges)

    @cached_property
    def candidate_snapshot(self) -> Revision:
        return self.repository.snapshot(self.candidate)

    @cached_property
    def diffs(self) -> list[RecordDiff]:
        """Record diffs; a record file whose text changed and whose meaning did not is a diff without fields."""
        found = {diff.id: diff for diff in diff_catalogues(self.judges.catalogue, self.catalogue)}
        for path in self.changed_paths:
            record = self.catalogue.by_path.get(path)
            if record is not None and record.id not in found:
                found[record.id] = RecordDiff(record.id, self.judges.catalogue.records.get(record.id), record, ())
        return sorted(found.values(), key=lambda diff: (diff.id.kind, diff.id.name))

    @cached_property
    def changed_paths(self) -> dict[str, str]:
        return changed_paths(self.base_snapshot.entries, self.candidate_snapshot.entries)

    @cached_property
    def other_paths(self) -> list[PathChange]:
        """Changed paths that no record diff stands for."""
        of_records = {path for diff in self.diffs for path in diff.paths}
        return [
            PathChange(path, action) for path, action in sorted(self.changed_paths.items()) if path not in of_records
        ]

    @cached_property
    def touched(self) -> frozenset[RecordId]:
        return frozenset(diff.id for diff in self.diffs)

    @cached_property
    def guarded_facts(self) -> Facts:
        """What changes are judged by."""
        return guarded_facts(self.judges.catalogue, self.catalogue, strict=True)

    @cached_property
    def base_facts(self) -> Facts:
        return Facts.of(self.judges.catalogue)

    @cached_property
    def incoming(self) -> Incoming | None:
        """The judges that the pull request brings, if it touches any."""
        brings = brings_judges(self.touched, self.changed_paths)
        contexts = contexts_of(self.diffs, self.request)
        return Incoming(self.candidate_snapshot, self.now, contexts) if brings else None

    @cached_property
    def changes(self) -> list[Record]:
        """The Change records that the pull request adds or modifies."""
        return [diff.new for diff in self.diffs if diff.id.kind == "Change" and diff.new is not None and diff.new.valid]

    @cached_property
    def risks(self) -> dict[RecordId, Risk]:
        """The risk of each changed Change: the graver of what the candidate's and the base's facts give."""
        return {diff.id: risk for diff in self.diffs if (risk := self._risk_of(diff)) is not None}

    def _risk_of(self, diff: RecordDiff) -> Risk | None:
        if diff.id.kind != "Change" or diff.new is None or not diff.new.valid:
            return None
        both = (self.guarded_facts, Facts.of(self.catalogue))
        proposal = Proposal(proposed_at(diff, self.now), fields_beside(self.diffs, self.other_paths))
        return gravest(diff.new, both, self.now, self.judges.configuration.risk_table, proposal)

    # What the rules say.

    @cached_property
    def world(self) -> World:
        """What changes could collide with; other pull requests are read where there is a change to collide."""
        others = OpenChanges()
        if any(planned_window(record.data) for record in self.changes):
            open_now = self.pull_request.open_pull_requests
            others = open_changes(self.repository, self.base, self.head, open_now, self.judges.registry["Change"])
        rules = World.of(self.judges.catalogue, self.judges.configuration, self.now)
        return replace(rules, facts=Facts.of(self.catalogue), judged=self.guarded_facts, others=others)

    @cached_property
    def conflicts(self) -> list[Conflict]:
        return [item for record in self.changes for item in conflicts_of(record.data, self.world)]

    @cached_property
    def request(self) -> dict[str, Any]:
        author = self.directory.by_author(self.pull_request.author or "")
        conflicts = [{"kind": item.kind, "change": item.change, "with": item.other} for item in self.conflicts]
        return {"author": author, "base": self.base, "head": self.head, "conflicts": conflicts}

    def _context(self, diff: RecordDiff) -> dict[str, Any]:
        risk = self.risks.get(diff.id) or self._risk_of(diff)  # of a change that was reviewed and is no longer here
        change = self.changes[0] if len(self.changes) == 1 else None
        data = risk.as_data() if risk else None
        return {"old": diff.old, "change": change, "request": self.request, "risk": data}

    @cached_property
    def validation(self) -> Validation:
        contexts = {diff.id: self._context(diff) for diff in self.diffs}
        return assess_catalogue(self.catalogue, self.judges, self.now, contexts, self.focus)

    @cached_property
    def guarded_findings(self) -> list[Finding]:
        """What the rules say of the changed records with the freezes, people and models of the base."""
        others = guarded_facts(self.judges.catalogue, self.catalogue, strict=False)
        settings = self.judges.configuration.policies
        for_changes = PolicyEngine(self.judges.catalogue, settings, self.guarded_facts, self.now)
        for_others = PolicyEngine(self.judges.catalogue, settings, others, self.now)
        found: list[Finding] = []
        for diff in self.diffs:
            if diff.new is not None and diff.new.valid:
                engine = for_changes if diff.id.kind == "Change" else for_others
                judged = engine.judge(diff.new, **self._context(diff))
                found += [finding for _, finding in judged if finding is not None]
        if self.changes:
            situation = Situation(self.now, self.judges.configuration)
            found += [
                finding
                for finding in run_checks(self.guarded_catalogue, self.guarded_facts, situation)
                if finding.record is not None and finding.record.kind == "Change" and finding.record in self.touched
            ]
            found += lane.budget_findings(self.diffs, self.lane)
        return resolve(found, self.judges.catalogue, waivable_ids(), built_in_rules(), self.now).findings

    @cached_property
    def guarded_catalogue(self) -> Catalogue:
        """A catalogue whose records are those that the guarded facts speak of, so that checks can point into them."""
        return Catalogue(
            self.catalogue.snapshot,
            self.judges.registry,
            {**self.judges.catalogue.records, **self.catalogue.records},
            [],
        )

    @cached_property
    def step_findings(self) -> list[Finding]:
        deletions = Deletions(self.scope.deletable, renamed(self.diffs), self.candidate_snapshot.entries)
        return [
            finding for diff in self.diffs for finding in step_findings(diff, deletions, self.guarded_facts, self.now)
        ]

    @cached_property
    def example_findings(self) -> list[Finding]:
        """What is wrong with the examples of the policies that the pull request touches."""
        settings = (self.incoming and self.incoming.configuration) or self.judges.configuration
        return example_findings(self.catalogue, settings.policies, self.touched, self.changed_paths)

    @cached_property
    def lane(self) -> lane.Situation:
        return lane.Situation(self.guarded_facts, self.base_facts, self.now, self.judges.configuration)

    @cached_property
    def sources(self) -> Sources:
        return self.judges.catalogue.sources() | self.catalogue.sources()

    @cached_property
    def findings(self) -> list[Finding]:
        """All findings; those that stand on the base and that the pull request does not touch are marked known."""
        own = self.incoming.findings(self.touched) if self.incoming else []
        lanes = lane.lane_findings(self.diffs, self.lane)
        found = [*self.guarded_findings, *self.step_findings, *self.example_findings, *lanes, *own]
        extra = place_findings(found, self.sources)
        before = self.base_validation.findings
        return settled([*self.validation.findings, *extra], before, self.touched, self.changed_paths)

    # Who approves.

    @cached_property
    def directory(self) -> Directory:
        return Directory(self.base_facts, self.now, self.pull_request.forge, self.pull_request.accounts)

    @cached_property
    def contributors(self) -> tuple[frozenset[str], tuple[Reason, ...]]:
        """Everybody who wrote or pushed, and a reason for each identity that is nobody we know."""
        return contributors(self.pull_request, self.commits.values(), self.directory)

    @cached_property
    def commits(self) -> dict[str, Commit]:
        """The commits of the pull request by id, oldest first."""
        return {commit.sha: commit for commit in self.repository.commits(self.base, self.head)}

    @cached_property
    def scope(self) -> Scope:
        return self._scope_of(self.diffs, self.other_paths)

    def _scope_of(self, diffs: Sequence[RecordDiff], paths: Sequence[PathChange]) -> Scope:
        """The approval rules of the base that a difference meets: the one that is judged, or one that was reviewed."""
        policies = self.judges.catalogue.of_kind("ApprovalPolicy")
        sides = [(diff, self._activation(diff, diff.new), self._activation(diff, diff.old)) for diff in diffs]
        return RuleMatcher(policies, self.environment).match(sides, paths)

    @cached_property
    def environment(self) -> Environment:
        """What approval rules are evaluated in."""
        return Environment(self.guarded_facts, self.now)

    def _activation(self, diff: RecordDiff, side: Record | None) -> Any:
        if side is None:
            return None
        context = self._context(diff)
        change = context["change"]
        return self.environment.activation(
            Context(
                object=side.data,
                now=self.now,
                old=diff.old.data if diff.old else None,
                change=change.data if change else None,
                risk=context["risk"],
                request=context["request"],
            )
        )

    @cached_property
    def verdicts(self) -> Verdicts:
        reviews = (*self.pull_request.reviews, *self.signed.reviews)
        found = latest_reviews(reviews, self.directory, self.now, self.contributors[0])
        return replace(found, ignored=(*found.ignored, *self.signed.ignored))

    @cached_property
    def signed(self) -> Signed:
        """What signed statements give: checked against the keys that the base knows."""
        if not self.pull_request.statements:
            return Signed()
        identity = PullRequestIdentity(
            self.repository, self.base, self.head, self.candidate, frozenset(self.commits), self.subjects
        )
        statements = self.pull_request.statements
        return check_statements(statements, identity, self.base_facts, self.judges.registry, self.now)

    @property
    def subjects(self) -> frozenset[str]:
        """The records and paths that the pull request changes."""
        return frozenset([*(str(diff.id) for diff in self.diffs), *self.changed_paths])

    @cached_property
    def approvals(self) -> list[Approval]:
        settled = [
            settle(rule, self.verdicts, self.contributors[0], self.directory, self.guarded_facts, self.binding.voided)
            for rule in self._with_own(self.diffs, self.scope)
        ]
        vetoes = {item.person for item in self.verdicts.vetoes}
        unknown = {name for name in self.directory.everyone() if not self.directory.can_be_recognised(name)}
        suggested = suggest(settled, vetoes | unknown)
        return explain(suggested, self.contributors[0], vetoes, self.directory, self.base_facts)

    @cached_property
    def binding(self) -> Binding:
        """What compares the differences that reviewers saw with the one that is judged."""
        merge = Merge(self.repository, self.base, self.head, self.judges.catalogue, self.catalogue)
        return Binding(merge, lambda diffs, paths: self._with_own(diffs, self._scope_of(diffs, paths)))

    def _with_own(self, diffs: Sequence[RecordDiff], scope: Scope) -> tuple[MatchedRule, ...]:
        author = self.directory.by_author(self.pull_request.author or "")
        return (*scope.rules, *lane.own_rules(diffs, scope.rules, self.base_facts, author))

    # The verdict.

    @cached_property
    def rejections(self) -> list[Reason]:
        """Why no approval could help: something has to be mended first."""
        return reasons.rejections(self)

    @cached_property
    def missing(self) -> list[Reason]:
        """What approvals are still to come."""
        return reasons.missing(self)

    def decide(self) -> Decision:
        """The verdict, by positive assertion: approved only when nothing speaks against it and rules were met."""
        found = [*self.rejections, *self.missing]
        verdict = "rejected" if self.rejections else "pending" if self.missing else "approved"
        known = tuple(finding for finding in self.findings if finding.known)
        own = tuple(finding for finding in self.findings if not finding.known)
        data = evidence.collect(self, verdict, found)
        return Decision(verdict, tuple(found), data, own, known, self.sources)

    def transitions(self) -> list[Any]:
        return [step for diff in self.diffs if (step := transition_of(diff)) is not None]


__all__ = ["RULES", "Judgement", "judge"]
