"""The review that follows an emergency change: by when it is due, and whose is overdue.

What is authorised in haste is looked at again at leisure: within five working days, by the hours of the service that
was changed, or Monday to Friday where it states none. Source: ITIL 4, change enablement practice, emergency changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from itsm_as_code import clock
from itsm_as_code.clock import Interval
from itsm_as_code.records.facts import Data, Facts

WORKING_DAYS: Final = 5
_HORIZON: Final = timedelta(days=40)
"""How far ahead working days are looked for. A calendar with fewer in that time is no calendar of working days."""
_MONDAY_TO_FRIDAY: Final = {
    "entries": [{"weekly": {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "00:00", "to": "24:00"}}]
}
_UNDECLARED: Final = ("authorised", "scheduled", "implementing")
"""States in which the planned end counts: nobody has said yet that it is over."""
_TO_REVIEW: Final = (*_UNDECLARED, "implemented", "backed-out", "failed")


@dataclass(frozen=True, slots=True)
class Review:
    """A review that is to be held: of which emergency change of which services, and from when on it is overdue."""

    change: str
    services: tuple[str, ...]
    due: datetime
    is_begun: bool = True

    @property
    def way_out(self) -> str:
        """What to do about it."""
        cancel = "" if self.is_begun else "; if it never took place, cancel it"
        return f"set {self.change} to reviewed with its actual times, result and review (date, by, findings){cancel}"


def open_reviews(facts: Facts, timezone: str) -> Iterator[Review]:
    """The reviews of emergency changes that are still to be held. ``timezone`` holds for services without hours.

    An emergency change that nobody declares over does not escape: its planned end counts.
    """
    for change in facts.changes_to_come:
        spec = change["spec"]
        if spec["type"] == "emergency" and spec["status"] in _TO_REVIEW:
            ended = _ended(change)
            if ended is not None:
                due = min(review_due(ended, service, facts, timezone) for service in spec["services"])
                begun = spec["status"] not in ("authorised", "scheduled")
                yield Review(change["metadata"]["name"], tuple(spec["services"]), due, begun)


def review_due(ended: datetime, service: str, facts: Facts, timezone: str) -> datetime:
    """The end of the fifth working day after the day on which the change ended."""
    calendar = facts.spec("Calendar", facts.spec("Service", service).get("hours", ""))
    fallback = {"timezone": timezone, **_MONDAY_TO_FRIDAY}
    for spec in (calendar, fallback):
        try:
            tz = clock.zone(spec["timezone"])
            window = Interval(ended, ended + _HORIZON)
            open_ = clock.calendar_intervals(spec, window, lambda name: facts.spec("Calendar", name) or None)
            return clock.working_days_after(ended, WORKING_DAYS, open_, tz)
        except (KeyError, ValueError):
            continue  # no hours, or none that make working days: calendar-readable says what is wrong with them
    return ended + timedelta(days=7)


def _ended(change: Data) -> datetime | None:
    spec = change["spec"]
    actual = spec.get("actual", {})
    planned = spec.get("schedule", {}).get("end")
    for text in (
        actual.get("end"),
        planned if spec["status"] in _UNDECLARED else None,
        actual.get("start"),
        planned,
    ):
        if text is not None:
            return clock.parse_instant(text).astimezone(UTC)
    return None
