"""Annotations of GitHub Actions, one a line, then the summary.

Source: https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

from itsm_as_code.reports.findings import annotated
from itsm_as_code.reports.validate import ValidateResult, summary


def render(result: ValidateResult) -> str:
    shown = [finding for finding in result.findings if not finding.waiver and not finding.known]
    return "\n".join([*annotated(shown), summary(result), ""])
