"""A decision as a forge shows it: a title, the summary for reviewers, and remarks at lines of the changed files."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from itsm_as_code.clock import parse_instant
from itsm_as_code.findings import Severity
from itsm_as_code.forges.interface import Annotation, Notice
from itsm_as_code.gate.decision import Decision
from itsm_as_code.reports import escape
from itsm_as_code.reports.gate import markdown
from itsm_as_code.reports.gate._words import MEANING

_LEVELS: Final = {Severity.ERROR: "failure", Severity.WARNING: "warning", Severity.INFO: "notice"}
MOST_ANNOTATIONS: Final = 200
_SHORT: Final = 12
_APPROVED: Final = re.compile(rf"Approved: {MEANING['approved']} into ([0-9a-f]{{{_SHORT}}})(?: until (\S+))?")


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
        title=_title(decision),
        summary=markdown.render(decision, mention=mention),
        annotations=tuple(marks[:MOST_ANNOTATIONS]),
    )


def _title(decision: Decision) -> str:
    title = f"{decision.verdict.capitalize()}: {MEANING[decision.verdict]}"
    if decision.verdict != "approved":
        return title
    until = decision.evidence["validUntil"]
    return f"{title} into {decision.evidence['base'][:_SHORT]}{f' until {until}' if until else ''}"


def holds(title: str, base: str, now: datetime) -> bool:
    """Whether an approval with this title says of itself that it still holds: of this base, and not over yet."""
    match = _APPROVED.fullmatch(title)
    if match is None or not base.startswith(match[1]):
        return False
    try:
        return match[2] is None or now < parse_instant(match[2])
    except ValueError:
        return False
