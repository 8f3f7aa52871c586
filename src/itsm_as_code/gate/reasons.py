"""Why a verdict is not ``approved``: what has to be mended first, and which approvals are still to come."""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterator, Sequence
from itertools import count
from typing import Final

from itsm_as_code.forges.interface import PullRequest
from itsm_as_code.gate.approvals import Approvals
from itsm_as_code.gate.candidate import Candidate
from itsm_as_code.gate.decision import Reason
from itsm_as_code.gate.findings import Findings
from itsm_as_code.gate.guard import uncompilable, unusable
from itsm_as_code.gate.paths import refused_paths
from itsm_as_code.gate.scope import Uncovered
from itsm_as_code.git.root import Rooted
from itsm_as_code.policies.affected import JUDGING_KINDS
from itsm_as_code.records.catalogue import Record
from itsm_as_code.records.kind_schema import has_field
from itsm_as_code.records.kinds import KindRegistry


def rejections(candidate: Candidate, findings: Findings, approvals: Approvals) -> list[Reason]:
    """Why no approval could help: something has to be mended first."""
    reasons: list[Reason] = []
    if not candidate.changed_paths:
        reasons.append(Reason("empty", "the pull request changes nothing against its base"))
    if not findings.before.policies:
        how = "merge one first, or switch on a policy pack in itsm.yaml"
        reasons.append(Reason("no-policy", f"the base has no policy, so nothing could be judged; {how}"))
    policies = candidate.rule_set.catalogue.of_kind("ApprovalPolicy")
    if not policies:
        how = "merge one first, such as 'itsm init' writes"
        reasons.append(Reason("no-approval-policy", f"the base has no approval policy, so nobody could approve; {how}"))
    broken = unusable(findings.before.findings, candidate.rule_set.registry)
    how = "mend it on the base first, in a pull request of its own"
    reasons += [Reason("judges-unusable", f"{item.location}: {item.message}; {how}") for item in broken]
    unclear = uncompilable(policies, findings.context.environment)
    reasons += [Reason("judges-unusable", f"{message}; {how}") for message in unclear]
    reasons += findings.incoming.reasons if findings.incoming else []
    snapshot = candidate.catalogue.snapshot
    outer = snapshot.outer if isinstance(snapshot, Rooted) else ""
    reasons += refused_paths(candidate.changed_paths, snapshot.entries, candidate.rule_set.registry, outer)
    guard = "guard optional fields with has() in its `where`, or complete the record"
    reasons += [Reason("approval-rule-error", f"{message}; {guard}") for message in findings.scope.errors]
    reasons += approvals.unresolved
    blocking = findings.blocking
    for rule in sorted({finding.rule for finding in blocking}):
        count = sum(finding.count for finding in blocking if finding.rule == rule)
        first = next(finding for finding in blocking if finding.rule == rule)
        more = f" (and {count - 1} more)" if count > 1 else ""
        reasons.append(Reason(f"finding:{rule}", f"{first.location}: {first.message}{more}"))
    unread = {finding.location.path for finding in blocking if finding.rule.startswith(_NO_RECORD)}
    return [*reasons, *_not_covered(candidate, findings, policies, unread)]


_NO_RECORD: Final = ("yaml-", "file-", "record-kind", "record-unique", "record-folder")
"""Rules that say why a file holds no record."""


def _not_covered(
    candidate: Candidate, findings: Findings, policies: Sequence[Record], unread: Container[str]
) -> Iterator[Reason]:
    """A reason for each rule that would have to be added; a file that cannot be read needs none, but mending."""
    taken = {rule["name"] for policy in policies for rule in policy.spec["rules"]}
    by_rule: dict[str, list[Uncovered]] = {}
    for item in findings.scope.uncovered:
        if item.path not in unread or candidate.changed_paths.get(item.path) == "deleted":
            by_rule.setdefault(_rule_for(item, candidate.rule_set.registry, taken), []).append(item)
    for rule, items in by_rule.items():
        more = f" and {len(items) - _SHOWN} more" if len(items) > _SHOWN else ""
        listed = ", ".join(map(str, items[:_SHOWN])) + more
        place = policies[0].path if policies else f"{candidate.rule_set.registry['ApprovalPolicy'].folder}/default.yaml"
        where = f"add to spec.rules of {place}, in a pull request of its own"
        yield Reason("not-covered", f"no approval rule covers {listed}; {where}: - {rule}")


_SHOWN: Final = 5
_OWNED: Final = ("owner", "service", "services")


def _rule_for(item: Uncovered, registry: KindRegistry, taken: Container[str]) -> str:
    """The approval rule that would cover something, in YAML; whom it asks is a proposal."""
    kind = registry.kinds.get(item.kind or "")
    top, slash, _ = item.path.partition("/")
    if kind is None:
        name, match = _slug(top), f"paths: [{json.dumps(f'{top}/**' if slash else item.path, ensure_ascii=False)}]"
        rule_set = top in ("schemas", ".github", ".gitlab", ".gitea", ".forgejo", ".itsm", "ci") or item.path in (
            "itsm.yaml",
            ".gitlab-ci.yml",
        )
        source = "role: governance" if rule_set else "anyone: true"
    else:
        name, match = kind.plural, f"kinds: [{kind.name}]"
        match += f", fields: [{json.dumps(item.field, ensure_ascii=False)}]" if item.field else ""
        owned = any(has_field(kind.schema, f"/spec/{name}") for name in _OWNED) or kind.name in ("Service", "Team")
        source = "role: governance" if kind.name in JUDGING_KINDS else "owners: self" if owned else "anyone: true"
    name = next(name for number in count(1) if (name := f"{name}-{number}" if number > 1 else name) not in taken)
    return f"{{name: {name}, match: {{{match}}}, approvals: [{{from: {{{source}}}, count: 1}}]}}"


def _slug(text: str) -> str:
    return re.sub("[^a-z0-9]+", "-", text.casefold())[:50].strip("-") or "others"


def not_ready(pull_request: PullRequest) -> list[Reason]:
    """Nobody asks for a verdict on a draft, whoever approved it."""
    return [Reason("draft", "the pull request is a draft; mark it as ready for review")] if pull_request.draft else []


def missing(candidate: Candidate, findings: Findings, approvals: Approvals) -> list[Reason]:
    """What approvals are still to come."""
    reasons = [Reason("changes-requested", f"{item.person} asks for changes") for item in approvals.reviews.vetoes]
    reasons += not_ready(candidate.pull_request)
    if not approvals.required:
        reasons.append(Reason("no-rule", "no approval rule matched, so nothing was approved"))
    broken = (*_NO_RECORD, "record-schema")
    unread = {item.record for item in findings.blocking if item.rule.startswith(broken)}
    for approval in approvals.required:
        records = [diff.id for diff in approval.rule.records]
        if records and not approval.rule.paths and unread.issuperset(records):
            continue  # who has to approve them can be told once they can be read
        for requirement in approval.required:
            if requirement.missing > 0:
                who = f"; ask {', '.join(requirement.suggested)}" if requirement.suggested else ""
                why = f"; {requirement.hindrance}" if requirement.hindrance else ""
                many = "approval" if requirement.missing == 1 else "approvals"
                missing = f"{requirement.missing} {many} missing from {requirement.label}"
                message = f"{approval.rule.name}: {missing}{who}{why}"
                reasons.append(Reason("approval-missing", message, requirement.suggested))
    return reasons
