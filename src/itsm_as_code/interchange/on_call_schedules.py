"""Rotas as schedules of PagerDuty and Opsgenie: the bodies that create them over the API.

https://developer.pagerduty.com/api-reference/3f03afb2c84a4-create-a-schedule (``schedule_layers``) and
https://docs.opsgenie.com/docs/schedule-api (``rotations``). Both know one person at a time, so each place in a rota is
a schedule of its own. Weekly hours become weekly restrictions; what recurs otherwise becomes its shifts, as far as is
asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from itsm_as_code.clock import Interval, format_instant, parse_date, wall_intervals, zone
from itsm_as_code.measures.on_call import rotas, shifts
from itsm_as_code.records.facts import Data, Facts

TITLE: Final = "schedules of PagerDuty and Opsgenie"
USER_ID: Final = "pagerduty.com/user-id"
"""The annotation of a Person with their user at PagerDuty, which its API names by number alone."""
_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NAMES: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEK: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Turn:
    """One person's time: from ``start`` to ``end`` (None: for ever), and in each week only on ``hours``: the number of
    the day from Monday, minutes since midnight, and for how many."""

    person: str
    reason: str
    start: datetime
    end: datetime | None
    hours: tuple[tuple[int, int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Schedules:
    """The bodies, the people who have no name there, and the rotas whose times it rounds."""

    bodies: list[dict[str, Any]]
    unknown: list[str]
    rounded: list[str]


def schedules(facts: Facts, tool: str, now: datetime, until: datetime) -> Schedules:
    """A schedule for each place of each rota; ``tool`` is pagerduty or opsgenie. ValueError for an unreadable rota."""
    unknown: set[str] = set()
    rounded: dict[str, None] = {}
    begin = now.replace(minute=now.minute // 30 * 30, second=0, microsecond=0)
    made: list[dict[str, Any]] = []
    for rota in rotas(facts):
        deepest = max((len(entry.get("people", ())) for entry in rota["spec"]["entries"]), default=0)
        for place in range(deepest):
            turns = list(_turns(facts, rota, place, Interval(begin, until)))
            unknown |= {turn.person for turn in turns if not _known(facts, turn.person, tool)}
            if tool == "opsgenie" and any(minute % 30 for turn in turns for minute in _minutes(turn)):
                rounded[str(rota["metadata"]["title"])] = None
            if turns:
                made.append(_BODIES[tool](facts, rota, place, turns))
    return Schedules(made, sorted(unknown), list(rounded))


def _minutes(turn: Turn) -> Iterator[int]:
    """The minutes of an hour at which a turn begins or ends; Opsgenie rounds all but 0 and 30."""
    yield from (at.minute for at in (turn.start, turn.end) if at is not None)
    yield from (at for _, minute, length in turn.hours for at in (minute, minute + length))


def _turns(facts: Facts, rota: Data, place: int, window: Interval) -> Iterator[Turn]:
    spec = rota["spec"]
    tz = zone(spec["timezone"])
    by_shift = set()
    for index, entry in enumerate(spec["entries"]):
        people = entry.get("people", ())
        if "weekly" not in entry or entry["weekly"].get("breaks") or spec.get("holidays"):
            by_shift.add(index)
        elif place < len(people):
            first = (
                wall_intervals(parse_date(entry["validFrom"]), "00:00", "24:00", tz)[0]
                if "validFrom" in entry
                else None
            )
            last = (
                wall_intervals(parse_date(entry["validUntil"]), "00:00", "24:00", tz)[0]
                if "validUntil" in entry
                else None
            )
            start, end = first.start if first else window.start, last.start if last else None
            if end is None or end > window.start:
                yield Turn(people[place], entry.get("reason", ""), start, end, _hours(entry["weekly"]))
    for shift in shifts(facts, rota, window):
        if shift.index in by_shift and place < len(shift.people):
            yield Turn(shift.people[place], shift.reason, shift.span.start, shift.span.end)


def _hours(weekly: Mapping[str, Any]) -> tuple[tuple[int, int, int], ...]:
    first, last = (int(weekly[key][:2]) * 60 + int(weekly[key][3:]) for key in ("from", "to"))
    return tuple(
        (_DAYS.index(day), first, last - first if last > first else last + 1440 - first) for day in weekly["days"]
    )


def _known(facts: Facts, person: str, tool: str) -> str:
    """The name of a person at a tool; empty where nobody says."""
    data = facts.record("Person", person) or {"metadata": {}, "spec": {}}
    if tool == "pagerduty":
        return str(data["metadata"].get("annotations", {}).get(USER_ID, ""))
    return str(next(iter(data["spec"].get("emails", ())), ""))


def _title(rota: Data, place: int) -> str:
    title = str(rota["metadata"]["title"])
    return title if place == 0 else f"{title} ({place + 1})"


def _pagerduty(facts: Facts, rota: Data, place: int, turns: list[Turn]) -> dict[str, Any]:
    layers = [
        {
            "name": turn.reason or turn.person,
            "start": format_instant(turn.start),
            "end": format_instant(turn.end) if turn.end else None,
            "rotation_virtual_start": format_instant(turn.start),
            "rotation_turn_length_seconds": int(_WEEK.total_seconds()),
            "users": [{"user": {"id": _known(facts, turn.person, "pagerduty"), "type": "user_reference"}}],
            "restrictions": [
                {
                    "type": "weekly_restriction",
                    "start_day_of_week": day + 1,
                    "start_time_of_day": f"{minute // 60:02}:{minute % 60:02}:00",
                    "duration_seconds": length * 60,
                }
                for day, minute, length in turn.hours
            ],
        }
        for turn in turns
    ]
    said = {"type": "schedule", "name": _title(rota, place), "time_zone": rota["spec"]["timezone"]}
    about = {"description": rota["metadata"]["description"]} if "description" in rota["metadata"] else {}
    return {"schedule": {**said, **about, "schedule_layers": layers}}


def _opsgenie(facts: Facts, rota: Data, place: int, turns: list[Turn]) -> dict[str, Any]:
    rotations = [
        {
            "name": (turn.reason or turn.person)[:100],
            "startDate": format_instant(turn.start),
            **({"endDate": format_instant(turn.end)} if turn.end else {}),
            "type": "weekly",
            "length": 1,
            "participants": [{"type": "user", "username": _known(facts, turn.person, "opsgenie")}],
            **({"timeRestriction": _restricted(turn)} if turn.hours else {}),
        }
        for turn in turns
    ]
    said = {"name": _title(rota, place), "timezone": rota["spec"]["timezone"], "enabled": True}
    about = {"description": rota["metadata"]["description"]} if "description" in rota["metadata"] else {}
    return {**said, **about, "rotations": rotations}


def _restricted(turn: Turn) -> dict[str, Any]:
    found = []
    for day, minute, length in turn.hours:
        days, last = divmod(minute + length, 1440)
        begin = {"startDay": _NAMES[day], "startHour": minute // 60, "startMin": minute % 60}
        found.append({**begin, "endDay": _NAMES[(day + days) % 7], "endHour": last // 60, "endMin": last % 60})
    return {"type": "weekday-and-time-of-day", "restrictions": found}


_BODIES: Final[Mapping[str, Callable[[Facts, Data, int, list[Turn]], dict[str, Any]]]] = {
    "pagerduty": _pagerduty,
    "opsgenie": _opsgenie,
}
