"""Alerts of monitoring, made drafts of incidents: Alertmanager, Grafana and PagerDuty.

An alert, told by its fingerprint, makes one incident a day (UTC), with an outage for each time it fired; an end closes
it. What is known of the alert stands in an annotation, beside the digests of the fields that were made of it: a field
that somebody edited since is theirs.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from itsm_as_code.configuration import Configuration, load_configuration
from itsm_as_code.findings import Location, RecordId, Rule, Severity
from itsm_as_code.interchange._alert_events import ALERT_EVENT, ALERT_TRUNCATED, FORMS, Event, read_events
from itsm_as_code.interchange._alert_incident import OURS, STATE, Alert, Draft, draft
from itsm_as_code.interchange._notes import Notes, listed
from itsm_as_code.interchange._store import IMPORT_EXISTS, Conversion, Known, NewRecord
from itsm_as_code.interchange.request import facts_of
from itsm_as_code.measures.priority import PriorityMatrix
from itsm_as_code.records.catalogue import Record
from itsm_as_code.records.facts import Data, Facts
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
RULES = (ALERT_EVENT, ALERT_TRUNCATED, ALERT_SERVICE, ALERT_CLOSED, ALERT_ROTA)
FIELDS: Final = "itsm.dev/alert-fields"
"""The annotation with a digest of each field as the import wrote it."""
NAMES: Final = ("itsm.dev/alert-names", "pagerduty.com/service-id")
"""Annotations of a service with other names, apart by commas, under which monitoring knows it."""
LABELS: Final = ("service", "service_name", "app")
_OURS: Final = ("metadata", "spec")
_ABSENT: Final = object()


@dataclass(frozen=True, slots=True)
class Asked:
    """What a caller says: the format where it shall not be told by the fields, the labels that name services, and
    whether fields that somebody edited are written over."""

    form: str | None = None
    labels: tuple[str, ...] = LABELS
    force: bool = False


def convert(sources: Mapping[str, bytes], known: Known, asked: Asked | None = None) -> Conversion:
    """A draft of an incident for each alert and day of which the sources tell."""
    asked, notes = asked or Asked(), Notes()
    read = read_events(sources, asked.form, asked.labels, notes)
    facts = facts_of(known)
    desk = _Desk(known, facts, _matrix(known), notes)
    alerts = joined(read.events)
    records = [desk.record(alert, origin, asked.force) for alert, origin in alerts]
    return Conversion(records, notes.findings(), read.left, remember=False)


def joined(events: Iterable[Event]) -> list[tuple[Alert, Location]]:
    """What events come to, by alert and day, with the place of the first event that tells of it."""
    found: dict[tuple[str, str], tuple[Alert, Location]] = {}
    for event in events:
        alert = Alert.of(event)
        first, _ = found.setdefault((alert.key, alert.day), (alert, event.origin))
        if first is not alert:
            first.join(alert)
    return [found[key] for key in sorted(found)]


def _matrix(known: Known) -> PriorityMatrix:
    if not known.root.is_dir():
        return Configuration().priority_matrix
    return load_configuration(WorkTree(known.root), known.registry)[0].priority_matrix


class _Desk:
    """Where alerts become incidents: what is known of services, and the incidents that alerts made before."""

    def __init__(self, known: Known, facts: Facts, matrix: PriorityMatrix, notes: Notes) -> None:
        self._known, self._facts, self._matrix, self._notes = known, facts, matrix, notes
        self._names = dict(_names(facts))
        self._made = {
            (state.key, state.day): record
            for record in known.records.values()
            if record.id.kind == "Incident" and record.valid and (state := _state(record)) is not None
        }

    def record(self, alert: Alert, at: Location, force: bool) -> NewRecord:
        """The record as it will be; what is closed stays as it is."""
        there = self._made.get((alert.key, alert.day))
        if there is not None and (state := _state(there)) is not None:
            alert.join(state)
        name = there.name if there is not None else alert.record
        made = draft(alert, self._facts, self._matrix, self._names, name)
        identity = RecordId("Incident", name)
        self._say(made, alert, at, identity)
        if there is None:
            _stamp(made.data, {})
            return NewRecord(identity, made.data, at)
        if there.state in (there.kind.lifecycle or {}).get("final", ()):
            self._say_closed(there, made, at)
            return NewRecord(identity, there.data, at)
        data = self._merged(there, made, at, force)
        return NewRecord(identity, data, at, is_merged=True)

    def _say(self, made: Draft, alert: Alert, at: Location, identity: RecordId) -> None:
        if made.service is None:
            said = f"'{listed(list(alert.services))[:100]}', which no service is called" if alert.services else "none"
            message = f"the service of an alert is not known: it names {said}"
            remedy = "add the name to the annotation itsm.dev/alert-names of the service, and import it again"
            self._notes.add(ALERT_SERVICE, message, at, subject=identity.name, remedy=remedy)
        if made.unreadable:
            self._notes.add(ALERT_ROTA, made.unreadable, at, subject=identity.name, remedy="mend it")

    def _say_closed(self, there: Record, made: Draft, at: Location) -> None:
        wrote, now = _digests(there.data), _fields(made.data)
        news = [path for path, value in now.items() if path in wrote and wrote[path] != _digest(value)]
        if news:
            message = f"{there.path} is {there.state} and was left alone; the alert says otherwise of {listed(news)}"
            remedy = "correct what the incident says of its outages, or raise a new incident"
            self._notes.add(ALERT_CLOSED, message, at, remedy=remedy, record=there.id)

    def _merged(self, there: Record, made: Draft, at: Location, force: bool) -> Data:
        """What is there, with what is new in each field that nobody edited since it was written."""
        data: Data = copy.deepcopy(there.data)
        wrote, fresh = _digests(data), _fields(made.data)
        kept: dict[str, str] = {}
        edited = []
        for path in {**dict.fromkeys(wrote), **fresh}:
            present, wanted = _get(data, path), fresh.get(path, _ABSENT)
            is_edited = wrote.get(path) != (None if present is _ABSENT else _digest(present))
            if not is_edited or force:
                _put(data, path, wanted)
            elif present != wanted:
                kept[path] = wrote.get(path, "")
                if wanted is not _ABSENT and wrote.get(path) != _digest(wanted):
                    edited.append(path)
        if edited:
            message = f"{there.path} was edited; the alert says otherwise of {listed(edited)}, which was left alone"
            self._notes.add(IMPORT_EXISTS, message, at, remedy="use --force to overwrite it", record=there.id)
        annotations = data["metadata"].setdefault("annotations", {})
        for key in (*OURS, FIELDS):
            annotations.pop(key, None)
        annotations.update(made.data["metadata"]["annotations"])
        _stamp(data, kept, fresh)
        return data


def _names(facts: Facts) -> Iterator[tuple[str, str]]:
    """What monitoring may call a service, lower-case, with the name of its record; the name itself counts most."""
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


def _fields(data: Data) -> dict[str, Any]:
    """The fields that an import fills in, by path."""
    found = {f"{part}.{key}": value for part in _OURS for key, value in data[part].items()}
    return {path: value for path, value in found.items() if path not in ("metadata.annotations", "metadata.name")}


def _get(data: Data, path: str) -> Any:
    part, _, key = path.partition(".")
    return data[part].get(key, _ABSENT)


def _put(data: Data, path: str, value: Any) -> None:
    part, _, key = path.partition(".")
    if value is _ABSENT:
        data[part].pop(key, None)
    else:
        data[part][key] = value


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def _stamp(data: Data, kept: Mapping[str, str], fresh: Mapping[str, Any] | None = None) -> None:
    """Note the digest of each field that was filled in; of one that was left alone, that of before."""
    ours = {path: _digest(value) for path, value in (_fields(data) if fresh is None else fresh).items()}
    ours |= kept
    ours = {path: mark for path, mark in ours.items() if mark}
    data["metadata"]["annotations"][FIELDS] = " ".join(f"{path}={mark}" for path, mark in sorted(ours.items()))


def _digests(data: Data) -> dict[str, str]:
    text = data["metadata"].get("annotations", {}).get(FIELDS, "")
    return {path: mark for path, _, mark in (item.partition("=") for item in text.split()) if mark}


__all__ = ["FORMS", "RULES", "TITLE", "Asked", "convert"]
