"""Code quality of GitLab: an issue for each finding, a blocker if it blocks."""

from __future__ import annotations

from itsm_as_code.reports.code_quality import code_quality, finding_issues
from itsm_as_code.reports.validate import ValidateResult


def render(result: ValidateResult) -> str:
    return code_quality(finding_issues(result.findings))
