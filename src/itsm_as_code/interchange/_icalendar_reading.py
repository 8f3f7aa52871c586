"""iCalendar as other tools write it (RFC 5545): lines unfolded, events with their properties, everything bounded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from itsm_as_code.durations import parse_duration
from itsm_as_code.interchange._yaml import MAX_BYTES
from itsm_as_code.records.characters import FORBIDDEN

_NAME: Final = re.compile(r"[A-Za-z0-9-]{1,60}")
_PARAMETER: Final = re.compile(r';([A-Za-z0-9-]{1,60})=("[^"]*"|[^";:,]*)((?:,(?:"[^"]*"|[^";:,]*))*)')
_DATE: Final = re.compile(r"(\d{4})(\d\d)(\d\d)\Z", re.ASCII)
_TIME: Final = re.compile(r"(\d{8}T\d{6})(Z?)\Z", re.ASCII)
_ESCAPED: Final = re.compile(r"\\([\\;,nN])")
MOST_DAYS: Final = 3660


class Unusable(Exception):
    """What cannot be taken, as a sentence."""


@dataclass(frozen=True, slots=True)
class Property:
    """A content line: its name, parameters by upper-case name, value, and the line of the file where it begins."""

    name: str
    parameters: dict[str, str]
    value: str
    line: int

    @property
    def text(self) -> str:
        """TEXT (section 3.3.11) in one line, without characters that do not show."""
        plain = _ESCAPED.sub(lambda match: "\n" if match[1] in "nN" else match[1], self.value)
        return " ".join(FORBIDDEN.sub("", re.sub("[\u200c\u200d]", "", plain)).split())


@dataclass(slots=True)
class Component:
    """A VEVENT or VCALENDAR: its properties in order, and the components inside."""

    name: str
    line: int
    properties: list[Property] = field(default_factory=list)
    inside: list[Component] = field(default_factory=list)

    def all(self, name: str) -> list[Property]:
        return [item for item in self.properties if item.name == name]

    def one(self, name: str) -> Property | None:
        return next(iter(self.all(name)), None)

    def text(self, name: str) -> str:
        found = self.one(name)
        return found.text if found is not None else ""


@dataclass(frozen=True, slots=True)
class Moment:
    """A day, or a time as a clock shows it; ``zone`` is the zone that is named (UTC), or None for the calendar's."""

    day: date
    clock: datetime | None = None
    zone: str | None = None

    @property
    def local(self) -> datetime:
        return self.clock or datetime(self.day.year, self.day.month, self.day.day)


def read_calendars(source: bytes) -> list[Component]:
    """The calendars of a file. Unusable where it is none, or has an end that nothing began."""
    if len(source) > MAX_BYTES:
        raise Unusable(f"the file has more than {MAX_BYTES >> 20} MiB")
    try:
        text = source.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unusable("the file is not UTF-8 text") from None
    found: list[Component] = []
    stack: list[Component] = []
    for item in _properties(text):
        if item.name == "BEGIN":
            made = Component(item.value.upper(), item.line)
            (stack[-1].inside if stack else found).append(made)
            stack.append(made)
            if len(stack) > 8:
                raise Unusable(f"line {item.line}: components lie more than 8 deep")
        elif item.name == "END":
            if not stack or stack.pop().name != item.value.upper():
                raise Unusable(f"line {item.line}: END:{item.value[:40]} ends nothing that began")
        elif stack:
            stack[-1].properties.append(item)
    if stack or not found or any(item.name != "VCALENDAR" for item in found):
        raise Unusable(f"{stack[-1].name[:40]} has no end" if stack else "the file is no iCalendar")
    return found


def _properties(text: str) -> Iterator[Property]:
    number, whole = 0, ""
    begun = 0
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        if line[:1] in (" ", "\t"):
            whole += line[1:]
            continue
        if whole.strip():
            yield _property(whole, begun)
        whole, begun = line, number
    if whole.strip():
        yield _property(whole, begun)


def _property(text: str, line: int) -> Property:
    match = _NAME.match(text)
    if match is None:
        raise Unusable(f"line {line} is no content line")
    at, parameters = match.end(), {}
    while found := _PARAMETER.match(text, at):
        parameters[found[1].upper()] = found[2].strip('"')
        at = found.end()
    if text[at : at + 1] != ":":
        raise Unusable(f"line {line}: there is no ':' behind {match[0][:40]}")
    return Property(match[0].upper(), parameters, text[at + 1 :].strip(), line)


def moments(item: Property) -> list[Moment]:
    """The days or times of DTSTART, EXDATE and their like, apart by commas. Unusable."""
    return [_moment(text.strip(), item) for text in item.value.split(",")]


def _moment(text: str, item: Property) -> Moment:
    try:
        if match := _DATE.match(text):
            return Moment(date(*map(int, match.groups())))
        if match := _TIME.match(text):
            clock = datetime.strptime(match[1], "%Y%m%dT%H%M%S")
            zone = "UTC" if match[2] else item.parameters.get("TZID")
            return Moment(clock.date(), clock, zone)
    except ValueError:
        pass
    raise Unusable(f"'{text[:40]}' of {item.name} is neither a day nor a time")


def length(event: Component, start: Moment) -> tuple[str, timedelta]:
    """How long an event lasts, as an ISO 8601 duration of a record and by the clock. Unusable where it takes no time.

    Without an end a day lasts one day (section 3.6.1).
    """
    end, said = event.one("DTEND"), event.one("DURATION")
    if said is not None:
        try:
            text = said.value.removeprefix("+")
            taken = parse_duration(text).fixed
        except ValueError:
            raise Unusable(f"'{said.value[:40]}' is no duration") from None
    elif end is not None:
        last = moments(end)[0]
        if (last.clock is None) != (start.clock is None) or last.zone != start.zone:
            raise Unusable("it ends by another clock than it begins")
        taken = last.local - start.local
        text = _duration(taken)
    else:
        taken, text = (timedelta(days=1), "P1D") if start.clock is None else (timedelta(), "")
    if taken <= timedelta():
        raise Unusable("it takes no time")
    return text, taken


def _duration(taken: timedelta) -> str:
    hours, rest = divmod(taken.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    clock = "".join(f"{number}{unit}" for number, unit in ((hours, "H"), (minutes, "M"), (seconds, "S")) if number)
    return f"P{f'{taken.days}D' if taken.days else ''}{f'T{clock}' if clock else ''}"
