"""For spreadsheets (RFC 4180): a line for each service and team, what is missing in one cell."""

from __future__ import annotations

from itsm_as_code.reports import table
from itsm_as_code.reports.scorecards import COLUMNS, Scorecards, named, row


def render(report: Scorecards) -> str:
    rows = (row(report, card) for card in report.cards)
    return table.csv(COLUMNS, ({**data, "missing": "; ".join(map(named, data["missing"]))} for data in rows))
