"""What the events of an alert come to, in whatever order they arrive, and the draft of an incident that they make.

An alert that fires, its times and its texts are joined by largest, smallest and union, which are commutative,
associative and idempotent: the same events give the same state however they are ordered, doubled or split among imports
(a state-based replicated data type; Shapiro et al. 2011, INRIA RR-7506). The state stands in an annotation, so that the
next import goes on from it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from itsm_as_code.clock import FOREVER, Interval, Intervals, format_instant, parse_instant
from itsm_as_code.interchange._alert_events import Event
from itsm_as_code.interchange._request_form import one_line
from itsm_as_code.measures.on_call import on_duty, shifts
from itsm_as_code.measures.priority import PriorityMatrix
from itsm_as_code.records.blank import slug
from itsm_as_code.records.facts import Data, Facts
from itsm_as_code.records.formats import is_url
from itsm_as_code.records.kinds import API_VERSION

STATE: Final = "itsm.dev/alert"
"""The annotation with what is known of the alert."""
ON_CALL: Final = "itsm.dev/on-call"
CANDIDATES: Final = "itsm.dev/candidate-causes"
BEFORE: Final = timedelta(hours=24)
"""How long before an incident a change began that may have caused it."""
_BEGUN: Final = ("implementing", "implemented", "reviewed", "closed", "backed-out", "failed")
_PRIORITIES: Final = ("P1", "P2", "P3", "P4", "P5")
_FINGERPRINT: Final = re.compile(r"(?:alertmanager|grafana):([0-9a-f]{16})\Z")
_PAGE: Final = re.compile(r"pagerduty:([A-Z0-9]{1,20})\Z")


@dataclass(slots=True)
class Episode:
    """One time that an alert fired: ``opened`` and ``ended`` are the last instants at which it was on, and over."""

    start: datetime
    opened: datetime
    ended: datetime | None = None
    acknowledged: datetime | None = None

    def join(self, other: Episode) -> None:
        self.opened = max(self.opened, other.opened)
        self.ended = max(filter(None, (self.ended, other.ended)), default=None)
        self.acknowledged = min(filter(None, (self.acknowledged, other.acknowledged)), default=None)

    @property
    def span(self) -> Interval:
        """Until the end of time as long as it is on."""
        is_over = self.ended is not None and self.ended >= self.opened and self.ended > self.start
        return Interval(self.start, self.ended if is_over and self.ended is not None else FOREVER)


@dataclass(slots=True)
class Alert:
    """All that is known of an alert on one day (UTC): it is what becomes one incident."""

    key: str
    day: str
    tool: str
    name: str = ""
    title: str = ""
    text: str = ""
    url: str = ""
    urgency: int | None = None
    services: tuple[str, ...] = ()
    episodes: dict[datetime, Episode] = field(default_factory=dict)

    @classmethod
    def of(cls, event: Event) -> Alert:
        opened = max(event.start, event.reopened) if event.reopened else event.start
        episode = Episode(event.start, opened, event.ended, event.acknowledged)
        said = (event.name, event.title, event.text, event.url, event.urgency, event.services)
        return cls(event.key, f"{event.start:%Y%m%d}", event.tool, *said, {event.start: episode})

    def join(self, other: Alert) -> None:
        """Take in what else is known of the same alert. Texts differ by the figures in them: the least one stays."""
        for name in ("name", "title", "text", "url"):
            setattr(self, name, min(filter(None, (getattr(self, name), getattr(other, name))), default=""))
        self.urgency = min(filter(None, (self.urgency, other.urgency)), default=None)
        self.services = min(filter(None, (self.services, other.services)), default=())
        for start, episode in other.episodes.items():
            if start in self.episodes:
                self.episodes[start].join(episode)
            else:
                self.episodes[start] = episode

    @property
    def record(self) -> str:
        """The name of its incident: day and fingerprint make it the only one."""
        found = _FINGERPRINT.match(self.key) or _PAGE.match(self.key)
        mark = found[1].lower() if found else hashlib.sha256(self.key.encode()).hexdigest()[:16]
        said = slug(self.tool if self.key.startswith("pagerduty:") else self.name)[: 63 - 14 - len(mark)].strip("-")
        return "-".join(filter(None, ("inc", self.day, said, mark)))

    @property
    def spans(self) -> list[Interval]:
        """When it was on; what is still on ends at the end of time. Touching times are one."""
        return list(Intervals(episode.span for episode in self.episodes.values()))

    def written(self) -> str:
        """The state as JSON, always the same for the same state."""

        def instant(at: datetime | None) -> str:
            return format_instant(at) if at else ""

        episodes = []
        for start, one in sorted(self.episodes.items()):
            opened = instant(one.opened) if one.opened != start else ""
            episodes.append(
                "|".join((instant(start), instant(one.ended), opened, instant(one.acknowledged))).rstrip("|")
            )
        said = {name: getattr(self, name) for name in ("key", "day", "tool", "name", "title", "text", "url", "urgency")}
        said |= {"services": list(self.services), "episodes": episodes}
        kept = {key: value for key, value in said.items() if value}
        return json.dumps(kept, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @classmethod
    def read(cls, text: str) -> Alert | None:
        """The state that an annotation holds; None where it is none, for people can edit it."""
        try:
            data = json.loads(text)
            episodes = {}
            for line in data.pop("episodes"):
                start, ended, opened, acknowledged = ((parse_instant(at) if at else None) for at in _four(line))
                if start is not None:
                    episodes[start] = Episode(start, opened or start, ended, acknowledged)
            services = tuple(map(str, data.pop("services", ())))
            urgency = data.pop("urgency", None)
            if not episodes or not (urgency is None or isinstance(urgency, int)):
                return None
            return cls(**{key: str(value) for key, value in data.items()}, urgency=urgency, services=services,
                       episodes=episodes)  # fmt: skip
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None


def _four(line: str) -> list[str]:
    return (line.split("|") + [""] * 4)[:4]


@dataclass(frozen=True, slots=True)
class Draft:
    """An incident as events make it, without what people add. ``service`` is None where none is known."""

    data: Data
    service: str | None
    on_call: tuple[str, ...]
    candidates: tuple[str, ...]
    unreadable: str = ""


def draft(alert: Alert, facts: Facts, matrix: PriorityMatrix, names: Mapping[str, str], name: str) -> Draft:
    """The incident ``name`` of an alert; ``names`` are what services are called, lower-case, by which name of record.

    ValueError never: a rota that cannot be read is named in ``unreadable``.
    """
    service = next((names[said.casefold()] for said in alert.services if said.casefold() in names), None)
    start = alert.spans[0].start
    on_call, unreadable = _on_call(service, start, facts)
    candidates = tuple(_candidates(service, start, facts)) if service else ()
    annotations = {STATE: alert.written()}
    if on_call:
        annotations[ON_CALL] = " ".join(on_call)
    if candidates:
        annotations[CANDIDATES] = " ".join(candidates)
    title = one_line(alert.title or alert.name)[:200].strip() or "Alert"
    metadata: Data = {"name": name, "title": title, "description": _description(alert, on_call, candidates, facts)}
    if is_url(alert.url):
        metadata["links"] = [{"title": f"{alert.tool}: {one_line(alert.name)[:150]}", "url": alert.url}]
    spec = _spec(alert, service, facts, matrix)
    whole = {"apiVersion": API_VERSION, "kind": "Incident", "metadata": metadata | {"annotations": annotations}}
    return Draft(whole | {"spec": spec}, service, on_call, candidates, unreadable)


def _spec(alert: Alert, service: str | None, facts: Facts, matrix: PriorityMatrix) -> Data:
    spans, known = alert.spans, facts.spec("Service", service or "")
    tier = known.get("tier")
    # Without a tier the alert alone says how grave it is, and without a severity the tier does.
    impact = min(tier or alert.urgency or matrix.impacts, matrix.impacts)
    urgency = min(alert.urgency or tier or matrix.urgencies, matrix.urgencies)
    spec: Data = {"services": [service] if service else [], "impact": impact, "urgency": urgency}
    if (priority := matrix.priority(impact, urgency)) in _PRIORITIES:
        spec["priority"] = priority
    spec["detectedAt"] = format_instant(spans[0].start)
    over = spans[-1].end < FOREVER
    taken = min(filter(None, (one.acknowledged for one in alert.episodes.values())), default=None)
    if taken is not None and over and taken > spans[-1].end:
        taken = None
    if taken is not None:
        spec["acknowledgedAt"] = format_instant(taken)
    if over:
        spec["restoredAt"] = format_instant(spans[-1].end)
    spec["reportedBy"] = f"{alert.tool}: {one_line(alert.name)}"[:500].strip()
    if "owner" in known:
        spec["assignedTo"] = known["owner"]
    if service:
        kind = "full" if urgency == 1 else "degraded"
        spec["outages"] = [_outage(service, span, kind) for span in spans]
    return spec | {"status": "new" if taken is None else "acknowledged"}


def _outage(service: str, span: Interval, kind: str) -> Data:
    end = {"end": format_instant(span.end)} if span.end < FOREVER else {}
    return {"service": service, "start": format_instant(span.start), **end, "kind": kind}


def _on_call(service: str | None, at: datetime, facts: Facts) -> tuple[tuple[str, ...], str]:
    """Who is on call for the team of a service, the first before the second; and what cannot be read of it."""
    team = facts.owner(service) if service else None
    rota = facts.record("Calendar", (team or {}).get("spec", {}).get("onCall", ""))
    if rota is None:
        return (), ""
    try:
        found = on_duty(shifts(facts, rota, Interval(at, at + timedelta(seconds=1))), at)
    except ValueError as error:
        return (), f"the calendar {rota['metadata']['name']} cannot be read: {error}"
    return tuple(dict.fromkeys(person for shift in found for person in shift.people)), ""


def _candidates(service: str, at: datetime, facts: Facts) -> Iterable[str]:
    """The changes of a service, and of those without which it fails, that began in the day before, the latest first."""
    affected = {service, *facts.graph.dependencies(service)}
    begun = {
        (began, change["metadata"]["name"])
        for name in affected
        for change in facts.changes_by_service.get(name, ())
        if (began := _began(change["spec"])) is not None and at - BEFORE <= began <= at
    }
    return (name for _, name in sorted(begun, reverse=True))


def _began(change: Mapping[str, Any]) -> datetime | None:
    """When work on a change began; by its window where it is scheduled or under way and nobody has said yet."""
    text = change.get("actual", {}).get("start")
    if text is None and change["status"] in ("scheduled", *_BEGUN):
        text = change.get("schedule", {}).get("start")
    try:
        return parse_instant(text) if text else None
    except ValueError:
        return None


def _description(alert: Alert, on_call: tuple[str, ...], candidates: tuple[str, ...], facts: Facts) -> str:
    parts = [alert.text or alert.title or alert.name]
    if on_call:
        people = (f"{_title(facts, 'Person', name)} ({name})" for name in on_call)
        parts.append(f"On call when it began: {', '.join(people)}.")
    if candidates:
        changes = "\n".join(f"- {_title(facts, 'Change', name)} (`{name}`)" for name in candidates[:20])
        parts.append(f"Changes of it and of what it needs that began in the 24 hours before:\n\n{changes}")
    return "\n\n".join(filter(None, parts))


def _title(facts: Facts, kind: str, name: str) -> str:
    data = facts.record(kind, name) or {}
    return str(data.get("metadata", {}).get("title", name))
