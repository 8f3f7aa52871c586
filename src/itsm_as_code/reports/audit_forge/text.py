"""A line for each way round the gate, with what to do about it."""

from __future__ import annotations

from itsm_as_code.assurance.forge_audit import ForgeAudit
from itsm_as_code.clock import format_instant
from itsm_as_code.reports import escape


def render(audit: ForgeAudit) -> str:
    place = escape.terminal(f"{audit.branch} of {audit.repository} ({audit.forge})")
    said = "the gate holds at" if audit.passed else "the gate can be walked round at"
    lines = [f"{'✔' if audit.passed else '✘'} {said} {place}, as of {format_instant(audit.at)}"]
    for hole in audit.holes:
        mark = "✘" if hole.is_grave else "note:"
        lines.append(f"  {mark} {hole.code}: {escape.terminal(hole.message)}; {escape.terminal(hole.remedy)}")
    return "\n".join([*lines, ""])
