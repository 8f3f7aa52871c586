"""For spreadsheets (RFC 4180): a line for each objective, its sources in one cell, or for each day."""

from __future__ import annotations

import csv
import io

from itsm_as_code.reports import escape, table
from itsm_as_code.reports.sla import COLUMNS, DAY_COLUMNS, days, row
from itsm_as_code.service_levels.overview import Overview


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
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(COLUMNS)
    for line in report.lines:
        cells = row(line)
        for column in ("sources", "restsOn"):
            cells[column] = ", ".join(cells[column])
        cells["noCurrentData"] = ", ".join(item["source"] for item in cells["noCurrentData"])
        writer.writerow([escape.cell(cells[column]) for column in COLUMNS])
    return stream.getvalue()
