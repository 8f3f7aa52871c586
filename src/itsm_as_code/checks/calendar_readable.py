"""The entries of a calendar can be worked out.

A freeze that cannot be read, or that covers no time, would silently freeze nothing. Times of day run forward (write an
overnight window as two entries), spans and durations are longer than nothing, recurrence rules are valid RFC 5545, and
the holidays that a calendar names exist and can be read too. The first start of a recurring span is one that its rule
gives (RFC 5545, section 3.8.5.3, leaves undefined what else the rule would mean), and UNTIL is an instant.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from itsm_as_code import recurrence
from itsm_as_code.checks import Situation, Subject
from itsm_as_code.clock import Interval, Intervals, zone
from itsm_as_code.durations import parse_duration
from itsm_as_code.findings import Pointer, Problem
from itsm_as_code.records.facts import Facts

TITLE = "A calendar can be worked out"
SEVERITY = "error"
WAIVABLE = False
READS = ("Calendar",)


def check(facts: Facts, situation: Situation) -> Iterator[tuple[Subject, Problem]]:
    year = _window(situation.now, timedelta(days=400))
    week = _window(situation.now, timedelta(days=7))
    for calendar in facts.records("Calendar"):
        subject = ("Calendar", calendar["metadata"]["name"])
        for index, entry in enumerate(calendar["spec"]["entries"]):
            alone = {"spec": {**calendar["spec"], "entries": [entry]}}
            # Only a recurrence rule can go wrong later than in its first week.
            window = year if "rrule" in entry else week
            try:
                facts.calendar_intervals(alone, window)
            except ValueError as error:
                yield subject, Problem(str(error), ("spec", "entries", index), "correct this entry")
                continue
            for problem in _entry_problems(entry, calendar["spec"]["timezone"], ("spec", "entries", index)):
                yield subject, problem


def _window(now: datetime, length: timedelta) -> Interval:
    try:
        return Interval(now - timedelta(days=7), now + length)
    except OverflowError:  # at the ends of time
        return Interval(now, now)


def _entry_problems(entry: dict[str, Any], timezone: str, at: Pointer) -> Iterator[Problem]:
    weekly = entry.get("weekly")
    if weekly:
        hours = [(weekly, (*at, "weekly"))]
        hours += [(pause, (*at, "weekly", "breaks", index)) for index, pause in enumerate(weekly.get("breaks", ()))]
        for span, where in hours:
            if not span["from"] < span["to"]:
                message = f"hours from {span['from']} to {span['to']} run backwards"
                yield Problem(message, where, "write an overnight window as two entries")
    if "duration" in entry and not parse_duration(entry["duration"]):
        yield Problem("a duration of nothing covers nothing", (*at, "duration"), "write how long it lasts")
    if "rrule" in entry:
        start = datetime.fromisoformat(entry["dtstart"])
        for field, message, remedy in recurrence.doubts(entry["rrule"], start, zone(timezone)):
            yield Problem(message, (*at, field), remedy)
    if "start" in entry and not Intervals([Interval.parse(entry)]):
        yield Problem("it ends when it starts, and covers nothing", (*at, "end"), "correct its end")
