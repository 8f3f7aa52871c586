"""For people: a line for each service and team."""

from __future__ import annotations

from itsm_as_code.reports import table
from itsm_as_code.reports.scorecards import HEADERS, Scorecards, cells


def render(report: Scorecards) -> str:
    if not report.levels:
        return "itsm.yaml names no levels (spec.policies.levels)\n"
    if not report.cards:
        return "the levels ask nothing of any service or team\n"
    return "\n".join([*table.text([list(HEADERS), *(cells(report, card) for card in report.cards)]), ""])
