"""What a calendar says is what was probably meant.

A day ends at 24:00. Hours, spans or windows to 23:59 leave out its last minute, which other programs write because they
know no 24:00: clocks of service levels lose it every day, and a freeze lets a change through. An exception for a day on
which no span starts has no effect.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from itsm_as_code import recurrence
from itsm_as_code.checks import Situation, Subject
from itsm_as_code.clock import parse_date, parse_instant, zone
from itsm_as_code.durations import parse_duration
from itsm_as_code.findings import Pointer, Problem
from itsm_as_code.records.facts import Facts

TITLE = "A calendar says what was meant"
SEVERITY = "warning"
WAIVABLE = True
READS = ("Calendar",)


def check(facts: Facts, situation: Situation) -> Iterator[tuple[Subject, Problem]]:
    for calendar in facts.records("Calendar"):
        spec = calendar["spec"]
        for index, entry in enumerate(spec["entries"]):
            for problem in _problems(entry, zone(spec["timezone"]), ("spec", "entries", index)):
                yield ("Calendar", calendar["metadata"]["name"]), problem


def _problems(entry: dict[str, Any], tz: ZoneInfo, at: Pointer) -> Iterator[Problem]:
    weekly = entry.get("weekly", {})
    for span, where in (
        (weekly, (*at, "weekly", "to")),
        *((pause, (*at, "weekly", "breaks", index, "to")) for index, pause in enumerate(weekly.get("breaks", ()))),
    ):
        if span.get("to") == "23:59":
            yield Problem("23:59 leaves out the last minute of the day", where, "write 24:00")
    if "end" in entry and _is_last_minute(parse_instant(entry["end"]).astimezone(tz)):
        yield Problem(
            "the end leaves out what is left of the last minute of the day",
            (*at, "end"),
            "end at 00:00:00 of the next day",
        )
    if "rrule" in entry:
        yield from _of_rule(entry, tz, at)


def _of_rule(entry: dict[str, Any], tz: ZoneInfo, at: Pointer) -> Iterator[Problem]:
    try:
        start = datetime.fromisoformat(entry["dtstart"])
        end = parse_duration(entry["duration"]).after(start, tz).astimezone(tz)
        days = [parse_date(day) for day in entry.get("exdate", ())]
        strays = recurrence.strays(entry["rrule"], start, tz, days)
    except (ValueError, OverflowError):
        return  # calendar-readable says what is wrong
    if _is_last_minute(end):
        message = "with this duration a span leaves out what is left of the last minute of the day"
        yield Problem(message, (*at, "duration"), "let it last until 24:00")
    for day in strays:
        message = f"no span starts on {day.isoformat()}, so the exception has no effect"
        yield Problem(message, (*at, "exdate", days.index(day)), "correct the day, or remove it")


def _is_last_minute(local: datetime) -> bool:
    return local.hour == 23 and local.minute == 59
