"""Yes or no, why, and what was judged."""

from __future__ import annotations

from itsm_as_code.assurance.ledger import Evidence
from itsm_as_code.reports import escape
from itsm_as_code.reports.evidence import listed, numbers


def render(evidence: Evidence) -> str:
    short, statement = evidence.commit[:12], evidence.statement
    if statement is None:
        return "\n".join([f"✘ {short} has no evidence that counts", *listed(evidence.reasons), ""])
    head = f"✔ evidence shows that {short} was approved" if evidence.approved else f"✘ {short} is not shown as approved"
    lines = [f"{head}{numbers(statement)}", *listed(evidence.reasons)]
    lines.append(f"  merged at {statement.data['mergedAt']} into {statement.data['base'][:12]}")
    for row in statement.data["pullRequests"]:
        for approval in row["decision"].get("approvals", ()):
            by = sorted({name for need in approval["required"] for name in need["satisfiedBy"]})
            said = f"approved by {', '.join(by)}" if by else "nobody had to, or nobody did"
            lines.append(f"  {escape.terminal(approval['rule'])}: {escape.terminal(said)}")
    return "\n".join([*lines, ""])
