"""What a reviewer is about to sign: a statement on a candidate, and whether there is anything in it for them to say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from itsm_as_code import clock
from itsm_as_code.gate.approvals import Approvals
from itsm_as_code.gate.binding import scope_digest
from itsm_as_code.gate.candidate import Candidate
from itsm_as_code.gate.decision import Reason, canonical
from itsm_as_code.gate.seats import Approval, Exclusions
from itsm_as_code.gate.statements import SCHEMA

VERDICTS: Final = ("approved", "changes-requested", "withdrawn")


@dataclass(frozen=True, slots=True)
class Proposal:
    """A statement to be signed, the rules for which it is given, and why it would not count (then it is not signed)."""

    statement: dict[str, Any]
    rules: tuple[Approval, ...]
    refusals: tuple[Reason, ...]

    @property
    def text(self) -> str:
        """What is signed."""
        return canonical(self.statement).decode()


def propose(
    candidate: Candidate, approvals: Approvals, reviewer: str, verdict: str, message: str | None = None
) -> Proposal:
    """The statement of a Person of the base on a pull request, at the instant of its candidate."""
    asked = tuple(
        approval
        for approval in approvals.required
        if any(reviewer in requirement.eligible for requirement in approval.required)
    )
    mine = [item for item in approvals.signed.counted if item.reviewer == reviewer]
    before, after = candidate.rule_set.catalogue.snapshot, candidate.catalogue.snapshot
    statement: dict[str, Any] = {
        "schema": SCHEMA,
        "base": candidate.base,
        "head": candidate.head,
        "candidate": candidate.tree,
        "reviewer": reviewer,
        "verdict": verdict,
        "at": clock.format_instant(candidate.now),
        "scopes": [
            {
                "policy": approval.rule.policy,
                "rule": approval.rule.name,
                "digest": scope_digest(approval.rule, before, after),
            }
            for approval in asked
            if verdict == "approved"
        ],
        "subjects": sorted(candidate.subjects),
        "previous": sorted(item.digest for item in mine),
    }
    if message:
        statement["message"] = message
    return Proposal(statement, asked, tuple(_refusals(candidate, approvals, reviewer, verdict, asked, bool(mine))))


def _refusals(
    candidate: Candidate, approvals: Approvals, reviewer: str, verdict: str, asked: tuple[Approval, ...], spoke: bool
) -> list[Reason]:
    if verdict == "withdrawn" and not spoke:
        return [Reason("nothing-to-withdraw", f"{reviewer} has signed nothing about this pull request")]
    if verdict != "approved" or asked:
        return []
    for approval in approvals.required:
        why = Exclusions(approval.rule, approvals.contributors, candidate.directory).why(reviewer)
        if why is not None:
            return [Reason(why[1], f"{reviewer} {why[0]}, so their approval would not count")]
    wanted = sorted({name for item in approvals.required for need in item.required for name in need.eligible})
    who = f"; {', '.join(wanted)} may" if wanted else ""
    return [Reason("not-eligible", f"no approval rule asks {reviewer} about this pull request{who}")]
