"""Recurrence rules of RFC 5545, section 3.3.10: read strictly, and worked out only as far as somebody asks."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

_UNTIL_UTC: Final = re.compile(r"(?<=UNTIL=)\d{8}T\d{6}Z", re.ASCII)
_ORDINAL: Final = re.compile(r"[0-9]")
_MAX_STEPS: Final = 50_000
"""How many days, months or years without an occurrence are looked through for the next one: by days 137 years."""


class _Steps(int):
    """The INTERVAL of a rule, which counts how often a date is moved on by it.

    dateutil looks for what never comes (30 February) until the year 9999, which takes it ten seconds.
    """

    taken = 0

    def __radd__(self, other: int) -> int:
        self._count()
        return other + int(self)

    def __mul__(self, other: int) -> int:
        self._count()
        return int(self) * other

    def _count(self) -> None:
        self.taken += 1
        if self.taken > _MAX_STEPS:
            raise ValueError("the recurrence rule does not come again in a lifetime, if ever")


class _Occurrences:
    """The occurrences of a rule in order, each worked out once; ValueError where there is none for too long."""

    def __init__(self, rule: Iterable[datetime], steps: _Steps) -> None:
        self._rest, self._steps = iter(rule), steps
        self._known: list[datetime] = []
        self._failure = ""

    def __iter__(self) -> Iterator[datetime]:
        index = 0
        while index < len(self._known) or self._found_next():
            yield self._known[index]
            index += 1

    def _found_next(self) -> bool:
        if self._failure:
            raise ValueError(self._failure)
        self._steps.taken = 0
        try:
            self._known.append(next(self._rest))
        except StopIteration:
            if self._known:
                return False
            self._failure = "the recurrence rule never comes"
        except ValueError as error:
            self._failure = str(error)
        except TypeError:  # an hour that INTERVAL never arrives at
            self._failure = "the recurrence rule can never come"
        if self._failure:
            raise ValueError(self._failure)
        return True


@lru_cache(maxsize=64)
def occurrences(text: str, start: datetime, tz: ZoneInfo) -> Iterable[datetime]:
    """The occurrences of a rule in local time, counted from the local ``start``; ValueError when it is no rule.

    dateutil loops for ever over INTERVAL=0, lets a rule name the same part twice, and passes over parts that have no
    meaning where they stand.
    """
    from dateutil.rrule import rrule, rrulestr  # only calendars with a recurrence rule pay for its import

    parts = _parts(text)

    def local(match: re.Match[str]) -> str:
        instant = datetime.strptime(match[0], "%Y%m%dT%H%M%S%z")
        return instant.astimezone(tz).strftime("%Y%m%dT%H%M%S")

    try:
        # RFC 5545 wants UNTIL in UTC beside a local start with a zone; dateutil compares it with local times.
        rule = rrulestr(_UNTIL_UTC.sub(local, text.upper()), dtstart=start)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError) as error:
        raise ValueError(f"the recurrence rule cannot be read: {error}") from None
    if not isinstance(rule, rrule):
        raise ValueError("the recurrence rule is more than one")
    steps = _Steps(parts.get("INTERVAL", "1"))
    return _Occurrences(rule.replace(interval=steps), steps)


_FREQUENCIES: Final = ("HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_BY: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(("BYMONTH", "BYDAY", "BYHOUR", "BYMINUTE", "BYSECOND", "BYSETPOS"), _FREQUENCIES),
    "BYWEEKNO": ("YEARLY",),
    "BYYEARDAY": ("HOURLY", "YEARLY"),
    "BYMONTHDAY": ("HOURLY", "DAILY", "MONTHLY", "YEARLY"),
}
"""With which frequencies a part may stand, by the table of RFC 5545, section 3.3.10."""
_PARTS: Final = ("FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", *_BY)


def _parts(text: str) -> dict[str, str]:
    """The parts of a rule by name; ValueError where RFC 5545 does not let them stand together."""
    names = [part.partition("=")[0] for part in text.upper().split(";")]
    parts = dict(part.partition("=")[::2] for part in text.upper().split(";"))
    if len(parts) != len(names):
        raise ValueError("a recurrence rule names each of its parts once")
    frequency = parts.get("FREQ", "")
    if frequency not in _FREQUENCIES:
        raise ValueError("a recurrence rule is hourly, daily, weekly, monthly or yearly")
    if not re.fullmatch(r"0*[1-9][0-9]{0,5}", parts.get("INTERVAL", "1")):
        raise ValueError("the INTERVAL of a recurrence rule is a whole number from 1")
    if "COUNT" in parts and "UNTIL" in parts:
        raise ValueError("a recurrence rule ends by COUNT or by UNTIL, not by both")
    for name in parts:
        if name not in _PARTS:
            raise ValueError(
                f"{name[:20] or 'nothing'} is no part of a recurrence rule; RFC 5545 knows {', '.join(_PARTS)}"
            )
        if name in _BY and frequency not in _BY[name]:
            raise ValueError(f"a recurrence rule that is {frequency.lower()} has no {name}")
    if _ORDINAL.search(parts.get("BYDAY", "")) and (frequency not in ("MONTHLY", "YEARLY") or "BYWEEKNO" in parts):
        raise ValueError("in a recurrence rule, numbers before days (1MO) count within months or years")
    if "BYSETPOS" in parts and not parts.keys() & (_BY.keys() - {"BYSETPOS"}):
        raise ValueError("in a recurrence rule, BYSETPOS chooses among what another BY... part gives")
    return parts


def doubts(text: str, start: datetime, tz: ZoneInfo) -> Iterator[tuple[str, str, str]]:
    """What can be read of a rule but hardly means what it says: the field, a sentence, and a remedy.

    By RFC 5545, section 3.8.5.3, what a rule means whose start it does not give is undefined, and by section 3.3.10
    UNTIL is an instant where the start is one: a mere date would leave out its own day.
    """
    until = _parts(text).get("UNTIL", "")
    if until and "T" not in until:
        last = f"UNTIL={until}T235959"
        yield "rrule", f"UNTIL={until} ends with the first instant of that day", f"write {last} to keep the day in"
    first = next(iter(occurrences(text, start, tz)))
    if first != start:
        message = f"the first start {start.isoformat()} is none that the rule gives"
        yield "dtstart", message, f"set dtstart to {first.isoformat()}, the first that it gives, or correct the rule"


def strays(text: str, start: datetime, tz: ZoneInfo, days: Collection[date]) -> list[date]:
    """Those of some days on which no occurrence starts, so that an exception for them has no effect."""
    left, last = set(days), max(days, default=date.min)
    for occurrence in occurrences(text, start, tz):
        if not left or occurrence.date() > last:
            break
        left.discard(occurrence.date())
    return sorted(left)
