"""Annotations of GitHub Actions: the verdict first, for it shows no more than ten, and the first findings."""

from __future__ import annotations

from itsm_as_code.gate.decision import Decision
from itsm_as_code.reports import escape
from itsm_as_code.reports.findings import annotated
from itsm_as_code.reports.gate._words import MEANING, MOST_REASONS, shortened


def render(decision: Decision) -> str:
    command = "notice" if decision.verdict == "approved" else "error"
    reasons = [reason.message for reason in decision.reasons[:MOST_REASONS]] or [MEANING[decision.verdict]]
    if len(decision.reasons) > MOST_REASONS:
        reasons.append(f"and {len(decision.reasons) - MOST_REASONS:,} more")
    said = escape.workflow_data(_lines("\n".join(map(shortened, reasons))))
    verdict = f"::{command} title=change gate%3A {decision.verdict}::{said}"
    return "\n".join([verdict, *annotated([item for item in decision.findings if item.waiver is None]), ""])


def _lines(text: str) -> str:
    return "\n".join(escape.terminal(line) for line in text.split("\n"))
