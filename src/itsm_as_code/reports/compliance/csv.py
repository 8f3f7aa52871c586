"""For spreadsheets (RFC 4180): a line for each control, its exceptions and its sample each in one cell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from itsm_as_code.reports import table
from itsm_as_code.reports.compliance import COLUMNS, Compliance, row


def render(report: Compliance) -> str:
    return table.csv(COLUMNS, _lines(report))


def _lines(report: Compliance) -> Iterator[dict[str, Any]]:
    for _, rows in report.groups:
        for found in map(row, rows):
            counts = {key: sum(item[key] for item in found["evidence"]) for key in ("good", "waived", "unknown")}
            wrong = "; ".join(f"{item['subject']}: {item['message']}" for item in found["exceptions"])
            yield {**found, **counts, "exceptions": wrong, "sample": "; ".join(found["sample"])}
