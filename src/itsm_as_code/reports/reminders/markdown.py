"""For an issue that is kept up to date: a list under each heading."""

from __future__ import annotations

from itsm_as_code.clock import format_instant
from itsm_as_code.compliance.reminders import Reminders
from itsm_as_code.reports import escape
from itsm_as_code.reports.reminders import MOST, sections


def render(report: Reminders) -> str:
    lines = [f"As of {format_instant(report.at)}."]
    if report.is_empty:
        lines.append("Nothing is due, and nobody waits.")
    for heading, rows in sections(report):
        if rows:
            more = [f"- and {len(rows) - MOST:,} more"] * (len(rows) > MOST)
            lines += [f"## {heading}", "\n".join([*(_line(*row) for row in rows[:MOST]), *more])]
    return "\n\n".join(lines) + "\n"


def _line(when: str, what: str, about: str) -> str:
    link = about if about[1:].isdigit() else escape.code(about)  # the number of a pull request, which forges link
    return f"- {link} {when}: {escape.markdown(what)}"
