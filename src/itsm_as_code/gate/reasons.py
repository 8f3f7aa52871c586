"""Why a verdict is not ``approved``: what has to be mended first, and which approvals are still to come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from itsm_as_code.gate.decision import Reason
from itsm_as_code.gate.guard import uncompilable, unusable
from itsm_as_code.gate.paths import refused_paths

if TYPE_CHECKING:
    from itsm_as_code.forges.interface import PullRequest
    from itsm_as_code.gate.judge import Judgement


def rejections(judgement: Judgement) -> list[Reason]:
    """Why no approval could help: something has to be mended first."""
    reasons: list[Reason] = []
    if not judgement.changed_paths:
        reasons.append(Reason("empty", "the pull request changes nothing"))
    if not judgement.base_validation.policies:
        reasons.append(Reason("no-policy", "the base has no policy, so nothing could be judged"))
    policies = judgement.judges.catalogue.of_kind("ApprovalPolicy")
    if not policies:
        reasons.append(Reason("no-approval-policy", "the base has no approval policy, so nobody could approve"))
    broken = unusable(judgement.base_validation.findings, judgement.judges.registry)
    reasons += [Reason("judges-unusable", f"{item.location}: {item.message}") for item in broken]
    reasons += [Reason("judges-unusable", message) for message in uncompilable(policies, judgement.environment)]
    reasons += judgement.incoming.reasons if judgement.incoming else []
    reasons += refused_paths(judgement.changed_paths, judgement.candidate_snapshot.entries, judgement.judges.registry)
    reasons += [Reason("approval-rule-error", message) for message in judgement.scope.errors]
    reasons += judgement.contributors[1]
    blocking = [finding for finding in judgement.findings if finding.blocks]
    for rule in sorted({finding.rule for finding in blocking}):
        count = sum(finding.count for finding in blocking if finding.rule == rule)
        first = next(finding for finding in blocking if finding.rule == rule)
        more = f" (and {count - 1} more)" if count > 1 else ""
        reasons.append(Reason(f"finding:{rule}", f"{first.location}: {first.message}{more}"))
    for path, what in judgement.scope.uncovered:
        subject = what or path
        reasons.append(
            Reason(
                "not-covered",
                f"no approval rule covers {subject} ({path})" if what else f"no approval rule covers {path}",
            )
        )
    return reasons


def not_ready(pull_request: PullRequest) -> list[Reason]:
    """Nobody asks for a verdict on a draft, whoever approved it."""
    return [Reason("draft", "the pull request is a draft; mark it as ready for review")] if pull_request.draft else []


def missing(judgement: Judgement) -> list[Reason]:
    """What approvals are still to come."""
    reasons = [Reason("changes-requested", f"{item.person} asks for changes") for item in judgement.verdicts.vetoes]
    reasons += not_ready(judgement.pull_request)
    if not judgement.approvals:
        reasons.append(Reason("no-rule", "no approval rule matched, so nothing was approved"))
    for approval in judgement.approvals:
        for requirement in approval.required:
            if requirement.missing > 0:
                who = f"; ask {', '.join(requirement.suggested)}" if requirement.suggested else ""
                why = f"; {requirement.hindrance}" if requirement.hindrance else ""
                many = "approval" if requirement.missing == 1 else "approvals"
                missing = f"{requirement.missing} {many} missing from {requirement.label}"
                message = f"{approval.rule.name}: {missing}{who}{why}"
                reasons.append(Reason("approval-missing", message))
    return reasons
