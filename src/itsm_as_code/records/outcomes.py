"""How changes ended: the one place that says which of them failed, and from when on that is known.

A change fails by its own result, or because an incident names it as its cause, whatever it says of itself. A history is
what was known at a moment: what came later is no history. What another tool closed is none either, be it a change or an
incident that names one: whoever brings it would whiten or blacken the rest. Source: ITIL 4, change enablement practice.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from itsm_as_code import clock
from itsm_as_code.clock import Interval
from itsm_as_code.records.taken_over import is_taken_over

FAILED: Final = ("failed", "backed-out")
OVER: Final = ("closed", "cancelled", "rejected")
"""States of changes from which nothing follows any more."""
_EVER: Final = datetime.min.replace(tzinfo=UTC)
_NEVER: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Outcome:
    """From when on a change counts, and from when on as a failure; without times it always did."""

    known: datetime
    failed: datetime

    @property
    def has_failed(self) -> bool:
        """True for one that counts as a failure at some time."""
        return self.failed < _NEVER


def failed_at(change: Mapping[str, Any], now: datetime) -> datetime | None:
    """When a change failed by what it says itself; None when it did not. Where it does not say when, it was just now.

    Nobody approves what a standard change says of its end, but its window was fixed before: it did not fail earlier.
    """
    spec = change["spec"]
    if is_taken_over(change) or (spec["status"] not in FAILED and spec.get("result") not in FAILED):
        return None
    actual, window = spec.get("actual", {}), _window(spec)
    try:
        ended = clock.parse_instant(actual.get("end") or actual["start"])
    except (KeyError, ValueError):
        return now if window is None else min(now, window.end)
    return ended if window is None else max(ended, min(now, window.start))


def blamed_at(incidents: Iterable[Mapping[str, Any]]) -> dict[str, list[datetime]]:
    """When incidents that name a change as their cause were detected, by the name of the change, in order."""
    found: dict[str, list[datetime]] = {}
    for incident in incidents:
        spec = incident.get("spec", {})
        if "causedBy" in spec and "detectedAt" in spec and not is_taken_over(incident):
            found.setdefault(spec["causedBy"], []).append(clock.parse_instant(spec["detectedAt"]))
    return {name: sorted(times) for name, times in found.items()}


def failures(change: Mapping[str, Any], blamed: Mapping[str, list[datetime]], now: datetime) -> Iterator[datetime]:
    """When a change failed, by what it says itself and by each incident that names it, in so far as it is no later."""
    own = failed_at(change, now)
    times = blamed.get(change["metadata"]["name"], ())
    yield from (at for at in (*([] if own is None else [own]), *times) if at <= now)


def outcome(change: Mapping[str, Any], blamed: Mapping[str, list[datetime]]) -> Outcome | None:
    """How a change ended; None as long as it has no result and no incident names it, and for what is taken over."""
    if is_taken_over(change):
        return None
    spec = change.get("spec", {})
    first = next(iter(blamed.get(change["metadata"]["name"], ())), _NEVER)
    has_failed = spec.get("status") in FAILED or spec.get("result") in FAILED
    if not has_failed and "result" not in spec:
        return None if first == _NEVER else Outcome(first, first)
    ended = _ended(spec)
    return Outcome(ended, ended if has_failed else max(ended, first))


def _ended(spec: Mapping[str, Any]) -> datetime:
    actual, schedule = spec.get("actual", {}), spec.get("schedule", {})
    text = actual.get("end") or actual.get("start") or schedule.get("end")
    try:
        return clock.parse_instant(text) if text else _EVER
    except ValueError:
        return _EVER


def _window(spec: Mapping[str, Any]) -> Interval | None:
    try:
        return Interval.parse(spec["schedule"])
    except (KeyError, ValueError):
        return None


class History:
    """Outcomes, to be counted as they were known at any moment."""

    def __init__(self, outcomes: Iterable[Outcome]) -> None:
        found = list(outcomes)
        self.instants = sorted(item.known for item in found), sorted(item.failed for item in found if item.has_failed)
        """When the changes ended, and when those failed that did."""

    def at(self, moment: datetime) -> tuple[int, int]:
        """How many had succeeded by then, and how many had ended."""
        return self.counted(*self.instants, moment)

    @staticmethod
    def counted(known: Sequence[Any], failed: Sequence[Any], moment: Any) -> tuple[int, int]:
        """The same of instants in order, all of one form."""
        count = bisect_right(known, moment)
        return count - bisect_right(failed, moment), count
