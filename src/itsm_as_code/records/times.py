"""When changes were, and are to be: of each as few numbers as it takes to tell without reading it."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from datetime import UTC, datetime, time, timedelta
from functools import cached_property
from typing import Any, Final

from itsm_as_code.clock import Interval, parse_date, parse_instant

DONE: Final = ("implemented", "reviewed", "closed", "backed-out", "failed")
"""States of changes of which it has to be known when the work was."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def number(instant: datetime) -> int:
    """Microseconds since 1970."""
    return (instant - _EPOCH) // _MICROSECOND


def numbered(number: int) -> datetime:
    """The instant of a number."""
    return _EPOCH + number * _MICROSECOND


def read_instant(value: object) -> datetime | None:
    """The instant that a value names, or with which the day that it names begins."""
    if not isinstance(value, str):
        return None
    for read in (parse_instant, lambda text: datetime.combine(parse_date(text), time(), UTC)):
        try:
            return read(value)
        except ValueError:
            continue
    return None


def taken(change: Mapping[str, Any]) -> Interval | None:
    """When a change took place, or else is to take place."""
    for key in ("actual", "schedule"):
        try:
            return Interval.parse(change["spec"][key])
        except (KeyError, ValueError):
            continue
    return None


class Times:
    """The times of changes, by name."""

    def __init__(self, rows: Mapping[str, list[Any]]) -> None:
        """``rows`` have when a change took place or is to, when its work began, and whether that is over."""
        self.rows = rows

    @classmethod
    def of(cls, changes: Iterable[Mapping[str, Any]]) -> Times:
        """Those of some changes."""
        return cls({change["metadata"]["name"]: _row(change) for change in changes})

    def renewed(self, names: Container[str], changes: Iterable[Mapping[str, Any]]) -> Times:
        """The same, but those of some names are those of some changes."""
        kept = {name: row for name, row in self.rows.items() if name not in names}
        return Times(kept | {**Times.of(changes).rows})

    def within(self, period: Interval) -> dict[str, Interval]:
        """When those changes took place, or are to, that overlap a period."""
        begin, end = number(period.start), number(period.end)
        return {
            name: Interval(numbered(row[0]), numbered(row[1]))
            for name, row in self.rows.items()
            if row[0] is not None and max(row[0], begin) < min(row[1], end)
        }

    @cached_property
    def timeless(self) -> list[str]:
        """The changes that say no time at all, by name."""
        return sorted(name for name, row in self.rows.items() if row[0] is None)

    def began(self, name: str) -> datetime | None:
        """When work on a change began, as it says."""
        begun = self.rows[name][2]
        return None if begun is None else numbered(begun)

    def is_done(self, name: str) -> bool:
        """True for a change in one of :data:`DONE`."""
        return bool(self.rows[name][3])


def _row(change: Mapping[str, Any]) -> list[Any]:
    span, spec = taken(change), change.get("spec", {})
    begun = read_instant(spec.get("actual", {}).get("start"))
    ends = [None, None] if span is None else [number(span.start), number(span.end)]
    return [*ends, None if begun is None else number(begun), spec.get("status") in DONE]
