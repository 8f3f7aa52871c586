"""What `itsm import` prints: what became of each record, and what has no counterpart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from itsm_as_code.findings import Finding, Severity
from itsm_as_code.interchange import Outcome, PlannedFile


@dataclass(frozen=True, slots=True)
class Imported:
    """The files that were written, or with ``dry_run`` would be, of so many things that another tool knows."""

    source: str
    into: Path
    dry_run: bool
    entities: int
    files: Sequence[PlannedFile]
    findings: Sequence[Finding]

    @property
    def summary(self) -> dict[str, int]:
        """How many there are of everything."""
        records = [file for file in self.files if file.record is not None]
        counts = {"entities": self.entities, "notImported": self.entities - len(records)}
        counts |= {outcome.value: sum(file.outcome is outcome for file in records) for outcome in Outcome}
        return counts | {
            f"{severity.value}s": sum(found.severity is severity for found in self.findings) for severity in Severity
        }
