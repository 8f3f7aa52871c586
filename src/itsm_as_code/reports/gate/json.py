"""For programs: schemas/reports/gate-report.schema.json."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from itsm_as_code.gate.decision import BESIDE, Decision, plain
from itsm_as_code.reports import escape


def render(decision: Decision) -> str:
    """The evidence with its digest, and beside it the controls that merging moves."""
    shifts = [shift.as_data() for shift in decision.outline.controls]
    return written({**decision.as_data(), **({BESIDE: plain(shifts)} if shifts else {})})


def written(data: Mapping[str, Any]) -> str:
    """Evidence with its digest as it is written to files: the one form of it that `itsm gate --verify` takes."""
    return escape.dumped(data, sorted_keys=True)
