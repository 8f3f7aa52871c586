"""Attainment and clocks, minute by minute, over random calendars, outages, pauses and zones: an oracle of its own.

A second one looks at measurements: files with rows of every form, out of order, doubled, contradictory, with gaps.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from itsm_as_code.clock import Interval, Intervals, format_instant
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.measured import Measurements, Monitoring
from itsm_as_code.service_levels.attainment import attainment
from itsm_as_code.service_levels.cases import times
from itsm_as_code.service_levels.measurements import csv_table
from itsm_as_code.service_levels.measurements.samples import Notes, measured
from itsm_as_code.service_levels.measurements.settings import Source
from itsm_as_code.service_levels.windows import days_of, window_at

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
    of_day: dict[tuple[date, str], Fraction] = {}
    for minute in minutes(window.span):
        looked_at += 1
        local = minute.astimezone(tz)
        known = not any(start <= minute < end for start, end in world.gaps)
        if known and world.is_in_force(local) and world.is_served(minute, local):
            served += 1
            kinds = {kind for (start, end), kind in world.outages if start <= minute < end}
            bad = Fraction(1) if "full" in kinds else world.weight if kinds else Fraction(0)
            lost += bad
            for what, amount in (("served", Fraction(1)), ("lost", bad)):
                of_day[local.date(), what] = of_day.get((local.date(), what), Fraction(0)) + amount
    for day, span in days_of(window.span, tz):
        one = found.within(span)
        expected = [of_day.pop((day, what), Fraction(0)) for what in ("served", "lost")]
        assert [one.served / 60, one.lost / 60] == expected, (seed, day)
    assert not of_day, "each minute is of one day"
    days = [found.within(span) for _, span in days_of(window.span, tz)]
    assert sum((day.served for day in days), Fraction(0)) == found.served, seed
    for parts in ("left_out", "unknown", "counted"):
        whole = sum((part.lost + part.seconds for part in getattr(found, parts)), Fraction(0))
        cut = (part.lost + part.seconds for day in days for part in getattr(day, parts))
        assert sum(cut, Fraction(0)) == whole, (seed, parts)
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
    days = [found.within(part) for _, part in days_of(window.span, tz)]
    assert [case for day in days for case in day.cases] == list(found.cases), seed
    return (end - start) // MINUTE


@pytest.mark.parametrize("worlds", [30, pytest.param(2_000, marks=pytest.mark.deep)])
def test_minute_by_minute(worlds: int) -> None:
    looked_at = sum(agrees(seed) for seed in range(worlds))
    print(f"{worlds:,} random calendars, outages, pauses and zones: {looked_at:,} minutes looked at, each the same")


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-10-26", 24)])
def test_the_day_of_a_change_of_clocks_has_its_hours(day: str, hours: int) -> None:
    """The clocks change at 01:00 UTC, in the middle of an outage of an hour."""
    down = {"service": "shop", "start": f"{day}T00:30:00Z", "end": f"{day}T01:30:00Z", "kind": "full"}
    incident = {"kind": "Incident", "metadata": {"name": "i"}, "spec": {"services": ["shop"], "outages": [down]}}
    agreement = {"metadata": {"name": "a"}, "spec": {"service": "shop", "timezone": "Europe/Berlin"}}
    now, tz = datetime.fromisoformat(f"{day}T12:00:00Z") + DAY, ZoneInfo("Europe/Berlin")
    window = window_at({"rolling": "P3D"}, now, tz)
    found = attainment(Facts.from_records([incident]), agreement, {"name": "up"}, window, now)
    days = {one.isoformat(): found.within(span) for one, span in days_of(window.span, tz)}
    assert (days[day].served, days[day].lost, len(days)) == (hours * 3600, 3600, 4)
    assert sum(one.served for one in days.values()) == found.served


class Probe:
    """A random file of measurements of one world, and what it says of a minute."""

    def __init__(self, world: World, name: str) -> None:
        pick = self.random = world.random
        self.minutes = pick.choice([1, 1, 2, 5, 7])
        threshold = pick.choice([None, None, Fraction(1, 2), Fraction(1)])
        self.source = Source(name, "csv", "x.csv", self.minutes * MINUTE, threshold)
        self.form = pick.choice(["up", "good"])
        start, length = world.now - pick.randrange(9 * 1440) * MINUTE, pick.randrange(3 * 1440)
        steps = range(0, length, self.minutes)
        self.rows = [self._row(start + step * MINUTE) for step in steps if pick.random() < 0.9]
        if self.rows and pick.random() < 0.5:
            self.rows += [self._row(pick.choice(self.rows)[0]) for _ in range(3)]  # says again, or something else
            pick.shuffle(self.rows)

    def _row(self, instant: datetime) -> tuple[datetime, datetime | None, int, int]:
        until = instant + self.random.randint(1, 90) * MINUTE if self.random.random() < 0.01 else None
        total = self.random.choice([0, 3, 4, 4]) if self.form == "good" else 4
        return instant, until, self.random.choice([total] * 9 + [0, total // 2]), total

    def measured(self) -> Any:
        columns = "up" if self.form == "up" else "good,total"
        lines = [f"service,objective,instant,until,{columns}"]
        for instant, until, good, total in self.rows:
            values = str(good / 4) if self.form == "up" else f"{good},{total}"
            end = format_instant(until) if until else ""
            lines.append(f"shop,up,{format_instant(instant)},{end},{values}")
        notes = Notes("x")
        found = measured(self.source, csv_table.read("\n".join(lines).encode(), notes), notes)
        return found.get(("shop", "up"))

    def said(self) -> dict[datetime, set[Fraction]]:
        """Of each minute that a row speaks of, the shares that rows call lost."""
        found: dict[datetime, set[Fraction]] = {}
        instants = sorted({row[0] for row in self.rows})
        following = dict(pairwise([*instants, datetime.max.replace(tzinfo=UTC)]))
        for instant, until, good, total in self.rows:
            if total:
                end = until or min(instant + self.minutes * MINUTE, following[instant])
                for minute in minutes(Interval(instant, end)):
                    found.setdefault(minute, set()).add(self._lost(Fraction(good, total)))
        return found

    def _lost(self, up: Fraction) -> Fraction:
        if self.source.threshold is not None:
            return Fraction(int(up < self.source.threshold))
        return Fraction(math.ceil((1 - up) * 10**9), 10**9)


def measurements_agree(seed: int) -> tuple[int, int]:
    """Compares one world with measurements; gives the numbers of minutes looked at, and of those that were lost."""
    world = World(seed)
    tz = ZoneInfo(world.zone)
    probes = [Probe(world, f"p{number}") for number in range(world.random.randint(1, 2))]
    known = tuple(found for probe in probes if (found := probe.measured()) is not None)
    gaps = world.random.choice(["no-data", "up", "down"])
    found_by = Measurements({("shop", "up"): known} if known else {}, gaps)
    facts = Facts.from_records(world.records(), monitoring=Monitoring(lambda: found_by))
    window = window_at(world.window, world.now, tz)
    found = attainment(facts, world.agreement(), world.objective(), window, world.now)
    every = [probe.said() for probe in probes]
    said = {
        minute: [next(iter(shares)) for one in every if len(shares := one.get(minute, set())) == 1]
        for minute in minutes(window.span)
    }
    is_current = any(said.values())
    is_recorded = any(start < window.span.end and end > window.span.start for (start, end), _ in world.outages)
    served, lost = 0, Fraction(0)
    for minute, shares in said.items():
        local = minute.astimezone(tz)
        if not (world.is_in_force(local) and world.is_served(minute, local)):
            continue
        kinds = {kind for (start, end), kind in world.outages if start <= minute < end}
        weights = [*shares, *[Fraction(1)] * ("full" in kinds), *[world.weight] * ("degraded" in kinds)]
        if not weights and known and (is_current or not is_recorded):
            if gaps == "no-data" or not is_current:
                continue
            weights = [Fraction(int(gaps == "down"))]
        served += 1
        lost += max(weights, default=Fraction(0))
    assert (found.served / 60, found.lost / 60) == (served, lost), seed
    assert found.rests_on == ("records", *(one.source for one in known if one.source in found.rests_on))
    return len(said), int(lost)


@pytest.mark.parametrize("worlds", [20, pytest.param(2_000, marks=pytest.mark.deep)])
def test_measurements_minute_by_minute(worlds: int) -> None:
    looked_at = [measurements_agree(seed) for seed in range(worlds)]
    assert sum(lost > 0 for _, lost in looked_at) > worlds // 4, "few worlds in which anything happens"
    print(f"{worlds:,} random files of measurements: {sum(m for m, _ in looked_at):,} minutes looked at, each the same")
