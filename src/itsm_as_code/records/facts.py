"""What is known about an organisation, as plain data by kind and name: where policies, risk and checks look things up.

A catalogue gives one; so does a handful of records in a policy's example.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Final, TypeVar

from itsm_as_code import clock
from itsm_as_code.clock import Interval, Intervals
from itsm_as_code.records import outcomes
from itsm_as_code.records.catalogue import Catalogue, Listed
from itsm_as_code.records.graph import ServiceGraph, says
from itsm_as_code.records.measured import UNMONITORED, Measured, Monitoring
from itsm_as_code.records.outcomes import History, Outcome
from itsm_as_code.records.taken_over import is_taken_over
from itsm_as_code.records.times import Times

Data = dict[str, Any]
Made = TypeVar("Made")
_Answer = TypeVar("_Answer")
_HISTORY: Final = ("Change", "Incident")
_KNOWN: Final = "known facts"


class _OfChanges(cached_property[_Answer]):
    """An answer that rests on changes and incidents alone: facts with the same ones take it over, and so do those of
    a catalogue whose index knows it."""

    def __get__(self, instance: Any, owner: type[Any] | None = None) -> Any:
        name = self.attrname or ""
        if instance is not None and instance._like is not None:
            return getattr(instance._like, name)
        known = getattr(instance._summary, name, None) if instance is not None else None
        return super().__get__(instance, owner) if known is None else known


class Facts:
    """Records as plain data, with the indexes that questions about them need; every answer is remembered.

    ``like`` are other facts, of which what was measured is taken over; where they have the same changes and incidents,
    what they know of those as well. ``summary`` is what an index knows of them.
    """

    def __init__(
        self,
        by_kind: Mapping[str, Mapping[str, Data]],
        like: Facts | None = None,
        timezone: str = "UTC",
        monitoring: Monitoring = UNMONITORED,
        summary: object | None = None,
    ) -> None:
        self._by_kind = by_kind
        self.monitoring: Monitoring = monitoring if like is None else like.monitoring
        self.timezone = timezone
        """The IANA zone of the organisation, in which its months and quarters begin."""
        self._remembered: dict[Any, Any] = {}
        self._years: dict[tuple[str, int], timedelta] = {}
        self._listed: Mapping[str, list[Data]] = {}
        self._summary = summary
        self._like = like if like is not None and all(like._has(kind, by_kind) for kind in _HISTORY) else None

    def _has(self, kind: str, by_kind: Mapping[str, Mapping[str, Data]]) -> bool:
        return self._by_kind.get(kind) is by_kind.get(kind)

    def narrowed(self, kind: str, names: Iterable[str]) -> Facts:
        """The same facts, whose :meth:`records` of a kind are those alone."""
        found = Facts(self._by_kind, self, self.timezone)
        found._listed = {
            **self._listed,
            kind: [data for name in names if (data := self.record(kind, name)) is not None],
        }
        return found

    @classmethod
    def of(cls, catalogue: Catalogue, timezone: str = "UTC") -> Facts:
        """The valid records of a catalogue, of an organisation in a zone; the same facts each time, for they remember
        their answers."""
        known: dict[str, Facts] = catalogue.__dict__.setdefault(_KNOWN, {})
        if timezone not in known:
            known[timezone] = cls(
                catalogue.data, timezone=timezone, monitoring=catalogue.monitoring, summary=catalogue.summary
            )
        return known[timezone]

    @classmethod
    def from_records(
        cls, records: Iterable[Data], timezone: str = "UTC", monitoring: Monitoring = UNMONITORED
    ) -> Facts:
        """Facts of loose records (kind, metadata.name, spec), such as those in a policy's example."""
        by_kind: dict[str, dict[str, Data]] = {}
        for data in records:
            by_kind.setdefault(data["kind"], {})[data["metadata"]["name"]] = data
        return cls(by_kind, timezone=timezone, monitoring=monitoring)

    def seen_by(self, monitoring: Monitoring) -> Facts:
        """The same records, with other measurements."""
        return Facts(self._by_kind, timezone=self.timezone, monitoring=monitoring)

    def measured(self, service: str, objective: str) -> tuple[Measured, ...]:
        """What monitoring knows of an objective of a service; ValueError where that cannot be relied on."""
        return self.monitoring.measurements.of(service, objective)

    @property
    def gaps(self) -> str:
        """How instants count that monitoring, where there is any, does not know."""
        return self.monitoring.measurements.gaps

    def record(self, kind: str, name: str) -> Data | None:
        return self._by_kind.get(kind, {}).get(name)

    def records(self, kind: str) -> list[Data]:
        if kind in self._listed:
            return self._listed[kind]
        return _all(self._by_kind.get(kind, {}))

    def some(self, kind: str, names: Iterable[str]) -> list[Data]:
        """Those records of a kind that there are, in the order of their names as given."""
        records = self._by_kind.get(kind, {})
        if isinstance(records, Listed):
            return records.some(names)
        return [data for name in names if (data := records.get(name)) is not None]

    def listed(self, kind: str) -> list[str] | None:
        """The names of the records of a kind to which these facts are narrowed; None for all."""
        return [data["metadata"]["name"] for data in self._listed[kind]] if kind in self._listed else None

    @cached_property
    def taken_over(self) -> list[Data]:
        """What another tool closed, of every kind, by kind and name."""
        found = [records[name] for records in self._by_kind.values() for name in _taken_over(records)]
        return sorted(found, key=lambda data: (data["kind"], data["metadata"]["name"]))

    def names_taken_over(self, kind: str) -> frozenset[str]:
        """The names of records of a kind that another tool closed."""
        return frozenset(_taken_over(self._by_kind.get(kind, {})))

    def spec(self, kind: str, name: str) -> Data:
        """The spec of a record, empty when there is no such record."""
        data = self.record(kind, name)
        return data.get("spec", {}) if data else {}

    def owner(self, service: str) -> Data | None:
        """The Team that owns a service."""
        return self.record("Team", self.spec("Service", service).get("owner", ""))

    @cached_property
    def graph(self) -> ServiceGraph:
        return ServiceGraph(self._by_kind.get("Service", {}))

    def services_with(self, *fields: str) -> list[Data]:
        """The services that say something in some of ``RARE_FIELDS``, by name."""
        services = self._by_kind.get("Service", {})
        if isinstance(services, Listed):
            names = {name for field in fields for name in services.saying(field)}
            return [services[name] for name in sorted(names)]
        return [data for data in services.values() if any(says(data, field) for field in fields)]

    @cached_property
    def _calendars_by_kind(self) -> dict[str, list[Data]]:
        found: dict[str, list[Data]] = {}
        for data in self.records("Calendar"):
            found.setdefault(data.get("spec", {}).get("kind", ""), []).append(data)
        return found

    def calendars_for(self, service: str, kind: str) -> list[Data]:
        """The calendars of a kind (``freeze``, ``maintenance``) that apply to a service."""
        data = self.record("Service", service)
        return [calendar for calendar in self._calendars_by_kind.get(kind, ()) if applies_to(calendar, service, data)]

    def maintenance_calendars(self, service: str) -> list[Data]:
        """The calendars in whose windows a service may be changed: those it names, and those that apply to it."""
        named = [self.record("Calendar", name) for name in self.spec("Service", service).get("maintenanceWindows", ())]
        found = {calendar["metadata"]["name"]: calendar for calendar in named if calendar is not None}
        for calendar in self.calendars_for(service, "maintenance"):
            found.setdefault(calendar["metadata"]["name"], calendar)
        return list(found.values())

    def peak_calendars(self, service: str) -> list[Data]:
        """The calendars of kind peak that a service names for its capacity, and those that apply to it."""
        data = self.record("Service", service)
        named = [self.record("Calendar", name) for name in (named_peaks(data) if data is not None else ())]
        found = {calendar["metadata"]["name"]: calendar for calendar in named if calendar is not None}
        for calendar in self.calendars_for(service, "peak"):
            found.setdefault(calendar["metadata"]["name"], calendar)
        return list(found.values())

    def calendar_intervals(self, calendar: Data, window: Interval) -> Intervals:
        """The instants in ``window`` that a calendar covers; ValueError when it cannot be read."""
        return clock.calendar_intervals(calendar["spec"], window, lambda name: self.spec("Calendar", name) or None)

    def covered(self, calendar: Data, window: Interval) -> timedelta:
        """How much time of ``window`` a calendar covers; ValueError when it cannot be read.

        Whole years are remembered: what was opened long ago and is asked for often costs one look at each.
        """
        total, name = timedelta(), calendar["metadata"]["name"]
        for year in range(window.start.year, window.end.year + 1):
            whole = Interval(datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC))
            if window.start <= whole.start and whole.end <= window.end:
                if (name, year) not in self._years:
                    self._years[name, year] = self.calendar_intervals(calendar, whole).total
                total += self._years[name, year]
            elif window.overlaps(whole):
                part = Interval(max(window.start, whole.start), min(window.end, whole.end))
                total += self.calendar_intervals(calendar, part).total
        return total

    def remember(self, key: tuple[Any, ...], kinds: Iterable[str], make: Callable[[], Made]) -> Made:
        """What somebody works out from these facts, once for a key; ``kinds`` are those of the records it rests on."""
        if key not in self._remembered:
            self._remembered[key] = make()
        made: Made = self._remembered[key]
        return made

    def freezes(self, service: str, window: Interval) -> list[tuple[Data, Intervals]]:
        """The freeze calendars that touch a service in a window, with the instants they cover there."""
        found = []
        for calendar in self.calendars_for(service, "freeze"):
            covered = self.calendar_intervals(calendar, window)
            if covered:
                found.append((calendar, covered))
        return found

    @_OfChanges
    def blamed(self) -> dict[str, list[datetime]]:
        """The changes that incidents name as their cause: name -> when those were detected."""
        return outcomes.blamed_at(self.records("Incident"))

    @_OfChanges
    def change_outcomes(self) -> dict[str, Outcome]:
        """How changes ended: name -> outcome, of those that did."""
        found = (
            (change["metadata"]["name"], outcomes.outcome(change, self.blamed)) for change in self.records("Change")
        )
        return {name: outcome for name, outcome in found if outcome is not None}

    @_OfChanges
    def changes_by_model(self) -> dict[str, list[Data]]:
        """The standard changes of each model."""
        found: dict[str, list[Data]] = {}
        for change in self.records("Change"):
            spec = change.get("spec", {})
            if spec.get("type") == "standard" and "model" in spec:
                found.setdefault(spec["model"], []).append(change)
        return found

    @_OfChanges
    def changes_to_come(self) -> list[Data]:
        """The changes that are not over: those that somebody still plans, carries out or has to review."""
        return [change for change in self.records("Change") if change["spec"]["status"] not in outcomes.OVER]

    @_OfChanges
    def names_to_come(self) -> list[str]:
        """Their names."""
        return [change["metadata"]["name"] for change in self.changes_to_come]

    @_OfChanges
    def changes_of_releases(self) -> list[Data]:
        """The changes that name a release."""
        return [change for change in self.records("Change") if "release" in change["spec"]]

    @_OfChanges
    def times(self) -> Times:
        """When changes were and are to be."""
        return Times.of(self.records("Change"))

    @_OfChanges
    def change_history(self) -> History:
        """The outcomes of all changes."""
        return History(self.change_outcomes.values())

    @_OfChanges
    def model_history(self) -> History:
        """The outcomes of all standard changes."""
        return History(outcome for ended in self.outcomes_by_model.values() for outcome in ended.values())

    @_OfChanges
    def outcomes_by_service(self) -> dict[str, dict[str, Outcome]]:
        """How the changes that name a service ended: service -> name -> outcome."""
        return {service: self._ended(changes) for service, changes in self.changes_by_service.items()}

    @_OfChanges
    def outcomes_by_model(self) -> dict[str, dict[str, Outcome]]:
        """How the standard changes of each model ended: model -> name -> outcome."""
        return {model: self._ended(changes) for model, changes in self.changes_by_model.items()}

    def _ended(self, changes: Iterable[Data]) -> dict[str, Outcome]:
        names = (change["metadata"]["name"] for change in changes)
        return {name: self.change_outcomes[name] for name in names if name in self.change_outcomes}

    @cached_property
    def agreements_by_service(self) -> dict[str, list[Data]]:
        """The agreements about a service."""
        found: dict[str, list[Data]] = {}
        for agreement in self.records("ServiceLevelAgreement"):
            found.setdefault(agreement.get("spec", {}).get("service", ""), []).append(agreement)
        return found

    @cached_property
    def incidents_by_service(self) -> dict[str, list[Data]]:
        """The incidents that list a service."""
        found: dict[str, list[Data]] = {}
        for incident in self.records("Incident"):
            for service in incident.get("spec", {}).get("services", ()):
                found.setdefault(service, []).append(incident)
        return found

    @cached_property
    def outages_by_service(self) -> dict[str, list[tuple[str, Data]]]:
        """The outages of a service, each with the name of its incident."""
        found: dict[str, list[tuple[str, Data]]] = {}
        for incident in self.records("Incident"):
            for outage in incident.get("spec", {}).get("outages", ()):
                found.setdefault(outage["service"], []).append((incident["metadata"]["name"], outage))
        return found

    @cached_property
    def requests_by_service(self) -> dict[str, list[Data]]:
        """The requests for offerings of a service."""
        found: dict[str, list[Data]] = {}
        for request in self.records("ServiceRequest"):
            offering = self.spec("RequestOffering", request.get("spec", {}).get("offering", ""))
            found.setdefault(offering.get("service", ""), []).append(request)
        return found

    @cached_property
    def latest_reviews(self) -> dict[str, Data]:
        """For each service, the ServiceReview of it that was held last."""
        found: dict[str, Data] = {}
        for review in self.records("ServiceReview"):
            service = review["spec"]["service"]
            if service not in found or found[service]["spec"]["heldOn"] < review["spec"]["heldOn"]:
                found[service] = review
        return found

    @_OfChanges
    def changes_by_service(self) -> dict[str, list[Data]]:
        """The changes that name a service directly."""
        found: dict[str, list[Data]] = {}
        for change in self.records("Change"):
            for service in change.get("spec", {}).get("services", ()):
                found.setdefault(service, []).append(change)
        return found


