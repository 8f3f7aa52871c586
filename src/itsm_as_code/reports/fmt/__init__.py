"""What `itsm fmt` prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from itsm_as_code.findings import Finding, sort_findings
from itsm_as_code.records.formatting import Formatted


@dataclass(frozen=True, slots=True)
class FormatResult:
    """What became of the files; ``is_written`` is False when only asked, or when one of them could not be read."""

    files: Sequence[Formatted]
    is_written: bool
    shows_diff: bool = False

    @property
    def changed(self) -> list[Formatted]:
        return [file for file in self.files if file.is_changed]

    @property
    def findings(self) -> list[Finding]:
        return sort_findings(finding for file in self.files for finding in file.findings)
