"""For reports and pull requests: a table of the figures, and one of what is compared."""

from __future__ import annotations

from itsm_as_code.reports import table
from itsm_as_code.reports.kpi import Kpi, difference, lines


def render(report: Kpi) -> str:
    headers = [
        "Figure",
        *["Of"] * bool(report.by),
        "Value",
        "Records",
        "Left out",
        *["Others"] * bool(report.benchmarks),
    ]
    rows = (
        (metric.definition.title, *[metric.part] * bool(report.by), str(metric), counted, without,
         *["; ".join(report.others(metric))] * bool(report.benchmarks))
        for metric, counted, without in lines(report)
    )  # fmt: skip
    out = table.markdown(headers, rows)
    if report.sides is not None:
        told = (
            (item.before.definition.title, str(item.before), str(item.after), difference(item))
            for item in report.compared
        )
        out += ["", *table.markdown(("Figure", "Before", "After", "Comparison"), told)]
    return "\n".join([*out, ""])
