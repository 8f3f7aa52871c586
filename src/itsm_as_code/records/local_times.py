"""Times as people say them: ``tomorrow 20:00``, ``2026-12-01 20:00``, by the clocks of the repository's zone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from itsm_as_code.clock import RANGE, parse_date
from itsm_as_code.errors import UsageError

_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY: Final = rf"(?P<day>today|tomorrow|{'|'.join(_DAYS)}|\d{{4}}-\d\d-\d\d)"
_CLOCK: Final = r"(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d))?"
_SAID: Final = re.compile(rf"(?:now|(?:{_DAY}(?:[ Tt]|\s+at\s+))?{_CLOCK})\Z", re.ASCII | re.IGNORECASE)
_DAY_ALONE: Final = re.compile(rf"{_DAY}\Z", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class LocalTimes:
    """What such texts mean at an instant, in a zone."""

    now: datetime
    zone: ZoneInfo

    def instant(self, text: str) -> str:
        """RFC 3339 with the zone's offset of that day for what is said; any other text as it is.

        A day of the week is the next one, today left out. UsageError for a time that clocks skip or show twice.
        """
        match = _SAID.match(text.strip())
        if not match:
            return text
        if match["hour"] is None:
            return self.written(self.now)
        seconds = int(match["second"] or 0)
        wall = datetime.combine(self._day(match["day"]), time(int(match["hour"]), int(match["minute"]), seconds))
        both = [wall.replace(tzinfo=self.zone, fold=fold) for fold in (0, 1)]
        try:
            earlier, later = map(self.written, both)
        except OverflowError:
            raise UsageError(f"'{text}' is outside {RANGE}", remedy="name a nearer time") from None
        if both[0].utcoffset() == both[1].utcoffset():
            return earlier
        if both[0].astimezone(UTC).astimezone(self.zone).replace(tzinfo=None) != wall:
            message = f"'{text}': clocks in {self.zone.key} skip that time"
            raise UsageError(message, remedy="name an hour earlier or later")
        message = f"'{text}': clocks in {self.zone.key} show that time twice"
        raise UsageError(message, remedy=f"write {earlier} or {later}")

    def written(self, moment: datetime) -> str:
        """An instant to the second as clocks of the zone show it, with their offset (``Z`` where the zone is UTC)."""
        text = moment.astimezone(self.zone).isoformat(timespec="seconds")
        return text.replace("+00:00", "Z") if self.zone.key in ("UTC", "Etc/UTC") else text

    def day(self, text: str) -> str:
        """The day for ``today``, ``tomorrow`` or a day of the week; any other text as it is."""
        match = _DAY_ALONE.match(text.strip())
        return self._day(match["day"]).isoformat() if match else text

    def beginning(self, text: str) -> datetime | None:
        """The UTC instant at which such a day, or one that is written, begins; None for any other text.

        UsageError for a day that does not exist, :class:`OutOfRange` for one beyond what is reckoned with.
        """
        day = self.day(text)
        if not _DAY_ALONE.match(day):
            return None
        return datetime.combine(parse_date(day), time(), self.zone).astimezone(UTC)

    def _day(self, said: str | None) -> date:
        today = self.now.astimezone(self.zone).date()
        said = (said or "today").lower()
        if said in ("today", "tomorrow"):
            return today + timedelta(days=said == "tomorrow")
        if said in _DAYS:
            return today + timedelta(days=(_DAYS.index(said) - today.weekday() - 1) % 7 + 1)
        try:
            return date.fromisoformat(said)
        except ValueError:
            raise UsageError(f"there is no day {said}", remedy="look at a calendar") from None
