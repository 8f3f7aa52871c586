"""Durations: months, weeks and days as a calendar counts them, hours, minutes and seconds as a clock does."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final

_DURATION: Final = re.compile(
    r"P(?=[\dT])(?:(\d{1,4})Y)?(?:(\d{1,5})M)?(?:(\d{1,6})W)?(?:(\d{1,6})D)?"
    r"(?:T(?=\d)(?:(\d{1,6})H)?(?:(\d{1,7})M)?(?:(\d{1,9})S)?)?\Z",
    re.ASCII,
)
_ONE_DAY: Final = timedelta(days=1)
LONGEST: Final = timedelta(days=36_525)


class OutOfRange(ValueError):
    """A moment or a length that is well written and beyond what is reckoned with."""


def add_months(day: date, months: int) -> date:
    """The same day so many months on; the last day of a month that is too short.

    One month after 31 January is 28 (29) February. OverflowError outside the years 1 to 9999.
    Source: https://www.w3.org/TR/xmlschema-2/#adding-durations-to-dateTimes.
    """
    index = day.year * 12 + day.month - 1 + months
    year, month = index // 12, index % 12 + 1
    if not 1 <= year <= 9999:
        raise OverflowError("a date outside the years 1 to 9999")
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def months_before(end: datetime, months: int) -> datetime:
    """The same time of day so many months before, in UTC."""
    at = end.astimezone(UTC)
    day = add_months(at.date(), -months)
    return at.replace(year=day.year, month=day.month, day=day.day)


@dataclass(frozen=True, slots=True)
class Duration:
    """An ISO 8601 duration: months and days as a calendar counts them, ``time`` as a clock does.

    A day of it is what lies between noon and noon, be it 23, 24 or 25 hours long (RFC 5545, section 3.3.6); months are
    counted first and clamped to the end of a month, then days, then time.
    """

    months: int = 0
    days: int = 0
    time: timedelta = timedelta()

    def __bool__(self) -> bool:
        return bool(self.months or self.days or self.time)

    def __str__(self) -> str:
        """``1 year 3 months``, ``90 days``, ``1 day 4 hours``."""
        years, months = divmod(self.months, 12)
        minutes, seconds = divmod(int(self.time.total_seconds()), 60)
        hours, minutes = divmod(minutes, 60)
        parts = {"year": years, "month": months, "day": self.days, "hour": hours, "minute": minutes, "second": seconds}
        words = [f"{number:,} {name}{'' if number == 1 else 's'}" for name, number in parts.items() if number]
        return " ".join(words) or "0 minutes"

    @property
    def fixed(self) -> timedelta:
        """Its length where a day has 24 hours, as in UTC; ValueError with months, which have no length."""
        if self.months:
            raise ValueError("months and years have no fixed length: write weeks, days, hours, minutes or seconds")
        return timedelta(days=self.days) + self.time

    def after(self, start: datetime, tz: tzinfo = UTC) -> datetime:
        """The instant at which it is over that begins at ``start``: an instant, or what clocks in ``tz`` show.

        What would lie after the year 9999 is over at its end.
        """
        try:
            if self.months or self.days:
                wall = start if start.tzinfo is None else start.astimezone(tz)
                day = add_months(wall.date(), self.months) + timedelta(days=self.days)
                start = datetime.combine(day, wall.time().replace(fold=0))
            aware = start.replace(tzinfo=tz) if start.tzinfo is None else start
            return aware.astimezone(UTC) + self.time
        except OverflowError:
            return datetime.max.replace(tzinfo=UTC)

    def after_day(self, day: date) -> date:
        """The day that it reaches from a day; what is left of a day counts as one. OverflowError as of add_months."""
        return add_months(day, self.months) + timedelta(days=self.days) - (-self.time // _ONE_DAY) * _ONE_DAY

    def last_start(self, end: date) -> date:
        """The last day from which it is over by the day ``end``. OverflowError outside the years 1 to 9999.

        Three months to 31 May begin on 28 (29) February at the latest; three months to 30 June on 31 March.
        """
        day = add_months(end, -self.months) - timedelta(days=self.days) + (-self.time // _ONE_DAY) * _ONE_DAY
        while self.after_day(day) > end:
            day -= _ONE_DAY
        while day < end and self.after_day(day + _ONE_DAY) <= end:
            day += _ONE_DAY
        return day


def parse_duration(text: str) -> Duration:
    """The duration that an ISO 8601 text from years to seconds names; ValueError when it names none."""
    match = _DURATION.match(text)
    if not match:
        raise ValueError(f"'{text}' is not a duration such as PT4H or P30D")
    years, months, weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    found = Duration(years * 12 + months, weeks * 7 + days, timedelta(hours=hours, minutes=minutes, seconds=seconds))
    if found.months > 1200 or timedelta(days=found.days) + found.time > LONGEST:
        raise OutOfRange(f"'{text}' is longer than a hundred years")
    return found
