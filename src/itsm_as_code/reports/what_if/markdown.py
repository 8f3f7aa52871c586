"""For reports and pull requests: a table of the promises."""

from __future__ import annotations

from itsm_as_code.reports import table
from itsm_as_code.reports.what_if import improvement_text, judged, moved, row
from itsm_as_code.service_levels.what_if import Supposition


def render(report: Supposition) -> str:
    rows = [row(shift) for shift in report.shifts]
    cells = (
        [
            *(data["service"], data["agreement"], f"{data['promised']} percent", moved(data), judged(data)),
            "; ".join(map(improvement_text, data["improve"][:3])),
        ]
        for data in rows
    )
    headers = ("Service", "Agreement", "Promised", "What can be kept", "Result", "Cheapest to improve")
    return "\n".join([*table.markdown(headers, cells), ""])
