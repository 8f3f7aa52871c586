"""For people: each agreement with what it rests on below it, and what is owed."""

from __future__ import annotations

from itsm_as_code.reports import escape
from itsm_as_code.reports.agreements import Agreements, credit_text, days, row


def render(report: Agreements) -> str:
    lines = []
    for link in report.links:
        data = row(report, link)
        lines.append(f"{data['agreement']} ({data['type']} of {data['provider']} for {data['service']}): {days(data)}")
        lines += [f"  <- {name}" for name in data["supportedBy"]]
        lines += [f"  {credit_text(credit)}" for credit in data["credits"]]
    return "\n".join([*map(escape.terminal, lines or ["no agreement is in force"]), ""])
