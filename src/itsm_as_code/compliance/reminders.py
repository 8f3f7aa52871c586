"""What people are reminded of: days that are near or over, reviews of emergency changes, approvals that wait."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from itsm_as_code.compliance.deadlines import Deadline, deadlines
from itsm_as_code.measures.deadlines import Due
from itsm_as_code.measures.retrospective import Review, open_reviews
from itsm_as_code.validation import Validation

PATIENCE: Final = timedelta(days=1)
"""For how long a pull request may be open before people are reminded of it."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A pull request that was opened at ``since`` and waits for people; ``why`` are the reasons that its gate gives."""

    number: str
    since: datetime
    why: Sequence[str]


@dataclass(frozen=True, slots=True)
class Reminders:
    """All that there is to be reminded of at an instant, the most urgent first; deadlines with who owns the record."""

    at: datetime
    deadlines: Sequence[tuple[Deadline, str]]
    reviews: Sequence[Review]
    waiting: Sequence[Waiting]

    @property
    def is_empty(self) -> bool:
        return not (self.deadlines or self.reviews or self.waiting)


def reminders(validation: Validation, timezone: str, waiting: Sequence[Waiting]) -> Reminders:
    """What is overdue or due within 30 days by the records of a validation, beside what waits at the forge."""
    records = validation.catalogue.records
    near = [
        (item, str(records[item.record].spec.get("owner", "")))
        for item in deadlines(validation)
        if item.state is not Due.CURRENT
    ]
    reviews = sorted(open_reviews(validation.facts, timezone), key=lambda review: (review.due, review.change))
    return Reminders(validation.now, near, reviews, waiting)
