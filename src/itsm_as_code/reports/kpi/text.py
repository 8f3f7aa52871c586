"""For people: each figure, with the records that it counts and those that were left out."""

from __future__ import annotations

from itsm_as_code.clock import format_instant
from itsm_as_code.reports import escape, table
from itsm_as_code.reports.kpi import Kpi, difference, lines


def render(report: Kpi) -> str:
    period = report.period
    out = [f"from {format_instant(period.start)} to {format_instant(period.end)}, by what is known then"]
    out += ["nothing of it is recorded in that time"] * (not report.metrics)
    for metric, counted, without in lines(report):
        of = f" of {metric.part}" if metric.part else ""
        out.append(escape.terminal(f"{metric.definition.title}{of}: {metric}"))
        out += [escape.terminal(f"    counted: {counted}")] * bool(counted)
        out += [escape.terminal(f"    left out: {without}")] * bool(without)
        others = "; ".join(report.others(metric))
        out += [escape.terminal(f"    others: {others}")] * bool(others)
        quarters = ", ".join(f"{item.part}: {item}" for item in report.trend(metric))
        out += [escape.terminal(f"    by quarter: {quarters}")] * bool(quarters)
    if report.sides is not None:
        rows = [["Figure", *report.sides, "Comparison"]]
        for item in report.compared:
            rows.append([item.before.definition.title, str(item.before), str(item.after), difference(item)])
        out += ["", *(table.text(rows) if report.compared else ["no figure differs"])]
    return "\n".join([*out, ""])
