"""What `itsm validate` prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from itsm_as_code.findings import Finding, Rule, Severity
from itsm_as_code.wording import count


@dataclass(frozen=True)
class ValidateResult:
    """What there is to report: the findings, how many records were read, and the sources to quote lines from."""

    findings: Sequence[Finding]
    records: int
    now: datetime
    revision: str | None = None
    sources: Mapping[str, bytes] | None = None
    rules: Mapping[str, Rule] | None = None

    def count(self, severity: Severity) -> int:
        """Findings of a severity that count: neither known nor waived."""
        return sum(
            finding.count
            for finding in self.findings
            if finding.severity is severity and not finding.known and finding.waiver is None
        )

    @property
    def known(self) -> int:
        """Findings that stand on the base already."""
        return sum(finding.count for finding in self.findings if finding.known and finding.waiver is None)

    @property
    def waived(self) -> int:
        return sum(finding.count for finding in self.findings if finding.waiver is not None)


def summary(result: ValidateResult) -> str:
    """One line: how many records, how many findings."""
    counts = [
        f"{number} {name if number == 1 else name + 's'}"
        for name, number in (
            ("error", result.count(Severity.ERROR)),
            ("warning", result.count(Severity.WARNING)),
            ("info", result.count(Severity.INFO)),
        )
        if number
    ]
    if result.known:
        counts.append(f"{result.known} known")
    if result.waived:
        counts.append(f"{result.waived} waived")
    records = count(result.records, "record")
    return f"{records}: {', '.join(counts) or 'no findings'}"
