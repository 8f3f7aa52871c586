"""The register of waivers: every one with its standing, the ones that want attention first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from itsm_as_code.findings import Finding, RecordId
from itsm_as_code.policies.waivers import WAIVER_VALID, WaiverState
from itsm_as_code.records.catalogue import Catalogue

STANDINGS: Final = ("expired", "invalid", "expiring", "orphaned", "unneeded", "not-yet", "active")
"""In the order in which they are shown. ``expiring`` is an active waiver whose end is near."""


@dataclass(frozen=True, slots=True)
class RegisteredWaiver:
    """A waiver in the register. Of one whose file breaks its schema only path and reason are known."""

    standing: str
    path: str
    name: str | None
    rule: str | None = None
    records: tuple[RecordId, ...] = ()
    until: datetime | None = None
    requester: str | None = None
    approver: str | None = None
    why: str = ""


def register(
    states: Iterable[WaiverState], findings: Iterable[Finding], rule_records: Catalogue, now: datetime, soon: timedelta
) -> list[RegisteredWaiver]:
    """Every waiver of ``rule_records``: those resolved to ``states``, and those whose files cannot be used.

    ``findings`` say why a waiver is invalid; one that ends within ``soon`` of ``now`` counts as expiring.
    """
    findings = list(findings)
    reasons = {item.record: item.message for item in findings if item.rule == WAIVER_VALID.id}
    entries = [_entry(state, reasons.get(state.record.id, ""), now, soon) for state in states]
    listed = {entry.path for entry in entries}
    for finding in rule_records.findings:
        path = finding.location.path
        kind = rule_records.registry.of_path(path)
        if kind is not None and kind.name == "Waiver" and path not in listed:
            listed.add(path)
            record = rule_records.by_path.get(path)
            entries.append(RegisteredWaiver("invalid", path, record.name if record else None, why=finding.message))
    return sorted(entries, key=_key)


def _entry(state: WaiverState, why: str, now: datetime, soon: timedelta) -> RegisteredWaiver:
    spec = state.record.spec
    ends_soon = state.state == "active" and state.until - now <= soon
    standing = "expiring" if ends_soon else state.state
    return RegisteredWaiver(
        standing,
        state.record.path,
        state.record.name,
        state.rule,
        state.subjects,
        state.until,
        spec["requester"],
        spec["approver"],
        why if standing == "invalid" else "",
    )


def _key(entry: RegisteredWaiver) -> tuple[int, float, str]:
    until = entry.until.timestamp() if entry.until else 0.0
    return STANDINGS.index(entry.standing), until, entry.path
