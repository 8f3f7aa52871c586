"""For spreadsheets (RFC 4180): a line for each figure, the names of its records in one cell."""

from __future__ import annotations

from itsm_as_code.reports import table
from itsm_as_code.reports.kpi import COLUMNS, Kpi, row


def render(report: Kpi) -> str:
    told = (
        {
            **row(metric, report.period),
            "records": "; ".join(metric.counted),
            "benchmarks": "; ".join(report.others(metric)),
            "leftOut": "; ".join(f"{name} ({why})" for name, why in metric.left_out),
        }
        for metric in report.metrics
    )
    return table.csv(COLUMNS, told)
