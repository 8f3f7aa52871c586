"""For how long an answer holds: an instant that notes what it was compared with.

Whoever asks an instant whether it is before another one learns something that stays true until that other one is
reached. So an answer that was worked out with such comparisons alone holds for a span of time around the instant, and
is the same at every instant of that span. Whatever else is asked of it (its text, its hour, its distance from another)
holds at that instant alone.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, Final, Self, SupportsIndex

_TICK: Final = timedelta(microseconds=1)
_DAY: Final = timedelta(days=1)
_FIRST: Final = datetime.min.replace(tzinfo=UTC)
_LAST: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(slots=True)
class Horizon:
    """The instants ``[since, until)`` at which an answer is that of ``at``, which lies among them."""

    at: datetime
    since: datetime = field(default=_FIRST)
    until: datetime = field(default=_LAST)

    def covers(self, now: datetime) -> bool:
        return self.since <= now < self.until

    def narrow(self, since: datetime, until: datetime) -> None:
        """Leave out what does not lie in ``[since, until)``."""
        self.since, self.until = max(self.since, since), min(self.until, until)

    @property
    def is_endless(self) -> bool:
        """True where nothing was asked that tells one instant from another."""
        return self.since == _FIRST and self.until == _LAST

    @property
    def is_pinned(self) -> bool:
        """True where the answer is known for the instant alone."""
        return self.until - self.since == _TICK

    def forget(self) -> None:
        """Begin anew, as if nothing had been asked."""
        self.since, self.until = _FIRST, _LAST

    def within(self, other: Horizon) -> Horizon:
        """The instants that both cover; another one, of the same instant."""
        return Horizon(self.at, max(self.since, other.since), min(self.until, other.until))

    def pin(self) -> None:
        """Leave nothing but the instant itself."""
        self.narrow(self.at, self.at + _TICK)

    def watch(self) -> datetime:
        """The instant, which narrows this horizon by all that is asked of it."""
        return _Watched.made(self.at, self, timedelta())


class AskedInstant(datetime):
    """An instant that learns what it is asked; in any other way it is a datetime.

    Whoever makes one says what follows from being compared (:meth:`stands`), and from telling what holds of this
    instant alone (:meth:`pinned`).
    """

    plain: datetime

    @classmethod
    def like(cls, instant: datetime) -> Self:
        """The same instant, which learns what it is asked."""
        fields = (instant.year, instant.month, instant.day, instant.hour, instant.minute, instant.second)
        self = super().__new__(cls, *fields, instant.microsecond, instant.tzinfo, fold=instant.fold)
        self.plain = instant
        return self

    def pinned(self) -> datetime:
        """The plain instant, for an answer that holds of it alone."""
        raise NotImplementedError

    def stands(self, other: object, holds: Callable[[Any, Any], bool]) -> Any:
        """How this instant stands to another one."""
        raise NotImplementedError

    def __lt__(self, other: object) -> Any:
        return self.stands(other, operator.lt)

    def __le__(self, other: object) -> Any:
        return self.stands(other, operator.le)

    def __gt__(self, other: object) -> Any:
        return self.stands(other, operator.gt)

    def __ge__(self, other: object) -> Any:
        return self.stands(other, operator.ge)

    def __eq__(self, other: object) -> Any:
        return self.stands(other, operator.eq)

    def __ne__(self, other: object) -> Any:
        return self.stands(other, operator.ne)

    def __hash__(self) -> int:
        return hash(self.pinned())

    def __add__(self, other: timedelta) -> Any:
        return self.pinned() + other

    def __radd__(self, other: timedelta) -> Any:
        return self + other

    def __sub__(self, other: Any) -> Any:
        if isinstance(other, timedelta):
            return self + -other
        if isinstance(other, AskedInstant):
            return self._between(other)
        return self.pinned() - other

    def __rsub__(self, other: Any) -> Any:
        return other - self.pinned()

    def _between(self, other: AskedInstant) -> timedelta:
        """How far this instant is from another one that learns the same."""
        return self.pinned() - other.plain

    def __reduce_ex__(self, protocol: SupportsIndex) -> Any:
        return self.pinned().__reduce_ex__(protocol)


class _Watched(AskedInstant):
    """An instant at a distance (``_offset``) from that of a horizon. Sums with durations are watched as well."""

    _horizon: Horizon
    _offset: timedelta

    @classmethod
    def made(cls, instant: datetime, horizon: Horizon, offset: timedelta) -> _Watched:
        self = cls.like(instant)
        self._horizon, self._offset = horizon, offset
        return self

    def stands(self, other: object, holds: Callable[[Any, Any], bool]) -> Any:
        if isinstance(other, _Watched):  # both move alike
            return holds(self.plain, other.plain)
        if not isinstance(other, datetime):
            return NotImplemented
        answer = holds(self.plain, other)
        if other.tzinfo is None:
            self._horizon.pin()
            return answer
        try:
            turn = other.astimezone(UTC) - self._offset
            after = turn + _TICK
        except OverflowError:
            self._horizon.pin()
            return answer
        if self._horizon.at < turn:
            self._horizon.narrow(_FIRST, turn)
        elif self._horizon.at == turn:
            self._horizon.narrow(turn, after)
        else:
            self._horizon.narrow(after, _LAST)
        return answer

    def __add__(self, other: timedelta) -> Any:
        if not isinstance(other, timedelta):
            return NotImplemented
        return _Watched.made(self.plain + other, self._horizon, self._offset + other)

    def _between(self, other: AskedInstant) -> timedelta:
        return self.plain - other.plain

    def astimezone(self, tz: tzinfo | None = None) -> _Watched:
        return _Watched.made(self.plain.astimezone(tz), self._horizon, self._offset)

    def date(self) -> date:
        """The day, which in UTC is watched as well."""
        if self.tzinfo is not UTC:
            return self.pinned().date()
        return _WatchedDay.of(self.plain.date(), self._horizon, self._offset)

    def pinned(self) -> datetime:
        self._horizon.pin()
        return self.plain


class _WatchedDay(date):
    """The day (in UTC) of a watched instant. Whatever else is asked of it holds until the day is over."""

    _plain: date
    _horizon: Horizon
    _offset: timedelta

    @classmethod
    def of(cls, day: date, horizon: Horizon, offset: timedelta) -> _WatchedDay:
        self = super().__new__(cls, day.year, day.month, day.day)
        self._plain, self._horizon, self._offset = day, horizon, offset
        return self

    def stands(self, other: object, holds: Callable[[Any, Any], bool]) -> Any:
        if isinstance(other, _WatchedDay) and other._offset == self._offset:
            return holds(self._plain, other._plain)
        if not isinstance(other, date) or isinstance(other, datetime | _WatchedDay):
            return holds(self.pinned(), other)
        if self._plain < other:
            self._between(date.min, other)
        elif self._plain == other:
            return holds(self.pinned(), other)
        else:
            self._between(other + _DAY, date.max)
        return holds(self._plain, other)

    def _between(self, first: date, end: date) -> None:
        """What was asked holds on the days ``[first, end)``; the last day there is stands for no end."""
        try:
            since = _FIRST if first == date.min else _midnight(first) - self._offset
            until = _LAST if end == date.max else _midnight(end) - self._offset
        except OverflowError:
            self._horizon.pin()
        else:
            self._horizon.narrow(since, until)

    def pinned(self) -> date:
        if self._plain >= date.max - _DAY:
            self._horizon.pin()
        else:
            self._between(self._plain, self._plain + _DAY)
        return self._plain

    __lt__, __le__, __gt__ = AskedInstant.__lt__, AskedInstant.__le__, AskedInstant.__gt__
    __ge__, __eq__, __ne__ = AskedInstant.__ge__, AskedInstant.__eq__, AskedInstant.__ne__
    __hash__, __reduce_ex__ = AskedInstant.__hash__, AskedInstant.__reduce_ex__

    def __add__(self, other: Any) -> Any:
        return self.pinned() + other

    __radd__ = __add__

    def __sub__(self, other: Any) -> Any:
        return self.pinned() - other

    def __rsub__(self, other: Any) -> Any:
        return other - self.pinned()


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _pinning(of: type, name: str) -> Any:
    """A method or field of instants, or days, that tells of one alone."""
    if callable(getattr(of, name)):
        return lambda self, *args, **options: getattr(self.pinned(), name)(*args, **options)
    return property(lambda self: getattr(self.pinned(), name))


_HARMLESS: Final = ("tzinfo", "fold", "resolution", "min", "max")
"""What is asked of an instant and tells of its zone, or of all instants."""
_SEEN: Final = ("__str__", "__repr__", "__format__")
for _of, _kept in ((datetime, AskedInstant), (date, _WatchedDay)):
    for _name in (*_SEEN, *(name for name in dir(_of) if not name.startswith("_"))):
        if _name not in vars(_kept) and _name not in _HARMLESS:
            setattr(_kept, _name, _pinning(_of, _name))
