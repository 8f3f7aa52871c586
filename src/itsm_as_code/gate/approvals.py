"""The approvals of a candidate: whom its rules ask, whose word counts, and what is still missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from itsm_as_code.gate.agreed import measured_rules, rename_rules, tool_rules
from itsm_as_code.gate.binding import Binding, Merge
from itsm_as_code.gate.candidate import Candidate
from itsm_as_code.gate.decision import Reason
from itsm_as_code.gate.doors import came_in
from itsm_as_code.gate.findings import Findings
from itsm_as_code.gate.history import History
from itsm_as_code.gate.identities import contributors
from itsm_as_code.gate.lane import own_rules
from itsm_as_code.gate.reviews import Verdicts, latest_reviews
from itsm_as_code.gate.scope import MatchedRule, PathChange, Scope
from itsm_as_code.gate.seats import Approval, settle
from itsm_as_code.gate.signed_approvals import PullRequestIdentity, Signed, check_signed_approvals
from itsm_as_code.gate.suggestions import explain, suggest
from itsm_as_code.records.diff import RecordDiff
from itsm_as_code.records.lifecycle_path import with_steps
from itsm_as_code.service_levels.measurements.load import taken_back


@dataclass(frozen=True, slots=True)
class Approvals:
    """``contributors`` wrote or pushed; ``unresolved`` has a reason for each identity that is nobody we know.

    ``reviews`` are the latest words of each person, signed ones included, and those that count for nothing;
    ``required`` is what each rule that is met asks for, who gave it, who did not count, and whom to ask.
    """

    contributors: frozenset[str]
    unresolved: tuple[Reason, ...]
    signed: Signed
    reviews: Verdicts
    required: tuple[Approval, ...]


def approvals_of(candidate: Candidate, findings: Findings, history: History) -> Approvals:
    """Who approves; ``history`` is asked for what reviewers and signers saw, and only where somebody spoke."""
    wrote, unknown_writers = contributors(candidate.pull_request, candidate.commits, candidate.directory)
    doors = candidate.rule_set.configuration.doors
    submitted, unvouched = came_in(candidate.pull_request, candidate.commits, candidate.directory, doors)
    authors, unresolved = wrote | submitted, (*unknown_writers, *unvouched)
    signed = _signed(candidate, history)
    found = latest_reviews(
        (*candidate.pull_request.reviews, *signed.reviews), candidate.directory, candidate.now, authors
    )
    reviews = replace(found, ignored=(*found.ignored, *signed.ignored))
    voided = binding_of(candidate, findings, history).voided
    rules = _with_own(candidate, candidate.diffs, candidate.other_paths, findings.scope)
    settled = [
        settle(rule, reviews, authors, candidate.directory, candidate.guarded_facts, voided)
        for rule in (*rules, *rename_rules(candidate.rename))
    ]
    vetoes = {item.person for item in reviews.vetoes}
    everyone = candidate.directory.everyone()
    unknown = {name for name in everyone if not candidate.directory.can_be_recognised(name)}
    suggested = suggest(settled, vetoes | unknown)
    required = explain(suggested, authors, vetoes, candidate.directory, candidate.base_facts)
    return Approvals(authors, unresolved, signed, reviews, tuple(required))


def binding_of(candidate: Candidate, findings: Findings, history: History) -> Binding:
    """What compares the differences that reviewers saw with the one that is judged."""

    def met(diffs: Sequence[RecordDiff], paths: Sequence[PathChange]) -> tuple[MatchedRule, ...]:
        return _with_own(candidate, diffs, paths, findings.context.scope_of(diffs, paths))

    merge = Merge(history, candidate.base, candidate.head, candidate.rule_set.catalogue, candidate.catalogue)
    return Binding(merge, met)


def _signed(candidate: Candidate, history: History) -> Signed:
    """What signed statements give: checked against the keys that the base knows."""
    statements = candidate.pull_request.statements
    if not statements:
        return Signed()
    ids = frozenset(commit.sha for commit in candidate.commits)
    identity = PullRequestIdentity(history, candidate.base, candidate.head, candidate.tree, ids, candidate.subjects)
    return check_signed_approvals(
        statements, identity, candidate.base_facts, candidate.rule_set.registry, candidate.now
    )


def _with_own(
    candidate: Candidate, diffs: Sequence[RecordDiff], paths: Sequence[PathChange], scope: Scope
) -> tuple[MatchedRule, ...]:
    """The rules of the base, and those of the gate's own: on what a record becomes, and on each step to there."""
    own = own_rules(list(with_steps(diffs)), scope.rules, candidate.base_facts, candidate.author)
    whole = {diff.id: diff for diff in diffs}
    joined: dict[tuple[str, tuple[RecordDiff, ...]], MatchedRule] = {}
    for rule in own:
        records = tuple(whole[diff_id] for diff_id in dict.fromkeys(diff.id for diff in rule.records))
        fields = tuple((diff, diff.fields) for diff in records)
        joined.setdefault((rule.name, records), replace(rule, records=records, fields=fields))
    rules, changed = candidate.rule_set, {change.path for change in paths}
    measured = taken_back(rules.catalogue.snapshot, candidate.catalogue.snapshot, rules.configuration.raw, changed)
    return (*scope.rules, *joined.values(), *tool_rules(paths), *measured_rules(measured))
