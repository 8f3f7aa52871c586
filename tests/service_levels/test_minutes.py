"""Attainment and clocks, minute by minute, over random calendars, outages, pauses and zones: an oracle of its own."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from itsm_as_code.clock import Interval, Intervals, format_instant
from itsm_as_code.records.facts import Facts
from itsm_as_code.service_levels.attainment import attainment
from itsm_as_code.service_levels.cases import times
from itsm_as_code.service_levels.windows import window_at

Data = dict[str, Any]
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# Zones with their days of change: an hour, half an hour, at midnight, a whole day left out, and none at all.
PLACES = {
    "Europe/Berlin": ["2026-03-29", "2026-10-25", "2028-02-29"],
    "America/New_York": ["2026-03-08", "2026-11-01"],
    "Australia/Lord_Howe": ["2026-04-05", "2026-10-04"],
    "America/Santiago": ["2026-04-05", "2026-09-06"],
    "Pacific/Apia": ["2011-12-30"],
    "Asia/Kathmandu": ["2028-02-29"],
    "UTC": ["2026-12-31"],
}


class World:
    """A random agreement with its calendars, incidents, one request with pauses, and gaps in what was measured."""

    def __init__(self, seed: int) -> None:
        self.random = pick = random.Random(seed)
        self.zone = pick.choice(sorted(PLACES))
        around = datetime.fromisoformat(pick.choice(PLACES[self.zone])).replace(tzinfo=UTC)
        self.now = around + pick.randrange(-2 * 1440, 8 * 1440) * MINUTE
        self.weekly = [self._hours() for _ in range(pick.randint(1, 2))]
        self.holidays = sorted({(around + pick.randint(-9, 9) * DAY).date() for _ in range(pick.randint(0, 3))})
        self.closed = [self._span(300) for _ in range(pick.randint(0, 3))]
        self.outages = [(self._span(900), pick.choice(["full", "degraded"])) for _ in range(pick.randint(0, 6))]
        self.holds = [self._span(300) for _ in range(pick.randint(0, 3))]
        self.gaps = [self._span(200) for _ in range(pick.randint(0, 2))]
        self.has_hours, self.weight = pick.random() < 0.7, Fraction(pick.randint(0, 4), 4)
        rolling = {"rolling": f"P{pick.randint(1, 6)}D"}
        self.window = {"calendar": "month"} if pick.random() < 0.1 else rolling
        self.effective = {"from": ((around + pick.randint(-40, 1) * DAY).date()).isoformat()}
        if pick.random() < 0.2:
            self.effective["until"] = (around + pick.randint(2, 9) * DAY).date().isoformat()

    def _hours(self) -> Data:
        start, end = sorted(self.random.sample(range(24 * 4 + 1), 2))
        wall = [f"{quarter // 4:02d}:{quarter % 4 * 15:02d}" for quarter in (start, end)]
        return {"days": self.random.sample(DAYS, self.random.randint(1, 7)), "from": wall[0], "to": wall[1]}

    def _span(self, longest: int) -> tuple[datetime, datetime]:
        start = self.now - self.random.randrange(-600, 8 * 1440) * MINUTE
        return start, start + self.random.randint(1, longest) * MINUTE

    def records(self) -> Iterator[Data]:
        spans = [{"start": format_instant(start), "end": format_instant(end)} for start, end in self.closed]
        yield calendar("hours", self.zone, [{"weekly": hours} for hours in self.weekly], holidays=["holidays"])
        yield calendar("holidays", self.zone, [{"date": day.isoformat()} for day in self.holidays])
        yield calendar("closed", self.zone, spans)
        for number, ((start, end), kind) in enumerate(self.outages):
            outage = {"service": "shop", "start": format_instant(start), "end": format_instant(end), "kind": kind}
            spec = {"status": "closed", "services": ["wiki"], "detectedAt": format_instant(start), "outages": [outage]}
            yield {"kind": "Incident", "metadata": {"name": f"i{number}"}, "spec": spec}

    def objective(self, **more: Any) -> Data:
        base: Data = {"name": "up", "window": self.window, "exclude": ["closed"], "degraded": str(float(self.weight))}
        return base | ({"hours": "hours"} if self.has_hours else {}) | more

    def agreement(self) -> Data:
        spec = {"type": "sla", "service": "shop", "effective": self.effective, "timezone": self.zone}
        return {"metadata": {"name": "shop-sla"}, "spec": spec}

    def is_served(self, minute: datetime, local: datetime) -> bool:
        """Whether a minute is service time, by the hours, holidays and exclusions."""
        wall = f"{local.hour:02d}:{local.minute:02d}"
        day = DAYS[local.weekday()]
        open_ = any(day in hours["days"] and hours["from"] <= wall < hours["to"] for hours in self.weekly)
        open_ = open_ and local.date() not in self.holidays
        return (open_ or not self.has_hours) and not any(start <= minute < end for start, end in self.closed)

    def is_in_force(self, local: datetime) -> bool:
        end = date.fromisoformat(self.effective.get("until", "2100-01-01"))
        return date.fromisoformat(self.effective["from"]) <= local.date() < end


def calendar(name: str, zone: str, entries: list[Data], **more: Any) -> Data:
    return {
        "kind": "Calendar",
        "metadata": {"name": name},
        "spec": {"kind": "service-hours", "timezone": zone, "entries": entries, **more},
    }


def minutes(span: Interval) -> Iterator[datetime]:
    minute = span.start
    while minute < span.end:
        yield minute
        minute += MINUTE


def agrees(seed: int) -> int:
    """Compares one world; gives the number of minutes that were looked at."""
    world, tz = World(seed), None
    tz = ZoneInfo(world.zone)
    facts = Facts.from_records(world.records())
    window = window_at(world.window, world.now, tz)
    gaps = Intervals(Interval(start, end) for start, end in world.gaps)
    found = attainment(facts, world.agreement(), world.objective(), window, world.now, unknown=gaps)
    served, lost, looked_at = 0, Fraction(0), 0
    for minute in minutes(window.span):
        looked_at += 1
        local = minute.astimezone(tz)
        known = not any(start <= minute < end for start, end in world.gaps)
        if known and world.is_in_force(local) and world.is_served(minute, local):
            served += 1
            kinds = {kind for (start, end), kind in world.outages if start <= minute < end}
            lost += 1 if "full" in kinds else world.weight if kinds else 0
    assert (found.served / 60, found.lost / 60) == (served, lost), seed
    parts = sorted(part.span for part in (*found.left_out, *found.unknown))
    assert sum((part.end - part.start for part in parts), timedelta()) // MINUTE == looked_at - served, seed
    return looked_at + clock_agrees(world, tz, seed)


def clock_agrees(world: World, tz: ZoneInfo, seed: int) -> int:
    """The clock of one incident, which stands outside hours, in what is excluded, and on hold."""
    start, end = world._span(4000)
    holds = [{"start": format_instant(a), "end": format_instant(b), "reason": "x"} for a, b in world.holds]
    spec = {"services": ["shop"], "detectedAt": format_instant(start), "status": "closed", "onHold": holds}
    incident = {"kind": "Incident", "metadata": {"name": "mine"}, "spec": spec | {"resolvedAt": format_instant(end)}}
    facts = Facts.from_records([*world.records(), incident])
    target = {"indicator": "time-to-resolve", "target": "1", "unit": "minutes", "comparison": "at-most"}
    span = Interval(start - DAY, end + DAY)
    window = window_at({"rolling": "P3D"}, start + MINUTE, tz)
    found = times(facts, world.agreement(), world.objective(**target), window, span.end)
    took = sum(
        world.is_served(minute, minute.astimezone(tz)) and not any(a <= minute < b for a, b in world.holds)
        for minute in minutes(Interval(start, end))
    )
    assert [case.took / 60 for case in found.cases] == [took], seed
    assert found.attained == took, seed
    return (end - start) // MINUTE


@pytest.mark.parametrize("worlds", [30, pytest.param(2_000, marks=pytest.mark.deep)])
def test_minute_by_minute(worlds: int) -> None:
    looked_at = sum(agrees(seed) for seed in range(worlds))
    print(f"{worlds:,} random calendars, outages, pauses and zones: {looked_at:,} minutes looked at, each the same")
