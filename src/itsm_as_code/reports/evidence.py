"""What `itsm evidence` prints: what was noted, and what the evidence of a commit shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import orjson

from itsm_as_code.assurance.ledger import Evidence
from itsm_as_code.assurance.noting import Noted
from itsm_as_code.assurance.statement import Statement
from itsm_as_code.gate.decision import Reason
from itsm_as_code.reports import escape

_OPTIONS: Final = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE


def _numbers(statement: Statement) -> str:
    told = [f"#{row['number']}" for row in statement.data["pullRequests"] if row["number"] is not None]
    return f" ({', '.join(told)})" if told else ""


def _line(statement: Statement) -> str:
    mark = "✔" if statement.data["verdict"] == "approved" and not statement.data["problems"] else "✘"
    return f"{mark} {statement.commit[:12]}: {statement.data['verdict']}{_numbers(statement)}"


def _bad(reasons: Iterable[Reason]) -> list[str]:
    return [f"  - {escape.terminal(reason.message)}" for reason in reasons]


def _plain(reasons: Iterable[Reason]) -> list[dict[str, str]]:
    return [{"code": reason.code, "message": reason.message} for reason in reasons]


def _json(data: dict[str, Any]) -> str:
    return escape.json(orjson.dumps(data, option=_OPTIONS).decode())


def noted_text(noted: Noted) -> str:
    """A line for each commit that was noted, the findings, and what is left for a later run."""
    lines = [_line(statement) for statement in noted.statements] or ["nothing to note: all commits have evidence"]
    if noted.stopped is not None:
        lines = lines if noted.statements else []
        lines.append(f"stopped: {escape.terminal(noted.stopped.message)}; {escape.terminal(noted.stopped.remedy)}")
    return "\n".join([*lines, *_bad(noted.findings), ""])


def noted_json(noted: Noted) -> str:
    """For programs: schemas/reports/evidence-noted-report.schema.json."""
    rows = [
        {
            "commit": item.commit,
            "verdict": item.data["verdict"],
            "mergedAt": item.data["mergedAt"],
            "pullRequests": [row["number"] for row in item.data["pullRequests"]],
        }
        for item in noted.statements
    ]
    stopped = {"code": noted.stopped.code, "message": noted.stopped.message} if noted.stopped is not None else None
    findings = _plain(noted.findings)
    return _json({"schema": "itsm/evidence-noted/v1", "noted": rows, "findings": findings, "stopped": stopped})


def shown_text(evidence: Evidence) -> str:
    """Yes or no, why, and what was judged."""
    short, statement = evidence.commit[:12], evidence.statement
    if statement is None:
        return "\n".join([f"✘ {short} has no evidence that counts", *_bad(evidence.reasons), ""])
    head = f"✔ evidence shows that {short} was approved" if evidence.approved else f"✘ {short} is not shown as approved"
    lines = [f"{head}{_numbers(statement)}", *_bad(evidence.reasons)]
    lines.append(f"  merged at {statement.data['mergedAt']} into {statement.data['base'][:12]}")
    for row in statement.data["pullRequests"]:
        for approval in row["decision"].get("approvals", ()):
            by = sorted({name for need in approval["required"] for name in need["satisfiedBy"]})
            said = f"approved by {', '.join(by)}" if by else "nobody had to, or nobody did"
            lines.append(f"  {escape.terminal(approval['rule'])}: {escape.terminal(said)}")
    return "\n".join([*lines, ""])


def shown_json(evidence: Evidence) -> str:
    """For programs: schemas/reports/evidence-report.schema.json."""
    statement = evidence.statement
    data = {
        "schema": "itsm/evidence-report/v1",
        "commit": evidence.commit,
        "approved": evidence.approved,
        "reasons": _plain(evidence.reasons),
        "statement": dict(statement.data) if statement is not None else None,
    }
    return _json(data)


NOTED: Final[dict[str, Callable[[Noted], str]]] = {"text": noted_text, "json": noted_json}
SHOWN: Final[dict[str, Callable[[Evidence], str]]] = {"text": shown_text, "json": shown_json}
