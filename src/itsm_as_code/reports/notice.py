"""A decision as a forge shows it: a title, the summary for reviewers, and remarks at lines of the changed files."""

from __future__ import annotations

from typing import Final

from itsm_as_code.findings import Severity
from itsm_as_code.forges.interface import Annotation, Notice
from itsm_as_code.gate.decision import Decision
from itsm_as_code.reports import escape
from itsm_as_code.reports.gate import markdown
from itsm_as_code.reports.gate._words import MEANING

_LEVELS: Final = {Severity.ERROR: "failure", Severity.WARNING: "warning", Severity.INFO: "notice"}
MOST_ANNOTATIONS: Final = 200


def notice(decision: Decision, *, mention: bool = False) -> Notice:
    """The decision, with remarks at its findings that are neither known nor waived; ``mention`` those who are asked."""
    marks = [
        Annotation(
            path=escape.terminal(finding.location.path),
            line=finding.location.line or 1,
            level=_LEVELS[finding.severity],
            title=finding.rule,
            message=escape.terminal(f"{finding.message} ({finding.remedy})" if finding.remedy else finding.message),
        )
        for finding in decision.findings
        if finding.waiver is None
    ]
    return Notice(
        verdict=decision.verdict,
        title=f"{decision.verdict.capitalize()}: {MEANING[decision.verdict]}",
        summary=markdown.render(decision, mention=mention),
        annotations=tuple(marks[:MOST_ANNOTATIONS]),
    )
