"""Alerts of monitoring, made drafts of incidents: Alertmanager, Grafana and PagerDuty.

An alert, told by its fingerprint, makes one incident a day (UTC), with an outage for each time it fired; an end closes
it. What is known of the alert stands in an annotation; a field that somebody edited since is theirs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from itsm_as_code.configuration import Configuration, load_configuration
from itsm_as_code.findings import Location, RecordId, Rule, Severity
from itsm_as_code.interchange._alert_events import ALERT_EVENT, ALERT_TRUNCATED, FORMS, Event, read_events
from itsm_as_code.interchange._alert_incident import STATE, Alert, Draft, draft
from itsm_as_code.interchange._memory import merged
from itsm_as_code.interchange._notes import Notes, listed
from itsm_as_code.interchange._store import IMPORT_EXISTS, Conversion, Known, NewRecord
from itsm_as_code.interchange.request import facts_of
from itsm_as_code.measures.priority import PriorityMatrix
from itsm_as_code.records.catalogue import Record
from itsm_as_code.records.facts import Facts
from itsm_as_code.snapshot import WorkTree

TITLE: Final = "alerts (Alertmanager, Grafana, PagerDuty)"
ALERT_SERVICE = Rule(
    "alert-service",
    "An alert names a service of the catalogue",
    Severity.WARNING,
    "The label `service` (--label names others), or PagerDuty's service, is the name or title of a service, or stands "
    "in its annotation `itsm.dev/alert-names` or `pagerduty.com/service-id`. Where it is none, the incident is drafted "
    "without a service, and a person decides.",
)
ALERT_CLOSED = Rule(
    "alert-closed",
    "What comes late about a closed incident is told, not written",
    Severity.WARNING,
    "A closed incident is left alone. Where monitoring knows something else of it by now, a person decides.",
)
ALERT_ROTA = Rule(
    "alert-rota",
    "Who is on call for an alert can be worked out",
    Severity.WARNING,
    "The rota of the team that owns the service cannot be read, so the draft does not say who is on call.",
)
ALERT_GONE = Rule(
    "alert-gone",
    "An outage that monitoring sees no longer has an end",
    Severity.WARNING,
    "Reported with `--from-alertmanager` or `--all`: the API of Alertmanager tells what fires, and nothing else.",
)
RULES = (ALERT_GONE, ALERT_EVENT, ALERT_TRUNCATED, ALERT_SERVICE, ALERT_CLOSED, ALERT_ROTA)
NAMES: Final = ("itsm.dev/alert-names", "pagerduty.com/service-id")
"""Annotations of a service with other names, apart by commas, under which monitoring knows it."""
LABELS: Final = ("service", "service_name", "app")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a caller says: the format where it shall not be told by the fields, the labels that name services, and
    whether the sources hold all that fires now."""

    form: str | None = None
    labels: tuple[str, ...] = LABELS
    is_all: bool = False


def convert(sources: Mapping[str, bytes], known: Known, asked: Asked | None = None) -> Conversion:
    """A draft of an incident for each alert and day of which the sources tell."""
    asked, notes = asked or Asked(), Notes()
    read = read_events(sources, asked.form, asked.labels, notes)
    facts = facts_of(known)
    desk = _Desk(known, facts, priority_matrix(known), notes)
    alerts = joined(read.events)
    records = [desk.record(alert, origin) for alert, origin in alerts]
    if asked.is_all:
        desk.say_gone(read.seen, Location(next(iter(sources), "")))
    return Conversion(records, notes.findings(), read.left)


def joined(events: Iterable[Event]) -> list[tuple[Alert, Location]]:
    """What events come to, by alert and day, with the place of the first event that tells of it."""
    found: dict[tuple[str, str], tuple[Alert, Location]] = {}
    for event in events:
        alert = Alert.of(event)
        first, _ = found.setdefault((alert.key, alert.day), (alert, event.origin))
        if first is not alert:
            first.join(alert)
    return [found[key] for key in sorted(found)]


def priority_matrix(known: Known) -> PriorityMatrix:
    """The matrix of itsm.yaml, or the usual one."""
    if not known.root.is_dir():
        return Configuration().priority_matrix
    return load_configuration(WorkTree(known.root), known.registry)[0].priority_matrix


