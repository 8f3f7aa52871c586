"""A line for each, by how urgent it is."""

from __future__ import annotations

from itsm_as_code.compliance.reminders import Reminders
from itsm_as_code.reports import escape
from itsm_as_code.reports.reminders import MOST, sections


def render(report: Reminders) -> str:
    if report.is_empty:
        return "nothing is due, and nobody waits\n"
    lines = []
    for heading, rows in sections(report):
        if rows:
            lines.append(f"{heading}:")
            lines += [escape.terminal(f"  {when}  {about}: {what}") for when, what, about in rows[:MOST]]
            lines += [f"  and {len(rows) - MOST:,} more"] * (len(rows) > MOST)
    return "\n".join([*lines, ""])
