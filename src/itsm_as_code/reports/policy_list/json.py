"""For programs: a row for each policy."""

from __future__ import annotations

from typing import Any

from itsm_as_code.reports import escape


def render(rows: list[dict[str, Any]]) -> str:
    return escape.dumped({"schema": "itsm/policy-list/v1", "policies": rows})
