"""For spreadsheets (RFC 4180): a line for each objective, its sources in one cell, or for each day."""

from __future__ import annotations

from typing import Any

from itsm_as_code.reports import table
from itsm_as_code.reports.sla import COLUMNS, DAY_COLUMNS, days, row
from itsm_as_code.service_levels.overview import Line, Overview


def render(report: Overview) -> str:
    if report.daily:
        about = ("service", "agreement", "objective", "target", "unit", "comparison")
        return table.csv(
            (*about, *DAY_COLUMNS),
            (
                {name: data[name] for name in about} | day
                for line in report.lines
                for data in [row(line)]
                for day in days(line)
            ),
        )
    return table.csv(COLUMNS, map(_cells, report.lines))


def _cells(line: Line) -> dict[str, Any]:
    data = row(line)
    return data | {
        "sources": ", ".join(data["sources"]),
        "restsOn": ", ".join(data["restsOn"]),
        "noCurrentData": ", ".join(item["source"] for item in data["noCurrentData"]),
    }
