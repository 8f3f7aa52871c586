"""Times, durations and codes in words that people read."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from itsm_as_code.clock import BEGINNING, FOREVER, Interval, format_date, format_instant, parse_date, parse_instant
from itsm_as_code.durations import parse_duration
from itsm_as_code.measures.deadlines import last_day_before
from itsm_as_code.site.views.values import Code, Inline, Missing, Moment, Text, Value
from itsm_as_code.wording import count as count

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NUMBERS = (
    "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
)  # fmt: skip
_UPPER = {
    "sla": "SLA", "ola": "OLA", "api": "API", "url": "web address", "id": "ID", "github": "GitHub", "gitlab": "GitLab",
    "ssh": "SSH", "csv": "CSV",
}  # fmt: skip
_FRAMEWORKS = {
    "iso20000-1:2018": "ISO/IEC 20000-1:2018",
    "itil4": "ITIL 4",
    "soc2": "SOC 2",
    "gdpr": "GDPR",
    "dora-eu": "DORA (EU) 2022/2554",
    "dora-rts-classification": "DORA, classification of incidents",
    "dora-rts-reporting": "DORA, reporting of incidents",
    "dora-metrics": "DORA metrics of software delivery",
    "sre-book": "Site Reliability Engineering",
    "sre-workbook": "The Site Reliability Workbook",
}
"""Frameworks that the shipped policies and controls name, as people call them."""
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@lru_cache(maxsize=4096)
def human(code: str) -> str:
    """``service-hours`` -> ``Service hours``; ``P1`` stays ``P1``."""
    words = _CAMEL.sub("-", code).replace("_", "-").split("-") if code else []
    spelt = " ".join(_UPPER.get(word, word) for word in words)
    return spelt[:1].upper() + spelt[1:]


def sentence(text: str) -> str:
    """A text with one full stop at its end, whatever it ended with."""
    text = text.strip()
    return text if not text or text.endswith((".", "!", "?", "…")) else f"{text}."


def said(*sentences: str) -> Value:
    """Sentences one after the other, each ended once; only what stands in backticks is code, all else is as written."""
    found = [sentence(text) for text in sentences if text.strip()]
    whole = " ".join([*found[:1], *(text[:1].upper() + text[1:] for text in found[1:])])
    pieces = whole.split("`")
    if len(pieces) % 2 == 0:
        return Text(whole)
    parts = tuple(Code(piece) if at % 2 else Text(piece) for at, piece in enumerate(pieces) if piece)
    return parts[0] if len(parts) == 1 else Inline(parts, "")


def framework(code: str) -> str:
    """``iso20000-1:2018`` -> ``ISO/IEC 20000-1:2018``; one that is not known stays as it is written."""
    return _FRAMEWORKS.get(code, code)


def spelt(number: int) -> str:
    """``eight``; a number beyond twelve in figures."""
    return _NUMBERS[number] if 0 <= number < len(_NUMBERS) else f"{number:,}"


def join(words: list[str], last: str = "and") -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}" if words else ""


def day(value: date) -> str:
    """``Sun 22 Nov 2026``; a day beyond the ends of time is none."""
    if not BEGINNING.year < value.year < FOREVER.year:
        return "no end" if value.year >= FOREVER.year else "no beginning"
    return f"{DAYS[value.weekday()]} {value.day} {_MONTHS[value.month - 1]} {value.year}"


def day_of_month(value: date) -> str:
    """``22``, and ``1 Dec`` on the first of a month."""
    return f"{value.day} {_MONTHS[value.month - 1]}" if value.day == 1 else str(value.day)


def zone_name(instant: datetime) -> str:
    """The zone's abbreviation, or its offset where it has none that people know."""
    name = instant.tzname() or ""
    if name.isalpha():
        return name
    minutes = int((instant.utcoffset() or timedelta()).total_seconds()) // 60
    sign, minutes = ("-", -minutes) if minutes < 0 else ("+", minutes)
    return f"UTC{sign}{minutes // 60}" + (f":{minutes % 60:02}" if minutes % 60 else "")


def moment(instant: datetime, tz: ZoneInfo) -> Moment:
    """``Sun 22 Nov 2026, 13:00 CET``."""
    if not BEGINNING < instant < FOREVER:
        return Moment(day(instant), format_instant(instant))
    local = instant.astimezone(tz)
    return Moment(f"{day(local)}, {local:%H:%M} {zone_name(local)}", format_instant(instant))


