"""How things stand at the instant of the build: planned becomes past by the clock, not by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import cached_property
from typing import Any

from itsm_as_code import clock
from itsm_as_code.clock import Interval
from itsm_as_code.measures import condition
from itsm_as_code.measures.deadlines import Due, due
from itsm_as_code.records.catalogue import Record
from itsm_as_code.records.lifecycle_path import matches
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.values import Progress, Status, Step
from itsm_as_code.site.views.words import as_instant, count, human

IMPENDING = ("draft", "proposed", "authorised", "scheduled")
STOPPED = ("rejected", "cancelled")
"""States of changes that never took place, whatever their window."""


CONDITIONS: Mapping[str, Status] = {
    "out": Status("Outage", "bad"),
    "degraded": Status("Degraded", "warn"),
    "affected": Status("May be affected", "warn"),
    "incident": Status("Incident open", "warn"),
    "minor": Status("Small fault", "info"),
    "changing": Status("Change in progress", "info"),
    "restored": Status("Restored, being watched", "info"),
    "works": Status("Works", "good"),
    "not-live": Status("Not live yet", "info"),
    "retired": Status("Retired"),
}
"""How services stand, in words: red for no service alone, and a small fault is never amber."""


def is_grave(incident: Record) -> bool:
    """True for an incident that customers are told of at once."""
    return condition.is_grave(incident.spec)


def day(by: date, how: Due, today: date) -> Status:
    """How far away a day is: ``In 8 days``, ``Today``, ``Over for 3 days``."""
    away = (by - today).days
    if how is Due.OVERDUE:
        return Status(f"Over for {count(-away, 'day')}", "bad")
    return Status(f"In {count(away, 'day')}" if away else "Today", "warn" if how is Due.SOON else "none")


def ahead(by: date, today: date) -> Status:
    """How far away a day is on which something is to be done that is not done yet."""
    return day(by, due(by, today), today)


def against(planned: date, done: date) -> Status:
    """How what was done stands to its plan: ``3 days late``, ``As planned``, ``2 days early``."""
    late = (done - planned).days
    if late > 0:
        return Status(f"{count(late, 'day')} late", "warn")
    return Status("As planned" if late == 0 else f"{count(-late, 'day')} early", "good")


def schedule(change: Record) -> Interval | None:
    """The planned window of a change, or None without a sound one."""
    planned = change.spec.get("schedule") or {}
    start, end = as_instant(planned.get("start")), as_instant(planned.get("end"))
    return Interval(start, end) if start and end and start <= end else None


def occupied(change: Record) -> Interval | None:
    """When a change really took place, or else its window."""
    actual = change.spec.get("actual") or {}
    start, end = as_instant(actual.get("start")), as_instant(actual.get("end"))
    return Interval(start, end) if start and end and start <= end else schedule(change)


def progress(record: Record) -> Progress | None:
    """The states on a record's way: those behind it, its own, and those that usually follow."""
    lifecycle, state = record.kind.lifecycle, record.state
    if lifecycle is None or state is None or state not in lifecycle["transitions"]:
        return None
    said = {value for value in record.spec.values() if isinstance(value, str)}
    behind = _way_to(lifecycle, state, said, record)
    ahead: list[str] = []
    following = _next(lifecycle, state, said, record)
    while following and following not in (*behind, *ahead, state):
        ahead.append(following)
        following = _next(lifecycle, following, said, record)
    steps = [Step(human(name), "done") for name in behind]
    steps += [Step(human(state), "current"), *(Step(human(name), "ahead") for name in ahead)]
    return Progress("Progress", tuple(steps))


def _targets(lifecycle: Mapping[str, Any], state: str, record: Record) -> list[str]:
    """The states that may follow; those meant for just this sort of record first."""
    special, usual = [], []
    for entry in lifecycle["transitions"].get(state, ()):
        if isinstance(entry, str):
            usual.append(entry)
        elif matches(entry.get("where", {}), record.data):
            special.append(entry["to"])
    return special + usual


def _next(lifecycle: Mapping[str, Any], state: str, said: set[str], record: Record) -> str | None:
    targets = _targets(lifecycle, state, record)
    return next((target for target in targets if target in said), targets[0] if targets else None)


def _way_to(lifecycle: Mapping[str, Any], state: str, said: set[str], record: Record) -> list[str]:
    """The shortest way from a first state to this one, by way of states that the record itself mentions."""
    first = lifecycle["initial"][0]
    start = first if isinstance(first, str) else first["state"]
    ways: dict[str, list[str]] = {start: []}
    queue = [start]
    while queue and state not in ways:
        here = queue.pop(0)
        for target in sorted(_targets(lifecycle, here, record), key=lambda name: name not in said):
            if target not in ways:
                ways[target] = [*ways[here], here]
                queue.append(target)
    return ways.get(state, [])


