"""For a comment or a job summary."""

from __future__ import annotations

from itsm_as_code.gate.impact import Impact
from itsm_as_code.reports import escape
from itsm_as_code.reports.policy_impact._rows import grouped, headline, markdown_rows


def render(impact: Impact) -> str:
    lines = ["# Policy impact", ""]
    lines.append(f"Rules of {escape.code(impact.head[:12])} merged into {escape.code(impact.base[:12])}.")
    for number, rows in grouped(impact):
        where = "On the catalogue" if number is None else f"On pull request {number}"
        lines += ["", f"## {where}: {headline(rows)}", *([""] if rows else []), *markdown_rows(rows)]
    if impact.unjudged:
        lines += ["", "## Could not be judged", ""]
        lines += [f"- pull request {number}: {escape.markdown(why)}" for number, why in impact.unjudged]
    return "\n".join([*lines, ""])