class _Desk:
    """Where alerts become incidents: what is known of services, and the incidents that alerts made before."""

    def __init__(self, known: Known, facts: Facts, matrix: PriorityMatrix, notes: Notes) -> None:
        self._known, self._facts, self._matrix, self._notes = known, facts, matrix, notes
        self._names = dict(service_names(facts))
        self._made = {
            (state.key, state.day): record
            for record in known.records.values()
            if record.id.kind == "Incident" and record.valid and (state := _state(record)) is not None
        }

    def record(self, alert: Alert, at: Location) -> NewRecord:
        """The incident as its alert makes it, joined with what is known of that; what is closed stays as it is."""
        there = self._made.get((alert.key, alert.day))
        if there is not None and (state := _state(there)) is not None:
            alert.join(state)
        name = there.name if there is not None else alert.record
        made = draft(alert, self._facts, self._matrix, self._names, name)
        identity = RecordId("Incident", name)
        self._say(made, alert, at, identity)
        if there is not None and _is_closed(there):
            self._say_closed(there, made, at)
            return NewRecord(identity, there.data, at, is_merged=True)
        if there is None and (other := self._known.records.get(identity)) is not None and other.valid:
            message = f"{other.path} was left alone: its annotation {STATE} does not say what is known of the alert"
            remedy = "put the annotation back as it was, or move the file away and import all events again"
            self._notes.add(IMPORT_EXISTS, message, at, remedy=remedy, record=identity)
            return NewRecord(identity, other.data, at, is_merged=True)
        return NewRecord(identity, made.data, at)

    def say_gone(self, seen: Collection[str], at: Location) -> None:
        """Name the incidents that go on by what is known, though their alert of Alertmanager fires no longer."""
        for (key, _), record in sorted(self._made.items()):
            goes_on = any("end" not in outage for outage in record.spec.get("outages", ()))
            if key.startswith("alertmanager:") and key not in seen and goes_on and not _is_closed(record):
                message = "the alert fires no longer, and Alertmanager does not say since when"
                remedy = "write the end of the outage, or let Alertmanager's webhook say when alerts are resolved"
                self._notes.add(ALERT_GONE, message, at, subject=record.path, remedy=remedy, record=record.id)

    def _say(self, made: Draft, alert: Alert, at: Location, identity: RecordId) -> None:
        if made.service is None:
            said = f"'{listed(list(alert.services))[:100]}', which no service is called" if alert.services else "none"
            message = f"the service of an alert is not known: it names {said}"
            remedy = "add the name to the annotation itsm.dev/alert-names of the service, and import it again"
            self._notes.add(ALERT_SERVICE, message, at, subject=identity.name, remedy=remedy)
        if made.unreadable:
            self._notes.add(ALERT_ROTA, made.unreadable, at, subject=identity.name, remedy="mend it")

    def _say_closed(self, there: Record, made: Draft, at: Location) -> None:
        news = merged(there.data, made.data, force=False)
        fields = [name for name in (*news.taken, *news.clashing) if not name.startswith("metadata.annotations.")]
        if fields:
            message = f"{there.path} is {there.state} and was left alone; the alert says otherwise of {listed(fields)}"
            remedy = "correct what the incident says of its outages, or raise a new incident"
            self._notes.add(ALERT_CLOSED, message, at, remedy=remedy, record=there.id)


def _is_closed(record: Record) -> bool:
    return record.state in (record.kind.lifecycle or {}).get("final", ())


def service_names(facts: Facts) -> Iterator[tuple[str, str]]:
    """What other tools may call a service, lower-case, with the name of its record; the name itself counts most."""
    services = sorted(facts.records("Service"), key=lambda data: str(data["metadata"]["name"]))
    for data in services:
        yield str(data["metadata"]["title"]).casefold(), data["metadata"]["name"]
    for data in services:
        for annotation in NAMES:
            for said in data["metadata"].get("annotations", {}).get(annotation, "").split(","):
                if said.strip():
                    yield said.strip().casefold(), data["metadata"]["name"]
    for data in services:
        yield data["metadata"]["name"], data["metadata"]["name"]


def _state(record: Record) -> Alert | None:
    metadata = record.data.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    text = annotations.get(STATE) if isinstance(annotations, dict) else None
    return Alert.read(text) if isinstance(text, str) else None


__all__ = ["FORMS", "RULES", "TITLE", "Asked", "convert", "priority_matrix", "service_names"]
