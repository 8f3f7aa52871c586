"""The instant of a build as whoever asks it notes what it told: how it stands to another instant, the day, or itself.

What ended long ago is compared with now and nothing else, so its page holds for as long as the comparison does.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo

from itsm_as_code.site.reads.notes import MARK, Notes

_COMPARISONS: Final[dict[str, Callable[[datetime, datetime], bool]]] = {
    "lt": operator.lt, "le": operator.le, "gt": operator.gt, "ge": operator.ge, "eq": operator.eq, "ne": operator.ne,
}  # fmt: skip


class SeenInstant(datetime):
    """An instant that notes what it is asked; in any other way it is a datetime."""

    notes: Notes
    plain: datetime

    @classmethod
    def of(cls, instant: datetime, notes: Notes) -> SeenInstant:
        """The instant, which notes in ``notes`` what is asked of it."""
        i = instant
        made = cls(
            i.year, i.month, i.day, i.hour, i.minute, i.second, i.microsecond, tzinfo=i.tzinfo, fold=i.fold
        )  # fmt: skip
        made.notes, made.plain = notes, instant
        return made

    def _told(self) -> datetime:
        self.notes.note("now")
        return self.plain

    def _compare(self, name: str, other: object) -> Any:
        if isinstance(other, SeenInstant):
            return _COMPARISONS[name](self.plain, other.plain)
        if isinstance(other, datetime):
            self.notes.note(MARK.join(("now", name, other.isoformat())))
            return _COMPARISONS[name](self.plain, other)
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self._told())

    def __add__(self, other: timedelta) -> Any:
        return self._told() + other

    def __radd__(self, other: timedelta) -> Any:
        return self._told() + other

    def __sub__(self, other: Any) -> Any:
        return self._told() - (other.plain if isinstance(other, SeenInstant) else other)

    def __rsub__(self, other: Any) -> Any:
        return other - self._told()

    def astimezone(self, tz: tzinfo | None = None) -> SeenInstant:
        """The same instant, which notes as this one does."""
        return SeenInstant.of(self.plain.astimezone(tz), self.notes)

    def date(self) -> date:
        """The day, which is all that is noted where the zone has a name."""
        zone = self.plain.tzinfo
        if zone is UTC or isinstance(zone, ZoneInfo):
            self.notes.note(MARK.join(("day", str(zone))))
        else:
            self.notes.note("now")
        return self.plain.date()

    def __format__(self, form: str) -> str:
        return format(self._told(), form)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self.plain.__reduce_ex__(protocol)


def _comparing(name: str) -> Callable[[SeenInstant, object], Any]:
    return lambda self, other: self._compare(name, other)


def _telling(name: str) -> Any:
    if callable(getattr(datetime, name)):
        return lambda self, *given, **named: getattr(self._told(), name)(*given, **named)
    return property(lambda self: getattr(self._told(), name))


for _name in _COMPARISONS:
    setattr(SeenInstant, f"__{_name}__", _comparing(_name))
for _name in (
    "year", "month", "day", "hour", "minute", "second", "microsecond", "time", "timetz", "timestamp", "timetuple",
    "utctimetuple", "toordinal", "weekday", "isoweekday", "isocalendar", "isoformat", "ctime", "strftime", "replace",
    "utcoffset", "dst", "tzname", "__str__", "__repr__",
):  # fmt: skip
    setattr(SeenInstant, _name, _telling(_name))


def compared(instant: datetime, name: str, other: str) -> bool:
    """How an instant stands to another one, as a key of a note asks."""
    return _COMPARISONS[name](instant, datetime.fromisoformat(other))


def day_in(instant: datetime, zone: str) -> date:
    """The day of an instant in a zone, as a key of a note asks."""
    return instant.astimezone(UTC if zone == "UTC" else ZoneInfo(zone)).date()
