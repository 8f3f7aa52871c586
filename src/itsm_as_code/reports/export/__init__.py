"""What `itsm export request-forms` prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from itsm_as_code.findings import Finding
from itsm_as_code.interchange import PlannedFile


@dataclass(frozen=True, slots=True)
class Exported:
    """The files that were written, or would be."""

    files: Sequence[PlannedFile]
    findings: Sequence[Finding]
    is_written: bool
