"""For reports and pull requests: a table of the services and teams."""

from __future__ import annotations

from itsm_as_code.reports import table
from itsm_as_code.reports.scorecards import HEADERS, Scorecards, cells


def render(report: Scorecards) -> str:
    return "\n".join([*table.markdown(HEADERS, (cells(report, card) for card in report.cards)), ""])
