"""Who is on call: shifts of calendars, what they leave open, where they collide, and how long somebody has it.

A shift is one occurrence of an entry that names people, the first before the second. Days and weeks are nominal (RFC
5545, section 3.3.6): a week from Monday 10:00 ends on the next Monday 10:00, also where a clock is changed between.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from itsm_as_code.clock import Interval, Intervals, entry_spans, zone
from itsm_as_code.durations import Duration
from itsm_as_code.records.facts import Data, Facts

LONGEST: Final = Duration(days=7)
"""For how long one person is the first on call, before somebody else has to be."""
_REST: Final = timedelta(days=1)
"""Shifts of a person that are no further apart than this are one time on call."""


@dataclass(frozen=True, slots=True)
class Shift:
    """One occurrence of the entry at ``index`` of a calendar; ``people`` are on call in that order."""

    span: Interval
    people: tuple[str, ...]
    calendar: str
    index: int
    reason: str = ""


def rotas(facts: Facts) -> list[Data]:
    """The calendars that say who is on call, by name."""
    found = [data for data in facts.records("Calendar") if data["spec"]["kind"] == "on-call"]
    return sorted(found, key=lambda data: str(data["metadata"]["name"]))


def shifts(facts: Facts, calendar: Data, window: Interval) -> list[Shift]:
    """The shifts that touch a window, in order of time, whole. ValueError for a calendar that cannot be read."""
    name, spec = calendar["metadata"]["name"], calendar["spec"]
    days_off = [item for item in (facts.record("Calendar", days) for days in spec.get("holidays", ())) if item]
    found = []
    for index, entry in enumerate(spec["entries"]):
        if not entry.get("people"):
            continue
        repeats = "weekly" in entry or "rrule" in entry
        for whole in entry_spans(spec, entry, window):
            off = Intervals(span for item in days_off if repeats for span in facts.calendar_intervals(item, whole))
            for span in Intervals([whole]) - off:
                if span.overlaps(window):
                    found.append(Shift(span, tuple(entry["people"]), name, index, entry.get("reason", "")))
    return sorted(found, key=lambda shift: (shift.span, shift.index))


def on_duty(found: Iterable[Shift], at: datetime) -> list[Shift]:
    """The shifts that are on at an instant."""
    return [shift for shift in found if at in shift.span]


def gaps(found: Iterable[Shift], wanted: Intervals) -> Intervals:
    """When somebody is wanted and nobody is on call."""
    return wanted - Intervals(shift.span for shift in found)


def overlaps(found: Sequence[Shift]) -> Iterator[tuple[Shift, Shift, Interval]]:
    """Two shifts of one calendar at the same time, each with the latest before it that is still on."""
    latest: Shift | None = None
    for shift in found:
        if latest is not None and shift.span.start < latest.span.end:
            yield latest, shift, Interval(shift.span.start, min(latest.span.end, shift.span.end))
        if latest is None or shift.span.end > latest.span.end:
            latest = shift


def runs(found: Iterable[Shift]) -> Iterator[list[Shift]]:
    """The shifts of each person that is the first on call, together as long as less than a day lies between them."""
    by_person: dict[str, list[Shift]] = {}
    for shift in found:
        by_person.setdefault(shift.people[0], []).append(shift)
    for mine in by_person.values():
        run = mine[:1]
        for before, after in pairwise(mine):
            if after.span.start - before.span.end >= _REST:
                yield run
                run = []
            run.append(after)
        yield run


def too_long(run: Sequence[Shift], timezone: str) -> bool:
    """True when somebody is the first on call for more than a week without a day between."""
    return max(shift.span.end for shift in run) > LONGEST.after(run[0].span.start, zone(timezone))
