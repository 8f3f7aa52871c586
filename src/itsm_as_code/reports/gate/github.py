"""Annotations of GitHub Actions: the verdict first, for it shows no more than ten, and the first findings."""

from __future__ import annotations

from itsm_as_code.gate.decision import Decision
from itsm_as_code.reports import escape
from itsm_as_code.reports.findings import annotated
from itsm_as_code.reports.gate._words import first_reasons


def render(decision: Decision) -> str:
    command = "notice" if decision.verdict == "approved" else "error"
    said = escape.workflow_data(_lines("\n".join(first_reasons(decision))))
    waits = " (waiting)" if decision.verdict == "pending" else ""
    verdict = f"::{command} title=change gate%3A {decision.verdict}{waits}::{said}"
    return "\n".join([verdict, *annotated([item for item in decision.findings if item.waiver is None]), ""])


def _lines(text: str) -> str:
    return "\n".join(escape.terminal(line) for line in text.split("\n"))
