"""The last ninety days of a service, by what incidents record: how long it was out or degraded on each day."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta

from itsm_as_code.records.catalogue import Record
from itsm_as_code.records.facts import began
from itsm_as_code.site.views import words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.values import Day, Strip

SHOWN = 90


def strip(context: Context, service: Record) -> Strip:
    """Each day up to today on clocks of the organisation; what has no end yet goes on until now."""
    first = context.today - timedelta(days=SHOWN - 1)
    full: dict[date, float] = defaultdict(float)
    degraded: dict[date, float] = defaultdict(float)
    for _, outage in context.validation.facts.outages_by_service.get(service.name, ()):
        lost = full if outage.get("kind") == "full" else degraded
        for day, minutes in _by_day(context, first, outage):
            lost[day] += minutes
    without = {
        found for incident in context.incidents_of.get(service.name, ())
        if (found := _day(context, began(incident.spec))) is not None and first <= found <= context.today
    } - full.keys() - degraded.keys()  # fmt: skip
    marks: list[Day] = []
    for day in sorted({*full, *degraded, *without}):
        when = words.day(day)
        if day in without:
            marks.append(Day((day - first).days, "note", f"{when}: incident without an outage"))
        elif full[day]:
            marks.append(Day((day - first).days, "down", f"{when}: {_minutes(full[day])} without service"))
        else:
            marks.append(Day((day - first).days, "part", f"{when}: {_minutes(degraded[day])} degraded"))
    days = sum(1 for mark in marks if mark.mark != "note")
    whole = _minutes(sum(full.values()) + sum(degraded.values()))
    said = f"{days} of {SHOWN} days with an outage, {whole} in all" if days else f"No outage recorded in {SHOWN} days"
    return Strip(SHOWN, tuple(marks), said)


def _minutes(minutes: float) -> str:
    return f"{max(round(minutes), 1):,} min"


def _day(context: Context, instant: object) -> date | None:
    found = words.as_instant(instant)
    return found.astimezone(context.tz).date() if found else None


def _by_day(context: Context, first: date, outage: dict[str, object]) -> list[tuple[date, float]]:
    """The minutes of an outage on each day of the strip."""
    start, end = words.as_instant(outage.get("start")), words.as_instant(outage.get("end"))
    if start is None or start >= context.now:
        return []
    until = context.now if end is None or end > context.now else end
    found = []
    day = max(first, start.astimezone(context.tz).date())
    while (midnight := words.start_of(day, context.tz)) < until:
        following = words.start_of(day + timedelta(days=1), context.tz)
        found.append((day, (min(until, following) - max(start, midnight)).total_seconds() / 60))
        day += timedelta(days=1)
    return found
