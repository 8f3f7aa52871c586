"""What a reviewer is about to sign: a statement on a judgement, and whether there is anything in it for them to say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from itsm_as_code import clock
from itsm_as_code.gate.binding import scope_digest
from itsm_as_code.gate.decision import Reason, canonical
from itsm_as_code.gate.judge import Judgement
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


def propose(judgement: Judgement, reviewer: str, verdict: str, message: str | None = None) -> Proposal:
    """The statement of a Person of the base on the pull request of a judgement, at the judgement's instant."""
    asked = tuple(
        approval
        for approval in judgement.approvals
        if any(reviewer in requirement.eligible for requirement in approval.required)
    )
    mine = [item for item in judgement.signed.counted if item.reviewer == reviewer]
    statement: dict[str, Any] = {
        "schema": SCHEMA,
        "base": judgement.base,
        "head": judgement.head,
        "candidate": judgement.candidate,
        "reviewer": reviewer,
        "verdict": verdict,
        "at": clock.format_instant(judgement.now),
        "scopes": [
            {
                "policy": approval.rule.policy,
                "rule": approval.rule.name,
                "digest": scope_digest(approval.rule, judgement.base_snapshot, judgement.candidate_snapshot),
            }
            for approval in asked
            if verdict == "approved"
        ],
        "subjects": sorted(judgement.subjects),
        "previous": sorted(item.digest for item in mine),
    }
    if message:
        statement["message"] = message
    return Proposal(statement, asked, tuple(_refusals(judgement, reviewer, verdict, asked, bool(mine))))


def _refusals(
    judgement: Judgement, reviewer: str, verdict: str, asked: tuple[Approval, ...], spoke: bool
) -> list[Reason]:
    if verdict == "withdrawn" and not spoke:
        return [Reason("nothing-to-withdraw", f"{reviewer} has signed nothing about this pull request")]
    if verdict != "approved" or asked:
        return []
    for approval in judgement.approvals:
        why = Exclusions(approval.rule, judgement.contributors[0], judgement.directory).why(reviewer)
        if why is not None:
            return [Reason(why[1], f"{reviewer} {why[0]}, so their approval would not count")]
    wanted = sorted({name for item in judgement.approvals for need in item.required for name in need.eligible})
    who = f"; {', '.join(wanted)} may" if wanted else ""
    return [Reason("not-eligible", f"no approval rule asks {reviewer} about this pull request{who}")]
