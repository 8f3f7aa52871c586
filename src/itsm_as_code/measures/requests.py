"""How a request stands to the target time of its offering."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Final

from itsm_as_code.clock import Interval, parse_instant
from itsm_as_code.durations import parse_duration
from itsm_as_code.measures.metric import Row
from itsm_as_code.records.facts import Data, Facts

_SETTLED: Final = frozenset({"fulfilled", "closed", "declined"})


@dataclass(frozen=True, slots=True)
class Course:
    """The time that counted so far, the target, and whether it is over."""

    taken: timedelta
    target: timedelta
    is_over: bool
    in_service_hours: bool

    @property
    def in_time(self) -> bool:
        return self.taken <= self.target


def course(facts: Facts, request: Data, now: datetime) -> Course | None:
    """The time from the approval, or from the order where none is needed, in the hours of the offering.

    None where no target runs: there is none, it is not approved yet, it was declined, or the hours cannot be read.
    """
    spec = request["spec"]
    offering = facts.spec("RequestOffering", spec["offering"])
    if "target" not in offering or spec["status"] == "declined":
        return None
    begin = _instant(spec.get("decidedAt") if offering.get("approvals") else spec["submittedAt"])
    fulfilled = _instant(spec.get("fulfilledAt"))
    end = fulfilled or now
    if begin is None or end < begin or (fulfilled is None and spec["status"] in _SETTLED):
        return None
    try:
        taken = _counted(facts, offering.get("hours"), begin, end)
        target = parse_duration(offering["target"]).fixed
    except ValueError:
        return None
    return Course(taken, target, fulfilled is not None, "hours" in offering)


def _counted(facts: Facts, hours: str | None, begin: datetime, end: datetime) -> timedelta:
    if hours is None:
        return end - begin
    calendar = facts.record("Calendar", hours)
    if calendar is None:
        raise ValueError(f"there is no calendar '{hours}'")
    return facts.covered(calendar, Interval(begin, end))


def _instant(text: str | None) -> datetime | None:
    return parse_instant(text) if text else None


def row_of(
    facts: Facts,
    request: Data,
    at: datetime,
    *,
    counts: bool = True,
    amount: Fraction | None = None,
    left_out: str = "",
) -> Row:
    """A request as a row of a metric, of the service that its offering is about."""
    offering = facts.spec("RequestOffering", request["spec"]["offering"])
    services = (offering["service"],) if "service" in offering else ()
    return Row(request["metadata"]["name"], at, services, counts, amount, left_out)
