"""What `itsm import` prints: what became of each thing of the source, and what a person must decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from itsm_as_code.findings import Finding, Severity
from itsm_as_code.interchange import Outcome, PlannedFile
from itsm_as_code.interchange.decisions import Decision


@dataclass(frozen=True, slots=True)
class Imported:
    """The files that were written, or with ``dry_run`` would be; ``refused`` things of the source became no record."""

    source: str
    into: Path
    dry_run: bool
    files: Sequence[PlannedFile]
    findings: Sequence[Finding]
    refused: int = 0
    decisions: Sequence[Decision] = ()

    @property
    def summary(self) -> dict[str, int]:
        """How many there are of everything; ``entities`` is the sum of the five that follow it."""
        records = [file for file in self.files if file.record is not None and not file.supplied]
        counts = {outcome.value: sum(file.outcome is outcome for file in records) for outcome in Outcome}
        graded = {f"{grade.value}s": sum(found.severity is grade for found in self.findings) for grade in Severity}
        return {
            "entities": len(records) + self.refused,
            "notImported": self.refused,
            **counts,
            "placeholders": sum(file.supplied and file.outcome is Outcome.CREATED for file in self.files),
            "fieldsTaken": sum(len(file.taken) for file in records),
            "fieldsAnnotated": sum(len(file.annotated) for file in records),
            "fieldsKept": sum(len(file.kept) for file in records),
            **graded,
            "decisions": len(self.decisions),
        }
