"""A line for each commit that was noted, the findings, and what is left for a later run."""

from __future__ import annotations

from itsm_as_code.assurance.noting import Noted
from itsm_as_code.assurance.statement import Statement
from itsm_as_code.reports import escape
from itsm_as_code.reports.evidence import listed, numbers


def render(noted: Noted) -> str:
    lines = [_line(statement) for statement in noted.statements] or ["nothing to note: all commits have evidence"]
    if noted.stopped is not None:
        lines = lines if noted.statements else []
        lines.append(f"stopped: {escape.terminal(noted.stopped.message)}; {escape.terminal(noted.stopped.remedy)}")
    return "\n".join([*lines, *listed(noted.findings), ""])


def _line(statement: Statement) -> str:
    mark = "✔" if statement.data["verdict"] == "approved" and not statement.data["problems"] else "✘"
    return f"{mark} {statement.commit[:12]}: {statement.data['verdict']}{numbers(statement)}"
