"""What `itsm approve` prints after a signature, and shows before one."""

from __future__ import annotations

from typing import Final

from itsm_as_code.gate.attestation import Proposal
from itsm_as_code.gate.decision import Decision
from itsm_as_code.reports import escape

_SAYS: Final = {"approved": "approve", "changes-requested": "ask for changes to", "withdrawn": "take back your word on"}


def preview(proposal: Proposal, before: Decision) -> str:
    """What is about to be signed: the pull request, its risk, and the rules for which it would count."""
    statement, data = proposal.statement, escape.shown(before.evidence)
    lines = [f"you {_SAYS[statement['verdict']]} {statement['head'][:12]} into {statement['base'][:12]}"]
    lines += [f"  {row['action']:<9} {row['kind']} {row['name']} ({row['path']})" for row in data["records"]]
    lines += [f"  {row['action']:<9} {row['path']}" for row in data["paths"]]
    for row in data["risk"]:
        lines.append(f"  risk of {row['record']['name']}: {row['level']}")
    lines.append(f"  the verdict without you is {before.verdict}")
    lines += [f"    - {escape.terminal(reason.message)}" for reason in before.reasons[:10]]
    if len(before.reasons) > 10:
        lines.append(f"    and {len(before.reasons) - 10} more")
    if statement["verdict"] == "approved":
        lines += [f"  counts for {item.rule.policy}/{item.rule.name}" for item in proposal.rules]
    if "message" in statement:
        lines.append(f"  message: {escape.terminal(statement['message'])}")
    lines += [f"  not signed: {escape.terminal(refusal.message)}" for refusal in proposal.refusals]
    return "\n".join(lines)
