"""For spreadsheets (RFC 4180): a line for each service; amounts of several currencies in one cell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from itsm_as_code.portfolio import Portfolio
from itsm_as_code.reports import table
from itsm_as_code.reports.portfolio import COLUMNS, row


def render(report: Portfolio) -> str:
    rows = map(row, report.positions)
    return table.csv(
        COLUMNS,
        (
            {
                **data,
                "why": "; ".join(data["why"]),
                "stated": _money(data["stated"]),
                "spent": _money(data["spent"] or ()),
                "worth": _money([data["worth"]] if data["worth"] else ()),
            }
            for data in rows
        ),
    )


def _money(amounts: Iterable[Mapping[str, str]]) -> str:
    return "; ".join(f"{one['amount']} {one['currency']}" for one in amounts)
