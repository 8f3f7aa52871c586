"""What a planned change collides with, all of it, and when it could take place instead.

Everything that speaks against a time is an obstacle: a reason with the instants it holds for. Conflicts are the
obstacles within the change's window; a free slot is one without any. Which conflicts block is not decided here: freezes
do by the check change-in-freeze, the others inform, unless a policy asks for more (``request.conflicts``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from itsm_as_code.clock import Interval, Intervals
from itsm_as_code.configuration import Configuration
from itsm_as_code.findings import RecordId
from itsm_as_code.gate.open_changes import OpenChanges
from itsm_as_code.policies.waivers import Waived, not_waived
from itsm_as_code.records.catalogue import Catalogue
from itsm_as_code.records.facts import Data, Facts
from itsm_as_code.service_levels import BudgetPolicy, budget_stops
from itsm_as_code.validation import waived_in

PLANNED: Final = ("proposed", "authorised", "scheduled", "implementing")
_COLLIDING: Final = ("services", "schedule", "implementers")
HORIZON: Final = timedelta(days=90)
"""How far ahead a free slot is looked for."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A collision of a change with something, over a span of time; without one it holds whenever the change is."""

    kind: str
    change: str
    other: str
    start: datetime | None
    end: datetime | None
    message: str


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What speaks against a time: kind and ``Kind/name`` of it, a sentence, and when; None for always."""

    kind: str
    other: str
    message: str
    spans: Intervals | None


@dataclass(frozen=True, slots=True)
class World:
    """All that a change could collide with.

    ``facts`` know the changes of the candidate; ``judged`` the calendars, people, services and measurements of the
    base; ``others`` the changes of other open pull requests. ``configuration`` and ``waived`` are those of the base.
    """

    facts: Facts
    judged: Facts
    now: datetime
    others: OpenChanges = field(default_factory=OpenChanges)
    configuration: Configuration = field(default_factory=Configuration)
    waived: Waived = not_waived

    @property
    def budget_policy(self) -> BudgetPolicy:
        """What used-up error budgets stop."""
        return BudgetPolicy.of(self.configuration.raw)

    @classmethod
    def of(cls, catalogue: Catalogue, configuration: Configuration, now: datetime) -> World:
        """The records of one revision, with its own rules."""
        facts = Facts.of(catalogue, configuration.timezone)
        return cls(facts, facts, now, OpenChanges(), configuration, waived_in(catalogue))


def conflicts_of(change: Data, world: World) -> list[Conflict]:
    """All collisions of a planned change, the earliest first; those of no particular time come last."""
    window = planned_window(change)
    if window is None:
        return []
    name = change["metadata"]["name"]
    found: dict[Conflict, None] = {}
    for item in obstacles(change, world, window):
        if item.spans is None:
            found[Conflict(item.kind, name, item.other, None, None, item.message)] = None
        for span in item.spans or ():
            found[Conflict(item.kind, name, item.other, span.start, span.end, item.message)] = None
    return sorted(found, key=lambda item: (item.start or window.end, item.start is None, item.kind, item.other))


def next_free_slot(change: Data, world: World) -> Interval | None:
    """The earliest slot as long as the change's window that nothing in the calendar speaks against.

    It begins at the planned start or later, not before now, and within HORIZON of that; None when there is none. What
    holds at any time, such as a pull request that could not be read, is no matter of choosing another one.
    """
    window = planned_window(change)
    if window is None or window.start == window.end:
        return None
    begin = max(window.start, world.now)
    horizon = Interval(begin, begin + HORIZON)
    blocked: list[Interval] = []
    for item in obstacles(change, world, horizon):
        blocked.extend(item.spans or ())
    length = window.end - window.start
    for free in Intervals([horizon]) - Intervals(blocked):
        if free.end - free.start >= length:
            return Interval(free.start, free.start + length)
    return None


def planned_window(change: Data) -> Interval | None:
    """When a change is to take place; None when it is not planned, or gives no such time."""
    if change["spec"]["status"] not in PLANNED:
        return None
    try:
        return Interval.parse(change["spec"]["schedule"])
    except (KeyError, ValueError):
        return None


def obstacles(change: Data, world: World, span: Interval) -> Iterator[Obstacle]:
    """Everything that speaks against doing the change at some instant of ``span``."""
    waived = world.waived("change-in-freeze", RecordId("Change", change["metadata"]["name"]))
    for item in _freezes(change["spec"], world.judged, span):
        yield replace(item, spans=item.spans - waived) if item.kind == "freeze" and item.spans else item
    yield from _outside_maintenance(change["spec"], world.judged, span)
    yield from _peaks(change["spec"], world.judged, span)
    yield from _other_changes(change, world, span)
    yield from _absences(change["spec"], world.judged, span)
    yield from _exhausted_budgets(change, world, span)
    for number, why in world.others.unread:
        message = f"could not read what pull request {number} changes: {why}"
        yield Obstacle("could-not-judge", f"pull-request/{number}", message, None)


def _title(data: Data) -> str:
    return str(data["metadata"].get("title", data["metadata"]["name"]))


def _freezes(spec: dict[str, Any], facts: Facts, span: Interval) -> Iterator[Obstacle]:
    for service in spec["services"]:
        try:
            freezes = facts.freezes(service, span)
        except (ValueError, OverflowError) as error:
            message = f"could not tell whether {service} is frozen: {error}"
            yield Obstacle("could-not-judge", f"Service/{service}", message, Intervals([span]))
            continue
        for calendar, covered in freezes:
            if spec["type"] not in calendar["spec"].get("exempt", ()):
                other = f"Calendar/{calendar['metadata']['name']}"
                yield Obstacle("freeze", other, f"{service} is frozen: {_title(calendar)}", covered)


def _peaks(spec: dict[str, Any], facts: Facts, span: Interval) -> Iterator[Obstacle]:
    for service in spec["services"]:
        for calendar in facts.peak_calendars(service):
            other = f"Calendar/{calendar['metadata']['name']}"
            try:
                covered = facts.calendar_intervals(calendar, span)
            except (ValueError, OverflowError) as error:
                message = f"could not tell when {service} has its peaks: {error}"
                yield Obstacle("could-not-judge", other, message, Intervals([span]))
                continue
            if covered and spec["type"] not in calendar["spec"].get("exempt", ()):
                yield Obstacle("peak", other, f"{service} has a peak: {_title(calendar)}", covered)


def _outside_maintenance(spec: dict[str, Any], facts: Facts, span: Interval) -> Iterator[Obstacle]:
    """Like the check outside-maintenance: an emergency cannot wait, and a service without windows has none to keep."""
    if spec["type"] == "emergency":
        return
    for service in spec["services"]:
        calendars = facts.maintenance_calendars(service)
        try:
            open_ = Intervals(part for calendar in calendars for part in facts.calendar_intervals(calendar, span))
        except (ValueError, OverflowError) as error:
            message = f"could not tell when {service} has its maintenance: {error}"
            yield Obstacle("could-not-judge", f"Service/{service}", message, Intervals([span]))
            continue
        outside = Intervals([span]) - open_
        if calendars and outside:
            names = ", ".join(calendar["metadata"]["name"] for calendar in calendars)
            message = f"outside the maintenance windows of {service} ({names})"
            yield Obstacle("outside-maintenance", f"Calendar/{calendars[0]['metadata']['name']}", message, outside)


def _other_changes(change: Data, world: World, span: Interval) -> Iterator[Obstacle]:
    """Changes as they are on the base, and as other pull requests would have them where that is something new."""
    name = change["metadata"]["name"]
    relations = _Relations(change["spec"], world.judged)
    for other in world.facts.changes_to_come:
        other_name = other["metadata"]["name"]
        if other_name != name:
            yield from relations.obstacles(other, f"Change/{other_name}", "", span)
    for item in world.others.changes:
        label, other_name = f"pull-request/{item.number}", item.data["metadata"]["name"]
        if other_name == name:
            message = f"pull request {item.number} brings '{_title(item.data)}' under the same name"
            yield Obstacle("overlap", label, message, None)
            continue
        known = world.facts.spec("Change", other_name)
        if any(known.get(key) != item.data["spec"].get(key) for key in _COLLIDING):
            yield from relations.obstacles(item.data, label, f" (pull request {item.number})", span)


class _Relations:
    """How the services and people of other changes relate to those of one."""

    def __init__(self, spec: dict[str, Any], facts: Facts) -> None:
        self._services = set(spec["services"])
        self._below = set(facts.graph.dependencies(*spec["services"]))
        self._above = set(facts.graph.dependents(*spec["services"]))
        self._people = set(spec.get("implementers", ()))

    def obstacles(self, other: Data, label: str, where: str, span: Interval) -> Iterator[Obstacle]:
        """What speaks against doing the change at the time of another one."""
        window = planned_window(other)
        shared = Intervals([window] if window else ()) & Intervals([span])
        if not shared:
            return
        theirs, title = set(other["spec"]["services"]), _title(other)
        for kind, services, how in (
            ("overlap", self._services & theirs, "at the same time"),
            ("dependency", (self._below - self._services) & theirs, "on which it depends, at the same time"),
            ("dependency", (self._above - self._services) & theirs, "which fail with it, at the same time"),
        ):
            if services:
                comma = "" if kind == "overlap" else ","
                message = f"'{title}'{where} changes {', '.join(sorted(services))}{comma} {how}"
                yield Obstacle(kind, label, message, shared)
        people = sorted(self._people & set(other["spec"].get("implementers", ())))
        if people:
            verb = "implements" if len(people) == 1 else "implement"
            message = f"{', '.join(people)} {verb} '{title}'{where} at the same time"
            yield Obstacle("implementer", label, message, shared)


def _absences(spec: dict[str, Any], facts: Facts, span: Interval) -> Iterator[Obstacle]:
    for person in spec.get("implementers", ()):
        away = []
        for period in facts.spec("Person", person).get("away", ()):
            try:
                away.append(Interval.parse(period))
            except ValueError:
                continue  # times-in-order says so
        absent = Intervals(away) & Intervals([span])
        if absent:
            yield Obstacle("implementer", f"Person/{person}", f"{person} is away", absent)


def _exhausted_budgets(change: Data, world: World, span: Interval) -> Iterator[Obstacle]:
    """Used-up budgets, until they have recovered."""
    waived = world.waived("error-budget", RecordId("Change", change["metadata"]["name"]))
    for stop in budget_stops(change, world.judged, world.budget_policy, world.now, span.start):
        lasting = stop.until is None and not waived
        spans = None if lasting else (Intervals([stop.span]) & Intervals([span])) - waived
        yield Obstacle("error-budget", stop.source, stop.message, spans)
