"""From the values of an evaluation to plain JSON data: what the decision rests on, complete and in a fixed order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from itertools import pairwise
from typing import Any

from itsm_as_code import clock
from itsm_as_code.findings import RecordId
from itsm_as_code.forges.interface import PullRequest
from itsm_as_code.forges.local import pull_request_data
from itsm_as_code.gate.approvals import Approvals
from itsm_as_code.gate.candidate import Candidate
from itsm_as_code.gate.conflicts import next_free_slot
from itsm_as_code.gate.decision import SCHEMA, Decision, Reason, error_decision, plain
from itsm_as_code.gate.findings import Findings
from itsm_as_code.gate.guard import policy_digest
from itsm_as_code.gate.lane import lane_instants
from itsm_as_code.gate.promises import as_evidence
from itsm_as_code.gate.seats import Approval
from itsm_as_code.git.repository import MergeConflict
from itsm_as_code.policies.policy import policies_of
from itsm_as_code.records.diff import show_fields
from itsm_as_code.records.lifecycle import Transition, transition_of


def collect(
    candidate: Candidate, findings: Findings, approvals: Approvals, verdict: str, reasons: Sequence[Reason]
) -> dict[str, Any]:
    """The evidence of a decision."""
    data = {
        "schema": SCHEMA,
        "verdict": verdict,
        "reasons": [{"code": reason.code, "message": reason.message} for reason in reasons],
        "base": candidate.base,
        "head": candidate.head,
        "candidate": candidate.tree,
        "now": clock.format_instant(candidate.now),
        "policyDigest": policy_digest(candidate.rule_set.catalogue),
        "validUntil": _valid_until(candidate, findings, approvals),
        "pullRequest": _pull_request(candidate, approvals),
        "records": [
            {
                "kind": diff.id.kind,
                "name": diff.id.name,
                "path": diff.record.path,
                "action": diff.action.value,
                "fields": show_fields(diff.fields),
                **({"was": diff.old.name} if diff.old is not None and diff.old.name != diff.id.name else {}),
            }
            for diff in (*candidate.diffs, *candidate.carried)
        ],
        "paths": [{"path": change.path, "action": change.action} for change in candidate.other_paths],
        "risk": [_risk(record_id, risk) for record_id, risk in sorted(findings.context.risks.items(), key=str)],
        "affected": _affected(candidate),
        "conflicts": _conflicts(findings),
        "nextFreeSlot": _next_free_slots(candidate, findings),
        "transitions": [row for diff in candidate.diffs for row in _steps(transition_of(diff))],
        "approvals": [_approval(approval) for approval in approvals.required],
        "findings": [finding.as_data() for finding in findings.all if not finding.known],
        "known": [finding.as_data() for finding in findings.all if finding.known],
        "waivers": _waivers(candidate, findings),
        "policyImpact": _impact(candidate, findings),
    }
    if findings.context.promises:
        data["promises"] = [as_evidence(shift) for shift in findings.context.promises]
    found: dict[str, Any] = plain(data)
    return found


def conflict(base: str, head: str, pull_request: PullRequest, now: datetime, problem: MergeConflict) -> Decision:
    """The decision on a pull request that does not merge: rejected, before anything could be judged."""
    reason = Reason(problem.code, f"{problem.message}; {problem.remedy}")
    blank = error_decision(problem.code, reason.message, clock.format_instant(now), base, head)
    about = pull_request_data(replace(pull_request, statements=()))
    data = {**blank.evidence, "verdict": "rejected", "pullRequest": about}
    return Decision("rejected", (reason,), plain(data))


def _steps(transition: Transition | None) -> Iterator[dict[str, Any]]:
    """A row for each step of a record; where paths are equally short, their states are told together."""
    if transition is not None:
        path = transition.path
        entered = [" or ".join(layer) for layer in path.layers] if path is not None else [transition.new]
        states = [transition.old, *entered]
        for before, after in pairwise(states):
            yield {"record": _record(transition.record), "from": before, "to": after, "allowed": transition.allowed}


def _impact(candidate: Candidate, findings: Findings) -> list[dict[str, Any]]:
    if findings.incoming is None:
        return []
    return [shift.as_data() for shift in findings.incoming.impact(candidate.catalogue, candidate.rule_set)]


def _record(record_id: RecordId) -> dict[str, str]:
    return {"kind": record_id.kind, "name": record_id.name}


def _pull_request(candidate: Candidate, approvals: Approvals) -> dict[str, Any]:
    """All that was known of the pull request, so that the judgement can be repeated, and who contributed to it."""
    related = replace(candidate.pull_request, statements=approvals.signed.related)
    return {**pull_request_data(related), "contributors": sorted(approvals.contributors)}


def _risk(record_id: RecordId, risk: Any) -> dict[str, Any]:
    return {
        "record": _record(record_id),
        "level": risk.level,
        "declared": risk.declared,
        "likelihood": risk.likelihood,
        "impact": risk.impact,
        "factors": [
            {
                "name": f"{factor.dimension}: {factor.name}",
                "value": factor.value,
                "points": factor.points,
                "source": factor.source,
            }
            for factor in risk.factors
        ],
    }


def _affected(candidate: Candidate) -> dict[str, Any]:
    declared: dict[str, None] = {}
    for record in candidate.changes:
        declared.update(dict.fromkeys(record.spec["services"]))
    for diff in candidate.diffs:
        if diff.id.kind == "Service":
            declared[diff.id.name] = None
    facts = candidate.guarded_facts
    computed = [
        {"service": name, "distance": distance, "via": via, "owner": facts.spec("Service", name).get("owner")}
        for name, (distance, via) in facts.graph.dependents(*declared).items()
    ]
    return {
        "declared": sorted(declared),
        "computed": sorted(computed, key=lambda row: (row["distance"], row["service"])),
    }


def _conflicts(findings: Findings) -> list[dict[str, Any]]:
    return [
        {
            "kind": item.kind,
            "record": {"kind": "Change", "name": item.change},
            "with": item.other,
            "start": clock.format_instant(item.start) if item.start else None,
            "end": clock.format_instant(item.end) if item.end else None,
            "message": item.message,
        }
        for item in findings.context.conflicts
    ]


def _next_free_slots(candidate: Candidate, findings: Findings) -> list[dict[str, Any]]:
    """For each change whose time collides with something, when it could take place instead."""
    rows = []
    for record in candidate.changes:
        if any(item.change == record.name and item.start is not None for item in findings.context.conflicts):
            slot = next_free_slot(record.data, findings.context.world)
            rows.append(
                {
                    "record": _record(record.id),
                    "start": clock.format_instant(slot.start) if slot else None,
                    "end": clock.format_instant(slot.end) if slot else None,
                }
            )
    return rows


def _approval(approval: Approval) -> dict[str, Any]:
    return {
        "policy": approval.rule.policy,
        "rule": approval.rule.name,
        "why": list(approval.rule.why),
        "required": [
            {
                "from": dict(requirement.source),
                "count": requirement.count,
                "eligible": list(requirement.eligible),
                "satisfiedBy": list(requirement.satisfied_by),
                "missing": max(0, requirement.missing),
                "suggested": list(requirement.suggested),
                **({"hindrance": requirement.hindrance} if requirement.hindrance else {}),
            }
            for requirement in approval.required
        ],
        "ignored": [asdict(item) for item in approval.ignored],
        "satisfied": approval.satisfied,
    }


def _waivers(candidate: Candidate, findings: Findings) -> list[dict[str, Any]]:
    """Waivers that cover a finding of this pull request, and those of the touched records that do not hold."""
    rows = [
        {"waiver": finding.waiver, "rule": finding.rule, "record": _record(finding.record), "state": "waived"}
        for finding in findings.all
        if finding.waiver and finding.record and finding.record in candidate.touched
    ]
    for state in findings.validation.waivers:
        if state.state in ("unneeded", "not-yet", "expired", "orphaned"):
            rows += [
                {"waiver": state.record.name, "rule": state.rule, "record": _record(subject), "state": state.state}
                for subject in state.subjects
                if subject in candidate.touched
            ]
    unique = {tuple(sorted((key, str(value)) for key, value in row.items())): row for row in rows}
    return [unique[key] for key in sorted(unique)]


def _valid_until(candidate: Candidate, findings: Findings, approvals: Approvals) -> str | None:
    """The earliest instant at which the verdict could change by the passing of time alone.

    Waivers and policies that concern what the pull request touches begin or end, approvers go away, windows of the
    changed records begin or end, models expire or are suspended no longer, reviews become overdue.
    """
    instants = [*_rules_in_time(candidate, findings), *_people_in_time(candidate, approvals)]
    instants += lane_instants(candidate.changes, candidate.lane)
    for record in candidate.changes:
        schedule = record.spec.get("schedule", {})
        instants += [clock.parse_instant(schedule[key]) for key in ("start", "end") if key in schedule]
        model = candidate.base_facts.spec("ChangeModel", record.spec.get("model", ""))
        if model:
            instants.append(clock.parse_instant(f"{model['preAuthorisation']['expires']}T00:00:00Z"))
    later = [instant for instant in instants if instant > candidate.now]
    return clock.format_instant(min(later)) if later else None


def _rules_in_time(candidate: Candidate, findings: Findings) -> Iterator[datetime]:
    """When waivers of the touched records begin or end, and when policies that warn of them begin to block."""
    touched = candidate.touched
    for state in findings.validation.waivers:
        if touched & set(state.subjects):
            yield state.until
            yield clock.parse_instant(state.record.spec["from"])
    warned = {finding.rule for finding in findings.all if finding.record in touched}
    for policy in policies_of(candidate.rule_set.catalogue, candidate.rule_set.configuration.policies):
        if policy.name in warned and policy.begins is not None:
            yield policy.begins


def _people_in_time(candidate: Candidate, approvals: Approvals) -> Iterator[datetime]:
    """When those whose approvals count go away or come back."""
    for name in {name for item in approvals.required for need in item.required for name in need.satisfied_by}:
        for period in candidate.base_facts.spec("Person", name).get("away", ()):
            yield clock.parse_instant(period["start"])
            yield clock.parse_instant(period["end"])
