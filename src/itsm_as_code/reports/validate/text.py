"""For people: each finding with the line it is about, then a summary."""

from __future__ import annotations

from itsm_as_code.records.sources import Sources
from itsm_as_code.reports.findings import PAINT, finding_text
from itsm_as_code.reports.validate import ValidateResult, summary


def render(result: ValidateResult, colour: bool = False) -> str:
    paint = PAINT if colour else {}
    shown = [finding for finding in result.findings if not finding.waiver and not finding.known]
    if isinstance(result.sources, Sources):
        result.sources.read(dict.fromkeys(finding.location.path for finding in shown))
    parts = [finding_text(finding, result.sources or {}, paint) for finding in shown]
    return "\n".join([*parts, summary(result), ""])
