"""The report of code quality that GitLab shows in a merge request: a list of issues, each with its place.

Its fields are those of https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from itsm_as_code.findings import Finding, Severity
from itsm_as_code.reports import escape

_SEVERITIES: Final = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.INFO: "info"}


def finding_issues(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """An issue for each finding that is not waived; one that blocks is a blocker."""
    return [
        issue(
            finding.rule,
            "blocker" if finding.blocks else _SEVERITIES[finding.severity],
            finding.message + (f"; {finding.remedy}" if finding.remedy else ""),
            finding.location.path,
            finding.location.line,
        )
        for finding in findings
        if finding.waiver is None
    ]


def issue(rule: str, severity: str, text: str, path: str, line: int | None = None) -> dict[str, Any]:
    """One issue, still without what it is known again by."""
    where = {"path": escape.terminal(path), "lines": {"begin": line or 1}}
    return {
        "check_name": escape.terminal(rule),
        "description": escape.terminal(text),
        "severity": severity,
        "location": where,
    }


def code_quality(issues: Iterable[dict[str, Any]]) -> str:
    """The whole document. An issue is known again wherever its line is moved to; equal ones are counted."""
    seen: Counter[tuple[str, ...]] = Counter()
    found = []
    for item in issues:
        about = (item["check_name"], item["description"], item["location"]["path"])
        seen[about] += 1
        digest = hashlib.sha256("\0".join((*about, str(seen[about]))).encode()).hexdigest()
        found.append({**item, "fingerprint": digest})
    return escape.dumped(found)