def _taken_over(records: Mapping[str, Data]) -> Iterable[str]:
    """The names of those that say of themselves that they are; some collections of records know which."""
    if isinstance(records, Listed):
        return records.taken_over()
    return [name for name, data in records.items() if is_taken_over(data)]


def _all(records: Mapping[str, Data]) -> list[Data]:
    return records.all() if isinstance(records, Listed) else list(records.values())


def began(incident: Data) -> str:
    """From when on an incident, given as its spec, counts: its occurrence, or its detection where that is not known.

    Source: Delegated Regulation (EU) 2024/1772 Article 3(1).
    """
    return str(incident.get("occurredAt", incident["detectedAt"]))


def named_peaks(service: Data) -> list[str]:
    """The calendars that a service names for the peaks of its capacity."""
    measures = service.get("spec", {}).get("capacity", ())
    return list(dict.fromkeys(peak["calendar"] for measure in measures for peak in measure.get("peaks", ())))


def applies_to(calendar: Data, service: str, data: Data | None) -> bool:
    """True when a calendar names the service, its tier or all of its labels, or applies to all.

    A calendar without ``appliesTo`` applies to nothing by itself; other records point to it.
    """
    selector = calendar.get("spec", {}).get("appliesTo", {})
    if selector.get("all") is True or service in selector.get("services", ()):
        return True
    if data is None:
        return False
    if data.get("spec", {}).get("tier") in selector.get("tiers", ()):
        return True
    wanted = selector.get("labels") or {}
    labels = data.get("metadata", {}).get("labels", {})
    return bool(wanted) and all(labels.get(key) == value for key, value in wanted.items())
