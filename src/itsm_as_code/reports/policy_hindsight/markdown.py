"""For pull requests that bring a rule: the counts, and a table of what it would have stopped or what failed."""

from __future__ import annotations

from itsm_as_code.compliance.hindsight import Hindsight, by_name
from itsm_as_code.reports import table


def render(found: Hindsight) -> str:
    counts = ((metric.definition.title, str(metric)) for metric in found.metrics)
    rows = (
        (title, one.change, ", ".join(one.incidents), one.message)
        for title, changes in by_name(found)
        for one in changes
        if one.says != "unasked" and (one.failed or one.says != "passed")
    )
    headers = ("What became of it", "Change", "Incidents", "Why")
    return "\n".join([*table.markdown(("Figure", "Value"), counts), "", *table.markdown(headers, rows), ""])
