"""What a pull request itself says of the risk of its changes: when they are proposed, and how much comes with them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from itsm_as_code.gate.scope import PathChange
from itsm_as_code.measures.risk import Risk, assess
from itsm_as_code.measures.risk_factors import Proposal
from itsm_as_code.measures.risk_table import LEVELS, RiskTable
from itsm_as_code.records.catalogue import Record
from itsm_as_code.records.diff import RecordDiff
from itsm_as_code.records.facts import Facts


def fields_beside(diffs: Iterable[RecordDiff], paths: Iterable[PathChange]) -> int:
    """How much a pull request changes beside its Change records: their fields by meaning, and one for a file."""
    return sum(max(1, len(diff.fields)) for diff in diffs if diff.id.kind != "Change") + sum(1 for _ in paths)


def proposed_at(diff: RecordDiff, now: datetime) -> datetime | None:
    """``now`` for a change that this pull request proposes or moves to another time; None for one proposed earlier."""
    old = diff.old.spec if diff.old is not None and diff.old.valid else {}
    new = diff.new.spec if diff.new is not None else {}
    earlier = old.get("status", "draft") != "draft" and old.get("schedule") == new.get("schedule")
    return None if earlier else now


def gravest(change: Record, facts: Iterable[Facts], now: datetime, table: RiskTable, proposal: Proposal) -> Risk:
    """The gravest of the risks that these facts give; of two alike, the one with more points."""
    risks = [assess(change.data, known, now, table, proposal) for known in facts]
    return max(risks, key=lambda risk: (LEVELS.index(risk.level), sum(factor.points for factor in risk.factors)))
