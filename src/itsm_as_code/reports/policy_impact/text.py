"""For people: what changes on the catalogue, then on each open pull request."""

from __future__ import annotations

from itsm_as_code.gate.impact import Impact
from itsm_as_code.reports import escape
from itsm_as_code.reports.policy_impact._rows import grouped, headline, text_rows


def render(impact: Impact, colour: bool = False) -> str:
    lines = []
    for number, rows in grouped(impact):
        where = "the catalogue" if number is None else f"pull request {number}"
        lines += [f"On {where}: {headline(rows)}", *text_rows(rows, colour=colour)]
    lines += [f"pull request {number} could not be judged: {escape.terminal(why)}" for number, why in impact.unjudged]
    return "\n".join([*lines, ""])
