"""gate: base, head -> candidate -> findings -> approvals -> decision, each worked out from those before it."""

from __future__ import annotations

from datetime import datetime

from itsm_as_code.forges.interface import PullRequest
from itsm_as_code.gate import evidence, guard, lane
from itsm_as_code.gate.approvals import Approvals, approvals_of
from itsm_as_code.gate.candidate import Candidate, InARow, read_candidate
from itsm_as_code.gate.decision import Decision
from itsm_as_code.gate.findings import Findings, findings_of
from itsm_as_code.gate.history import History
from itsm_as_code.gate.outline import Outline
from itsm_as_code.gate.outlining import outline_of
from itsm_as_code.gate.reasons import missing, rejections
from itsm_as_code.gate.root import at_root, nothing_to_judge, root_reasons
from itsm_as_code.git.repository import MergeConflict, Repository
from itsm_as_code.records.lazy import NOT_ENOUGH
from itsm_as_code.records.stored import StoredRecords

RULES = (*guard.RULES, *lane.RULES)


def evaluate(
    repository: Repository,
    base: str,
    head: str,
    pull_request: PullRequest,
    now: datetime,
    stored: StoredRecords | None = None,
    *,
    outlined: bool = True,
) -> Decision:
    """The decision on merging ``head`` into ``base`` at ``now``; the same arguments give the same bytes for ever.

    ``stored`` are records of the base that earlier runs read; the decision is the same without. Where nobody reads its
    outline, that is not worked out: ``outlined`` is False. Raises ItsmError when judging is not possible (an unknown
    revision, a shallow clone).
    """
    repository.expect_merge()
    base_commit, head_commit = repository.commit(base), repository.commit(head)
    repository = at_root(repository, base_commit)
    asked = repository, base_commit, head_commit, pull_request, now, stored
    try:
        if stored is not None and not isinstance(stored, InARow):
            try:
                return decide(read_candidate(*asked, by_index=True), repository, outlined=outlined)
            except NOT_ENOUGH as why:
                stored.cache.passed_over = f"all records are read, for the index does not say enough: {why}"
        return decide(read_candidate(*asked), repository, outlined=outlined)
    except MergeConflict as conflict:
        return evidence.conflict(base_commit, head_commit, pull_request, now, conflict)


def decide(candidate: Candidate, history: History, *, outlined: bool = True) -> Decision:
    """The decision on a candidate: plain values in, a plain value out; ``history`` may be one in memory."""
    findings = findings_of(candidate, for_controls=outlined)
    return decision_of(candidate, findings, approvals_of(candidate, findings, history), outlined=outlined)


def decision_of(candidate: Candidate, findings: Findings, approvals: Approvals, *, outlined: bool = True) -> Decision:
    """The verdict, by positive assertion: approved only when nothing speaks against it and rules were met."""
    rejected, pending = rejections(candidate, findings, approvals), missing(candidate, findings, approvals)
    before, after = candidate.rule_set.catalogue.snapshot, candidate.catalogue.snapshot
    misplaced = list(root_reasons(before, after, candidate.rule_set.registry))
    elsewhere = None if misplaced else nothing_to_judge(before, after, candidate.changed_paths)
    rejected, pending = ([], []) if elsewhere else ([*misplaced, *rejected], pending)
    reasons = (elsewhere,) if elsewhere else (*rejected, *pending)
    verdict = "rejected" if rejected else "pending" if pending else "approved"
    data = evidence.collect(candidate, findings, approvals, verdict, reasons)
    own = tuple(finding for finding in findings.all if not finding.known)
    sources = candidate.sources.held(finding.location.path for finding in own)
    outline = outline_of(candidate, findings, approvals) if outlined else Outline()
    return Decision(verdict, reasons, data, own, sources, outline)


__all__ = ["RULES", "decide", "decision_of", "evaluate"]
