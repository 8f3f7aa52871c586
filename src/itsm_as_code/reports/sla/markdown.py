"""For reports and pull requests: a table of the objectives."""

from __future__ import annotations

from typing import Final

from itsm_as_code.reports import escape, table
from itsm_as_code.reports.sla import RULE, ranked, row
from itsm_as_code.reports.sla.text import attained, by_day, left, more, promised
from itsm_as_code.service_levels.measurements.samples import told
from itsm_as_code.service_levels.overview import Line, Overview

_HEADERS: Final = ("Service", "Objective", "Promised", "Attained", "Result", "Left of the budget", "Window", "Sources")


def render(report: Overview) -> str:
    lines = table.markdown(_HEADERS, map(_cells, ranked(report.lines)))
    notes = [f"- {escape.markdown(text)}" for text in (*map(told, report.notes), *report.others)]
    if report.daily:
        for line in ranked(report.lines):
            if line.found is not None and line.status != "no-data":
                title = f"{line.objective['name']} of {line.agreement} for {line.service}"
                headers, *rows = by_day(line)
                lines += ["", f"**{escape.markdown(title)}**", "", *table.markdown(headers, rows)]
    return "\n".join([*lines, "", *notes, *([""] if notes else []), f"Rounding: {RULE}.", ""])


def _cells(line: Line) -> list[str]:
    data = row(line)
    return [
        *(data["service"], f"{data['objective']} ({data['agreement']})"),
        promised(data),
        *(attained(data), data["status"], left(data), f"{data['from']} to {data['until']}"),
        more(line, data),
    ]
