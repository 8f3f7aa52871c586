"""What `itsm calendar` prints: an agenda as text, and json. The iCalendar form has its home in interchange."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson

from itsm_as_code.clock import Interval, format_instant
from itsm_as_code.gate.agenda import Entry
from itsm_as_code.gate.conflicts import Conflict
from itsm_as_code.reports import escape

SCHEMA: Final = "itsm/calendar/v1"
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def text(entries: Sequence[Entry], period: Interval, tz: ZoneInfo) -> str:
    """For people: what runs already, then day by day, with the conflicts of each change."""
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
    said = f"{len(changes)} change{'' if len(changes) == 1 else 's'}, {many} with conflicts"
    return "\n".join([*lines, "", said, ""])


def _clock(span: Interval, tz: ZoneInfo) -> str:
    start, end = (f"{instant.astimezone(tz):%Y-%m-%d %H:%M}" for instant in (span.start, span.end))
    return f"{start} to {end}"


def _lines(entry: Entry, tz: ZoneInfo, day: date | None) -> Iterator[str]:
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


def json(entries: Sequence[Entry], period: Interval, tz: ZoneInfo) -> str:
    """For programs: schemas/reports/calendar-report.schema.json. Every entry, those that are called off too."""
    data = {
        "schema": SCHEMA,
        "from": format_instant(period.start),
        "to": format_instant(period.end),
        "timezone": tz.key,
        "entries": [_row(entry) for entry in entries],
    }
    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    return escape.json(orjson.dumps(data, option=options).decode())


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "kind": entry.kind,
        "record": entry.record,
        "title": entry.title,
        "start": format_instant(entry.span.start),
        "end": format_instant(entry.span.end),
        "services": list(entry.services),
        "type": entry.type or None,
        "status": entry.status or None,
        "summary": entry.summary,
        "conflicts": [_conflict(item) for item in entry.conflicts],
    }


def _conflict(item: Conflict) -> dict[str, Any]:
    return {
        "kind": item.kind,
        "with": item.other,
        "start": format_instant(item.start) if item.start else None,
        "end": format_instant(item.end) if item.end else None,
        "message": item.message,
    }
