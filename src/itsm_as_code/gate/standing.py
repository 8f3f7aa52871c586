"""Which findings are a pull request's own, and which stand on the base already: those are listed, and block nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Set
from dataclasses import replace
from typing import Final

from itsm_as_code.findings import Finding, RecordId, Severity, folded, sort_findings

DUTIES: Final = ("emergency-review",)
"""Checks of what time has made overdue. They block the next change (review-first), never the record that mends them."""


def settled(
    findings: Iterable[Finding], before: Iterable[Finding], touched: Set[RecordId], paths: Collection[str]
) -> list[Finding]:
    """All findings, gravest first, each once; those of ``before`` are marked as known where nothing touched them.

    ``touched`` are the records and ``paths`` the paths that the pull request changes. Two that differ in severity alone
    are one, the graver: what is told of every record may be an error of those that take a step. DUTIES only warn here.
    """
    old = {finding.identity for finding in before}
    found: dict[object, Finding] = {}
    for finding in sort_findings(findings):
        where = finding.location
        if finding.rule in DUTIES:
            finding = replace(finding, severity=Severity.WARNING)
        outside = finding.record not in touched if finding.record is not None else where.path not in paths
        known = outside and finding.identity in old
        found.setdefault((finding.identity, where.line, where.column), replace(finding, known=known))
    return sort_findings(folded(found.values()))
