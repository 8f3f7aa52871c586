"""For people: what runs already, then day by day, with the conflicts of each change."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

from itsm_as_code.clock import Interval
from itsm_as_code.gate.agenda import AgendaItem
from itsm_as_code.reports import escape
from itsm_as_code.reports.calendar import Planned
from itsm_as_code.wording import count

_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def render(planned: Planned) -> str:
    entries, period, tz = planned.entries, planned.period, planned.tz
    lines = [f"{_clock(period, tz)} ({tz.key})"]
    running = [entry for entry in entries if entry.span.start < period.start and not entry.is_called_off]
    if running:
        lines += ["", "Running already", *(line for entry in running for line in _lines(entry, tz, None))]
    last: date | None = None
    for entry in entries:
        if entry.span.start < period.start or entry.is_called_off:
            continue
        day = entry.span.start.astimezone(tz).date()
        if day != last:
            lines += ["", f"{_DAYS[day.weekday()]} {day.isoformat()}"]
            last = day
        lines += _lines(entry, tz, day)
    if len(lines) == 1:
        lines += ["", "Nothing is planned."]
    changes = [entry for entry in entries if entry.kind == "change" and not entry.is_called_off]
    many = sum(bool(entry.conflicts) for entry in changes)
    said = f"{count(len(changes), 'change')}, {many} with conflicts"
    return "\n".join([*lines, "", said, ""])


def _clock(span: Interval, tz: ZoneInfo) -> str:
    start, end = (f"{instant.astimezone(tz):%Y-%m-%d %H:%M}" for instant in (span.start, span.end))
    return f"{start} to {end}"


def _lines(entry: AgendaItem, tz: ZoneInfo, day: date | None) -> Iterator[str]:
    start, end = entry.span.start.astimezone(tz), entry.span.end.astimezone(tz)
    same = end.date() == start.date() and day is not None
    when = f"{start:%H:%M} to {end:%H:%M}" if same else f"{start:%H:%M} to {end:%Y-%m-%d %H:%M}"
    if day is None:
        when = f"until {end:%Y-%m-%d %H:%M}"
    about = f"  [{entry.type}, {entry.status}]" if entry.kind == "change" else ""
    services = ", ".join(entry.services[:4])
    more = f" and {len(entry.services) - 4} more" if len(entry.services) > 4 else ""
    yield escape.terminal(f"  {when:<25}  {entry.kind:<11}  {entry.record}: {entry.title}{about}").rstrip()
    yield f"  {'':<25}  {'':<11}  {services}{more}".rstrip() if services else f"  {'':<25}  {'':<11}  no service"
    for conflict in entry.conflicts:
        yield escape.terminal(f"  {'':<25}  ! {conflict.kind}: {conflict.message}")
