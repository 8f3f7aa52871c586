"""The instant of a build as whoever asks it notes what it told: how it stands to another instant, the day, or itself.

What ended long ago is compared with now and nothing else, so its page holds for as long as the comparison does.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import UTC, date, datetime, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo

from itsm_as_code.horizon import AskedInstant
from itsm_as_code.site.reads.differing import MARK
from itsm_as_code.site.reads.notes import Notes

_COMPARISONS: Final = {
    holds.__name__: holds for holds in (operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne)
}


class SeenInstant(AskedInstant):
    """An instant that notes what it is asked."""

    notes: Notes

    @classmethod
    def of(cls, instant: datetime, notes: Notes) -> SeenInstant:
        """The instant, which notes in ``notes`` what is asked of it."""
        made = cls.like(instant)
        made.notes = notes
        return made

    def pinned(self) -> datetime:
        self.notes.note("now")
        return self.plain

    def stands(self, other: object, holds: Callable[[Any, Any], bool]) -> Any:
        if isinstance(other, SeenInstant):
            return holds(self.plain, other.plain)
        if isinstance(other, datetime):
            self.notes.note(MARK.join(("now", holds.__name__, other.isoformat())))
            return holds(self.plain, other)
        return NotImplemented

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

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self.plain.__reduce_ex__(protocol)


def compared(instant: datetime, name: str, other: str) -> bool:
    """How an instant stands to another one, as a key of a note asks."""
    return bool(_COMPARISONS[name](instant, datetime.fromisoformat(other)))


def day_in(instant: datetime, zone: str) -> date:
    """The day of an instant in a zone, as a key of a note asks."""
    return instant.astimezone(UTC if zone == "UTC" else ZoneInfo(zone)).date()
