"""For people: what each promise comes to, and below it what alone would keep it, the cheapest first."""

from __future__ import annotations

from itsm_as_code.measures.numbers import percent
from itsm_as_code.reports import escape, table
from itsm_as_code.reports.what_if import improvement_text, judged, moved, row
from itsm_as_code.service_levels.what_if import Supposition

MOST: int = 3


def render(report: Supposition) -> str:
    supposed = ", ".join(f"{name} kept {percent(share)} percent" for name, share in report.supposed.items())
    rows = [row(shift) for shift in report.shifts]
    lines = [escape.terminal(f"if {supposed}:")]
    cells = [[judged(data), data["agreement"], f"promises {data['promised']}", moved(data)] for data in rows]
    for line, data in zip(table.text(cells), rows, strict=True):
        lines.append(f"  {line}")
        if not data["possible"]:
            found = [improvement_text(one) for one in data["improve"][:MOST]]
            lines += [escape.terminal(f"    improve {text}") for text in found or ["more than one of what is below it"]]
    if not rows:
        lines.append("  no promise rests on it")
    return "\n".join([*lines, ""])
