"""What `itsm report reminders` prints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from itsm_as_code.clock import format_instant
from itsm_as_code.compliance.deadlines import WHAT, Deadline
from itsm_as_code.compliance.reminders import Reminders
from itsm_as_code.measures.deadlines import Due

MOST: Final = 100
"""Lines of a section; what else there is, is counted."""


def sections(report: Reminders) -> Iterator[tuple[str, list[tuple[str, str, str]]]]:
    """The headings with their lines: the day or instant, what of it, and what it is about."""
    waiting = [(f"since {format_instant(item.since)}", "; ".join(item.why), item.number) for item in report.waiting]
    yield "Pull requests that have waited for people for over a day", waiting
    reviews = [(f"by {format_instant(item.due)}", "Review it", f"Change/{item.change}") for item in report.reviews]
    yield "Emergency changes to be reviewed", reviews
    for state, heading in ((Due.OVERDUE, "Overdue"), (Due.SOON, "Within 30 days")):
        yield heading, [_row(*row) for row in report.deadlines if row[0].state is state]


def _row(item: Deadline, owner: str) -> tuple[str, str, str]:
    return (
        str(item.by),
        f"{WHAT[item.matter]}{f' (of {owner})' if owner else ''}",
        f"{item.record.kind}/{item.record.name}",
    )
