"""What reports of evidence say alike."""

from __future__ import annotations

from collections.abc import Iterable

from itsm_as_code.assurance.statement import Statement
from itsm_as_code.gate.decision import Reason
from itsm_as_code.reports import escape


def numbers(statement: Statement) -> str:
    """The pull requests of a commit."""
    told = [f"#{row['number']}" for row in statement.data["pullRequests"] if row["number"] is not None]
    return f" ({', '.join(told)})" if told else ""


def listed(reasons: Iterable[Reason]) -> list[str]:
    """A line for each reason."""
    return [f"  - {escape.terminal(reason.message)}" for reason in reasons]


def as_rows(reasons: Iterable[Reason]) -> list[dict[str, str]]:
    """Reasons as data."""
    return [{"code": reason.code, "message": reason.message} for reason in reasons]
