"""What `itsm waiver list` prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from itsm_as_code import clock
from itsm_as_code.policies.register import RegisteredWaiver


@dataclass(frozen=True)
class WaiverList:
    """The register at an instant; ``within`` is the duration, as it was asked for, in which an end is near."""

    entries: Sequence[RegisteredWaiver]
    now: datetime
    within: str

    def count(self, standing: str) -> int:
        return sum(entry.standing == standing for entry in self.entries)


def row(entry: RegisteredWaiver) -> dict[str, Any]:
    """A waiver as data."""
    return {
        "standing": entry.standing,
        "name": entry.name,
        "path": entry.path,
        "rule": entry.rule,
        "records": [{"kind": record.kind, "name": record.name} for record in entry.records],
        "until": clock.format_instant(entry.until) if entry.until else None,
        "requester": entry.requester,
        "approver": entry.approver,
        "why": entry.why or None,
    }