def span(start: datetime, end: datetime | None, tz: ZoneInfo) -> Moment:
    """``Sun 22 Nov 2026, 22:00 to 23:30 CET``, with both days when they differ."""
    if end is None or end >= FOREVER:
        first = moment(start, tz)
        return Moment(f"since {first.text}", first.machine)
    local, until = start.astimezone(tz), end.astimezone(tz)
    midnight = until.hour == until.minute == 0 and until.date() == local.date() + timedelta(days=1)
    if local.date() == until.date() or midnight:
        clock = "24:00" if midnight else f"{until:%H:%M}"
        words = f"{day(local)}, {local:%H:%M} to {clock} {zone_name(until)}"
    else:
        words = f"{day(local)}, {local:%H:%M} to {day(until)}, {until:%H:%M} {zone_name(until)}"
    return Moment(words, format_instant(start))


def date_value(value: date) -> Moment:
    return Moment(day(value), format_date(value))


def length(delta: timedelta) -> str:
    """``1 day 4 hours``; the two largest units that matter."""
    seconds = int(delta.total_seconds())
    if seconds <= 0:
        return "0 minutes" if seconds == 0 else f"minus {length(-delta)}"
    parts = []
    for size, name in ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")):
        number, seconds = divmod(seconds, size)
        if number:
            parts.append(count(number, name))
    return " ".join(parts[:2])


def service_time(delta: timedelta) -> str:
    """``24 service hours``, never a day: a day of service hours is not a day of the calendar."""
    minutes = int(delta.total_seconds()) // 60
    hours, minutes = divmod(minutes, 60)
    parts = [count(hours, "service hour")] if hours or not minutes else []
    if minutes:
        parts.append(count(minutes, "minute") if parts else count(minutes, "service minute"))
    return " ".join(parts)


def duration(text: str) -> str:
    """``PT4H`` -> ``4 hours``; a text that is no duration stays as it is."""
    try:
        return str(parse_duration(text))
    except ValueError:
        return text


def relative(instant: datetime, now: datetime) -> str:
    """``in 3 days``, ``2 hours ago``."""
    delta = instant - now
    ahead = delta >= timedelta()
    size = abs(delta)
    if size < timedelta(minutes=1):
        return "now"
    if size >= timedelta(days=2):
        words = count(size.days, "day")
    elif size >= timedelta(hours=1):
        words = count(int(size.total_seconds()) // 3600, "hour")
    else:
        words = count(int(size.total_seconds()) // 60, "minute")
    return f"in {words}" if ahead else f"{words} ago"


def stands(span: Interval, now: datetime) -> str:
    """``begins in 3 days``, ``began 2 hours ago``, ``ended 5 minutes ago``; to the minute, ``begins now``."""
    if now >= span.end:
        return f"ended {relative(span.end, now)}"
    said = relative(span.start, now)
    return f"began {said}" if said.endswith(" ago") else f"begins {said}"


def as_instant(text: object) -> datetime | None:
    """The instant that a record's text names, or None."""
    if not isinstance(text, str):
        return None
    try:
        return parse_instant(text)
    except ValueError:
        return None


def as_date(text: object) -> date | None:
    """The day that a record's text names, or None."""
    if not isinstance(text, str):
        return None
    try:
        return parse_date(text)
    except ValueError:
        return None


def instant_value(text: object, tz: ZoneInfo, missing: str = "Not stated") -> Value:
    """An instant of a record in words."""
    instant = as_instant(text)
    if instant is None:
        return Text(str(text)) if text else Missing(missing)
    return moment(instant, tz)


def last_day_value(end: object, missing: str = "Not stated") -> Value:
    """The last day of what ends, half-open, on a day of a record: the last day on which a contract is in force."""
    found = as_date(end)
    return day_value(end, missing) if found is None else date_value(last_day_before(found))


def day_value(text: object, missing: str = "Not stated") -> Value:
    """A date of a record in words."""
    found = as_date(text)
    if found is None:
        return Text(str(text)) if text else Missing(missing)
    return date_value(found)


def start_of(value: date, tz: ZoneInfo) -> datetime:
    """The instant at which a day begins in a zone."""
    return datetime(value.year, value.month, value.day, tzinfo=tz).astimezone(UTC)


def grouped(number: str) -> str:
    """A decimal with separators: ``12000.50`` -> ``12,000.50``."""
    whole, dot, rest = number.partition(".")
    sign = "-" if whole.startswith("-") else ""
    digits = whole.removeprefix("-")
    return f"{sign}{int(digits):,}{dot}{rest}" if digits.isdigit() else number


def money(value: object) -> str:
    """``{amount, currency}`` -> ``1,200.00 EUR``."""
    if isinstance(value, dict):
        return f"{grouped(str(value.get('amount', '')))} {value.get('currency', '')}".strip()
    return str(value)


def plain(source: str, limit: int = 240) -> str:
    """The first paragraph of a CommonMark text, without its marks, cut at a word."""
    first = source.strip().split("\n\n", 1)[0]
    words = " ".join(re.sub(r"[*_`#>\[\]]|\]\([^)]*\)", "", first).split())
    return words if len(words) <= limit else words[: words.rfind(" ", 0, limit - 1)].rstrip(",.;:") + "…"
