"""A rota has somebody on call whenever it has to, one crew at a time, and nobody for two weeks in a row.

Of the next eight weeks: somebody is on call in the hours of every live service that names some and whose team has the
rota; no two shifts of a rota are on at the same time; nobody is the first on call for more than seven days without a
day between, or while away. Add a shift, end one earlier, or swap with somebody else.
Source: Beyer, Jones, Petoff and Murphy, Site Reliability Engineering, chapter 11, "Being on-call".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, timedelta
from typing import Final

from itsm_as_code.checks import Situation, Subject
from itsm_as_code.clock import Interval, Intervals, format_span, midnight
from itsm_as_code.findings import Problem
from itsm_as_code.measures.deadlines import utc_day
from itsm_as_code.measures.on_call import Shift, gaps, overlaps, rotas, runs, shifts, too_long
from itsm_as_code.records.facts import Data, Facts
from itsm_as_code.wording import count

TITLE = "A rota has somebody on call, and spares them"
SEVERITY = "warning"
WAIVABLE = True
READS = ("Calendar", "Person", "Service", "Team")
_AHEAD: Final = timedelta(weeks=8)


def check(facts: Facts, situation: Situation) -> Iterator[tuple[Subject, Problem]]:
    start = midnight(utc_day(situation.now)).replace(tzinfo=UTC)
    window = Interval(start, start + _AHEAD)
    for calendar in rotas(facts):
        try:
            found = shifts(facts, calendar, window)
            wanted = _wanted(facts, calendar, window)
        except ValueError:
            continue  # calendar-readable says what is wrong
        for problem in _problems(facts, calendar, found, wanted):
            yield ("Calendar", calendar["metadata"]["name"]), problem


def _wanted(facts: Facts, calendar: Data, window: Interval) -> Intervals:
    """The hours of the live services that the teams with this rota own, where they name them."""
    name = calendar["metadata"]["name"]
    teams = {data["metadata"]["name"] for data in facts.records("Team") if data["spec"].get("onCall") == name}
    hours = {
        service["spec"].get("hours")
        for service in facts.records("Service")
        if service["spec"]["lifecycle"] == "live" and service["spec"]["owner"] in teams
    }
    found = [data for data in (facts.record("Calendar", item) for item in sorted(filter(None, hours))) if data]
    return Intervals(span for data in found for span in facts.calendar_intervals(data, window))


def _problems(facts: Facts, calendar: Data, found: Sequence[Shift], wanted: Intervals) -> Iterator[Problem]:
    tz = calendar["spec"]["timezone"]
    open_ = gaps(found, wanted).spans
    if open_:
        more = f", and {count(len(open_) - 1, 'time')} more in eight weeks" if len(open_) > 1 else ""
        message = f"nobody is on call {format_span(open_[0].start, open_[0].end, tz)}{more}"
        yield Problem(message, ("spec", "entries"), "add a shift, or correct the hours of the services")
    told = set()
    for one, other, span in overlaps(found):
        if (one.index, other.index) not in told:
            told.add((one.index, other.index))
            message = f"{one.people[0]} and {other.people[0]} are both on call {format_span(span.start, span.end, tz)}"
            yield Problem(message, ("spec", "entries", other.index), "let one shift end where the other begins")
    yield from _strained(facts, found, tz)


def _strained(facts: Facts, found: Sequence[Shift], tz: str) -> Iterator[Problem]:
    told: set[tuple[str, ...]] = set()
    for run in runs(found):
        name, last = run[0].people[0], max(shift.span.end for shift in run)
        if too_long(run, tz) and (name,) not in told:
            told.add((name,))
            message = f"{name} is the first on call for more than a week, {format_span(run[0].span.start, last, tz)}"
            yield Problem(message, ("spec", "entries", run[-1].index, "people"), "let somebody else be the first")
    for shift in found:
        name = shift.people[0]
        for period in facts.spec("Person", name).get("away", ()):
            if ("away", name, str(period)) in told or not Interval.parse(period).overlaps(shift.span):
                continue
            told.add(("away", name, str(period)))
            message = f"{name} is away while on call {format_span(shift.span.start, shift.span.end, tz)}"
            yield Problem(message, ("spec", "entries", shift.index, "people"), "swap the shift with somebody else")