class Now:
    """What is going on at the instant of the build."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.instant = context.now

    @cached_property
    def open_incidents(self) -> list[Record]:
        """Incidents that are not resolved, the gravest first."""
        found = [r for r in self.context.catalogue.of_kind("Incident") if r.spec["status"] not in condition.SETTLED]
        return sorted(found, key=lambda r: (r.spec.get("priority", "P9"), r.spec["detectedAt"], r.name))

    @cached_property
    def outages(self) -> dict[str, tuple[str, Record]]:
        """Services that are out or degraded now: kind of outage, and the incident that says so."""
        return condition.worst_outages(((item, item.spec) for item in self.open_incidents), self.instant)

    @cached_property
    def affected(self) -> dict[str, str]:
        """Services that hard-depend on one that is fully out -> by way of which."""
        out = [service for service, (kind, _) in self.outages.items() if kind == "full"]
        dependents = self.context.validation.facts.graph.dependents(*out) if out else {}
        return {service: via for service, (_, via) in dependents.items()}

    @cached_property
    def incidents_of(self) -> dict[str, list[Record]]:
        """Open incidents by service."""
        found: dict[str, list[Record]] = {}
        for incident in self.open_incidents:
            for service in incident.spec["services"]:
                found.setdefault(service, []).append(incident)
        return found

    def of_service(self, service: Record) -> Status:
        """Whether a service works, as far as records tell, in a word: :data:`CONDITIONS`."""
        return CONDITIONS[self.condition(service)]

    def condition(self, service: Record) -> str:
        """A key of :data:`CONDITIONS`: how much of a service those notice who use it."""
        name = service.name
        outage = self.outages[name][0] if name in self.outages else None
        incidents = [incident.spec for incident in self.incidents_of.get(name, [])]
        is_affected, is_changing = name in self.affected, name in self._being_changed
        return condition.condition(service.spec, outage, is_affected, incidents, is_changing)

    @cached_property
    def _being_changed(self) -> frozenset[str]:
        """Services of changes that are being carried out."""
        return frozenset(name for change in self.to_come["now"] for name in change.spec["services"])

    @cached_property
    def to_come(self) -> dict[str, list[Record]]:
        """The changes that are not over, by where they stand: ``now``, ``overdue``, ``next`` or ``unplanned``."""
        names = self.context.validation.facts.names_to_come
        found = self._by_phase(self.context.catalogue.some("Change", names))
        return {phase: found[phase] for phase in ("now", "overdue", "next", "unplanned")}

    @cached_property
    def changes(self) -> dict[str, list[Record]]:
        """All changes, also those that are ``past`` or ``stopped``."""
        return self._by_phase(self.context.catalogue.of_kind("Change"))

    def _by_phase(self, changes: Iterable[Record]) -> dict[str, list[Record]]:
        found: dict[str, list[Record]] = {key: [] for key in ("now", "overdue", "next", "unplanned", "past", "stopped")}
        for change in changes:
            found[self.phase(change)].append(change)
        far = clock.FOREVER
        for key, same in found.items():
            same.sort(key=lambda c: (_start(c, far), c.name), reverse=key in ("past", "stopped"))
        return found

    def phase(self, change: Record) -> str:
        state, window = change.spec["status"], schedule(change)
        if state == "implementing":
            return "now"
        if state in STOPPED:
            return "stopped"
        if state not in IMPENDING:
            return "past"
        if window is None:
            return "unplanned"
        return "next" if self.instant < window.start else "overdue"

    def next_changes(self, service: str) -> list[Record]:
        """Changes to a service that lie ahead or are going on, by start."""
        far = clock.FOREVER
        own = [c for c in self.context.changes_of.get(service, ()) if self.phase(c) in ("now", "next", "overdue")]
        return sorted(own, key=lambda c: (_start(c, far), c.name))


def _start(change: Record, far: datetime) -> datetime:
    window = occupied(change)
    return window.start if window else far


def newest(records: Iterable[Record], pointer: str) -> list[Record]:
    """Records by an instant of their spec, the latest first."""
    far_past = "0000"
    return sorted(records, key=lambda r: (_utc(r.spec.get(pointer)) or far_past, r.name), reverse=True)


def _utc(text: object) -> str | None:
    instant = as_instant(text)
    return instant.isoformat() if instant else None
