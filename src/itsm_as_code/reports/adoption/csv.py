"""For spreadsheets (RFC 4180): a line for each figure, initiative and improvement."""

from __future__ import annotations

from itsm_as_code.reports import table
from itsm_as_code.reports.adoption import COLUMNS, Adoption


def render(report: Adoption) -> str:
    rows = ({**row, "benchmarks": "; ".join(row["benchmarks"])} for row in report.rows)
    return table.csv(COLUMNS, ({key: "" if value is None else value for key, value in row.items()} for row in rows))
