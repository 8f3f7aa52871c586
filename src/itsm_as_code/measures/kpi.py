"""Key performance indicators of delivery and operation, as rows of records: one table of what is measured and how.

What another tool closed is counted nowhere (:mod:`itsm_as_code.records.taken_over`), nor is an incident that was none.
Which changes failed, :mod:`itsm_as_code.records.outcomes` says: by their result, or as the cause of an incident.
Source: Forsgren, Humble and Kim, "Accelerate", 2018, ch. 2 (delivery); ITIL 4, incident management and service request
management practices (operation).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from fractions import Fraction
from functools import cached_property
from typing import Final

from itsm_as_code.clock import Interval, parse_instant, zone
from itsm_as_code.measures import requests
from itsm_as_code.measures.metric import Definition, Metric, Row
from itsm_as_code.measures.repeated import repeated
from itsm_as_code.measures.risk_factors import raised
from itsm_as_code.measures.stages import SPANS, Stages, took
from itsm_as_code.records.facts import Data, Facts
from itsm_as_code.records.outcomes import FAILED, Outcome
from itsm_as_code.records.taken_over import is_taken_over

PRIORITIES: Final = ("P1", "P2", "P3", "P4", "P5")
PARTS: Final = ("service", "team", "model", "quarter")
"""What a metric can be told by."""
_MINUTE: Final = 60


@dataclass(frozen=True)
class Population:
    """What is known as of ``now``; ``deployments`` are the rows of what ran, and ``stages`` those of changes by their
    names, each None where nobody says."""

    facts: Facts
    now: datetime
    deployments: Sequence[Row] | None = None
    stages: Mapping[str, Stages] | None = None
    told: dict[str, list[Row] | None] = field(default_factory=dict, compare=False)
    """Rows that were asked for, by what they measure: a year, its quarters and halves are made of the same."""

    @cached_property
    def changes(self) -> list[tuple[Data, Outcome]]:
        """The changes that ended, or failed before they did, by now."""
        outcomes = self.facts.change_outcomes.items()
        found = ((self.facts.record("Change", name), outcome) for name, outcome in outcomes)
        return [(change, outcome) for change, outcome in found if change is not None and outcome.known <= self.now]

    @cached_property
    def incidents(self) -> list[Data]:
        """The incidents of which somebody knows by now."""
        return [
            incident
            for incident in self.facts.records("Incident")
            if not is_taken_over(incident)
            and incident["spec"]["status"] != "cancelled"
            and parse_instant(incident["spec"]["detectedAt"]) <= self.now
        ]

    @cached_property
    def caused(self) -> dict[str, list[Data]]:
        """The incidents that name a change as their cause, by its name."""
        found: dict[str, list[Data]] = {}
        for incident in self.incidents:
            if "causedBy" in incident["spec"]:
                found.setdefault(incident["spec"]["causedBy"], []).append(incident["spec"])
        return found


_Measure = Callable[[Population], Iterable[Row] | None]
_MEASURES: Final[dict[str, tuple[Definition, _Measure]]] = {}


def _measure(definition: Definition) -> Callable[[_Measure], _Measure]:
    def add(function: _Measure) -> _Measure:
        _MEASURES[definition.name] = definition, function
        return function

    return add


@_measure(Definition("deployments", "Deployments", "count", "", "deployment statements that hold", "higher"))
def _deployments(known: Population) -> Iterable[Row] | None:
    return known.deployments


def _ended(known: Population, counts: Callable[[Data, Outcome], bool]) -> Iterator[Row]:
    """Changes that ended; one that goes on is left out, also where an incident names it already."""
    for change, outcome in known.changes:
        spec = change["spec"]
        is_over = "result" in spec or spec["status"] in FAILED
        left_out = "" if is_over else "not over, and an incident names it as its cause already"
        yield _of_change(change, outcome.known, counts=counts(change, outcome), left_out=left_out)


def _of_change(
    change: Data, at: datetime, *, counts: bool = True, amount: Fraction | None = None, left_out: str = ""
) -> Row:
    spec = change["spec"]
    model = spec.get("model", "") if spec["type"] == "standard" else ""
    return Row(change["metadata"]["name"], at, tuple(spec["services"]), counts, amount, left_out, model)


@_measure(
    Definition(
        *("change-fail-rate", "Change fail rate", "share", ""),
        "changes that failed, were backed out or are the cause of an incident, of those that ended",
        "lower",
    )
)
def _failed(known: Population) -> Iterator[Row]:
    yield from _ended(known, lambda _, outcome: outcome.failed <= known.now)


@_measure(
    Definition(
        *("change-fail-rate-by-result", "Change fail rate by result alone", "share", ""),
        "changes whose own result is failed or backed out, of those that ended",
        "lower",
    )
)
def _failed_by_result(known: Population) -> Iterator[Row]:
    yield from _ended(
        known, lambda change, _: bool({change["spec"]["status"], change["spec"].get("result")} & {*FAILED})
    )


@_measure(
    Definition("standard-share", "Standard changes", "share", "", "changes by a model, of those that ended", "higher")
)
def _standard(known: Population) -> Iterator[Row]:
    yield from _ended(known, lambda change, _: change["spec"]["type"] == "standard")


@_measure(
    Definition("emergency-share", "Emergency changes", "share", "", "emergency changes, of those that ended", "lower")
)
def _emergency(known: Population) -> Iterator[Row]:
    yield from _ended(known, lambda change, _: change["spec"]["type"] == "emergency")


@_measure(
    Definition(
        *("lead-time", "Lead time", "amount", "minutes"),
        "from the day in the name of a change, its proposal, to its actual start",
        "lower",
    )
)
def _lead_time(known: Population) -> Iterator[Row]:
    for change, outcome in known.changes:
        start = change["spec"].get("actual", {}).get("start")
        if start is None:
            yield _of_change(change, outcome.known, left_out="no actual start")
            continue
        try:
            proposed = raised(change["metadata"]["name"])
        except ValueError:
            yield _of_change(change, outcome.known, left_out="no day in its name")
            continue
        took = max(parse_instant(start) - proposed, timedelta(0))
        yield _of_change(change, outcome.known, amount=Fraction(int(took.total_seconds()), _MINUTE))


def _stage(span: tuple[str, str]) -> _Measure:
    def rows(known: Population, stages: Mapping[str, Stages]) -> Iterator[Row]:
        for change, outcome in known.changes:
            amount, left_out = took(change, stages.get(change["metadata"]["name"], Stages()), span)
            yield _of_change(change, outcome.known, amount=amount, left_out=left_out)

    return lambda known: None if known.stages is None else rows(known, known.stages)


for _definition, _span in SPANS.items():
    _measure(_definition)(_stage(_span))


@_measure(
    Definition(
        *("recovery-time", "Recovery time", "amount", "minutes"),
        "of changes that failed, the longest time from detection to restoration of an incident that one caused",
        "lower",
    )
)
def _recovery(known: Population) -> Iterator[Row]:
    for change, outcome in known.changes:
        if outcome.failed > known.now:
            continue
        caused = known.caused.get(change["metadata"]["name"], [])
        took = [_between(spec, "detectedAt", "restoredAt") for spec in caused if "restoredAt" in spec]
        left_out = "" if len(took) == len(caused) > 0 else "not restored yet" if caused else "no incident names it"
        yield _of_change(change, outcome.known, amount=max(took, default=None), left_out=left_out)


def _between(spec: Mapping[str, str], begin: str, end: str) -> Fraction:
    """Minutes by the wall clock."""
    return Fraction(int((parse_instant(spec[end]) - parse_instant(spec[begin])).total_seconds()), _MINUTE)


def _incidents(known: Population, priority: str | None) -> Iterator[tuple[Data, datetime]]:
    for incident in known.incidents:
        if priority in (None, incident["spec"].get("priority")):
            yield incident, parse_instant(incident["spec"]["detectedAt"])


def _of_incident(incident: Data, at: datetime, amount: Fraction | None = None, left_out: str = "") -> Row:
    return Row(incident["metadata"]["name"], at, tuple(incident["spec"].get("services", ())), True, amount, left_out)


def _count(priority: str | None) -> _Measure:
    return lambda known: (_of_incident(incident, at) for incident, at in _incidents(known, priority))


def _time(priority: str | None, end: str, missing: str) -> _Measure:
    def rows(known: Population) -> Iterator[Row]:
        for incident, at in _incidents(known, priority):
            is_there = end in incident["spec"] and parse_instant(incident["spec"][end]) <= known.now
            took = _between(incident["spec"], "detectedAt", end) if is_there else None
            yield _of_incident(incident, at, took, "" if is_there else missing)

    return rows


def _by_priority(definition: Definition, make: Callable[[str | None], _Measure]) -> None:
    """The same for all incidents, and for those of each priority."""
    _MEASURES[definition.name] = definition, make(None)
    for priority in PRIORITIES:
        name, title = f"{definition.name}-{priority.lower()}", f"{definition.title}, {priority}"
        _MEASURES[name] = replace(definition, name=name, title=title), make(priority)


_by_priority(Definition("incidents", "Incidents", "count", "", "incidents by their detection", "lower"), _count)
_by_priority(
    Definition(
        *("time-to-acknowledge", "Time to acknowledge", "amount", "minutes"),
        "from detection to acknowledgement, by the wall clock",
        "lower",
    ),
    lambda priority: _time(priority, "acknowledgedAt", "not acknowledged yet"),
)
_by_priority(
    Definition(
        *("time-to-restore", "Time to restore", "amount", "minutes"),
        "from detection to restoration, by the wall clock",
        "lower",
    ),
    lambda priority: _time(priority, "restoredAt", "not restored yet"),
)


@_measure(
    Definition(
        *("time-between-failures", "Time between failures", "amount", "minutes"),
        "from the end of an outage of a service to the start of its next one",
        "higher",
    )
)
def _between_failures(known: Population) -> Iterator[Row]:
    for service, outages in sorted(known.facts.outages_by_service.items()):
        spans = sorted(
            (parse_instant(one["start"]), parse_instant(one["end"]), name) for name, one in outages if "end" in one
        )
        ended: datetime | None = None
        for start, end, name in spans:
            if ended is not None and ended <= start <= known.now:
                yield Row(name, start, (service,), True, Fraction(int((start - ended).total_seconds()), _MINUTE))
            ended = max(end, ended or end)


@_measure(
    Definition(
        *("recurrence", "Recurring incidents", "count", ""),
        "incidents that are the third or a later one of a service or cause in 90 days without a problem",
        "lower",
    )
)
def _recurrence(known: Population) -> Iterator[Row]:
    late = {name: group for group in repeated(known.facts, known.now) for name in group.incidents[2:]}
    for incident in known.incidents:
        if incident["metadata"]["name"] in late:
            yield _of_incident(incident, parse_instant(incident["spec"]["detectedAt"]))


@_measure(
    Definition(
        *("requests-in-time", "Requests in time", "share", ""),
        "requests fulfilled within the target of their offering, of those with a target that are over",
        "higher",
    )
)
def _in_time(known: Population) -> Iterator[Row]:
    for request in _requests(known):
        found = requests.course(known.facts, request, known.now)
        left_out = (
            "" if found and (found.is_over or not found.in_time) else "in time so far" if found else "no target runs"
        )
        at = parse_instant(request["spec"]["submittedAt"])
        yield requests.row_of(known.facts, request, at, counts=found is not None and found.in_time, left_out=left_out)


@_measure(
    Definition(
        *("request-hours", "Hours to fulfil a request", "amount", "hours"),
        "from submission to fulfilment by the wall clock, of requests by their fulfilment",
    )
)
def _fulfilled(known: Population) -> Iterator[Row]:
    for request, at in _done(known):
        yield requests.row_of(
            known.facts, request, at, amount=_between(request["spec"], "submittedAt", "fulfilledAt") / _MINUTE
        )


@_measure(
    Definition(
        *("request-satisfaction", "Satisfaction with requests", "amount", "of 5"),
        "what those who ordered said (1 to 5), of requests by their fulfilment",
        "higher",
    )
)
def _satisfaction(known: Population) -> Iterator[Row]:
    for request, at in _done(known):
        points = request["spec"].get("satisfaction")
        amount, left_out = (None, "nothing said") if points is None else (Fraction(points), "")
        yield requests.row_of(known.facts, request, at, amount=amount, left_out=left_out)


def _done(known: Population) -> Iterator[tuple[Data, datetime]]:
    """The requests that were fulfilled by now, and when."""
    for request in _requests(known):
        at = parse_instant(request["spec"]["fulfilledAt"]) if "fulfilledAt" in request["spec"] else None
        if at is not None and at <= known.now:
            yield request, at


def _requests(known: Population) -> Iterator[Data]:
    for request in known.facts.records("ServiceRequest"):
        if not is_taken_over(request) and parse_instant(request["spec"]["submittedAt"]) <= known.now:
            yield request


DEFINITIONS: Final[Mapping[str, Definition]] = {name: definition for name, (definition, _) in _MEASURES.items()}
"""All that is measured, by name, in the order in which it is told."""


def rows(name: str, known: Population) -> list[Row] | None:
    """The rows of a metric up to now; None where nobody says."""
    if name not in known.told:
        found = _MEASURES[name][1](known)
        known.told[name] = None if found is None else list(found)
    return known.told[name]


def metrics(
    known: Population, period: Interval, by: str | None = None, names: Iterable[str] = DEFINITIONS
) -> Iterator[Metric]:
    """The metrics of a period, all together or for each part of ``PARTS`` that there is in it, by name."""
    for name in names:
        found = rows(name, known)
        within = None if found is None else [row for row in found if row.at in period]
        if by is None or within is None:
            yield Metric.of(DEFINITIONS[name], within)
            continue
        for part, some in sorted(_parted(within, by, known.facts).items()):
            yield Metric.of(DEFINITIONS[name], some, part)


def trend(known: Population, period: Interval, names: Iterable[str] = DEFINITIONS) -> dict[str, tuple[Metric, ...]]:
    """The same metrics for each quarter of a period in which there is something, in order of time."""
    found: dict[str, list[Metric]] = {name: [] for name in names}
    for metric in metrics(known, period, "quarter", found):
        if metric.part:
            found[metric.definition.name].append(metric)
    return {name: tuple(quarters) for name, quarters in found.items()}


def _parted(found: Iterable[Row], by: str, facts: Facts) -> dict[str, list[Row]]:
    tz = zone(facts.timezone)

    def parts(row: Row) -> Iterable[str]:
        if by == "quarter":
            at = row.at.astimezone(tz)
            return (f"{at.year}-Q{(at.month + 2) // 3}",)
        if by == "model":
            return (row.model,) if row.model else ()
        if by == "service":
            return row.services
        owners = (facts.spec("Service", service).get("owner") for service in row.services)
        return dict.fromkeys(owner for owner in owners if owner)

    parted: dict[str, list[Row]] = {}
    for row in found:
        for part in parts(row):
            parted.setdefault(part, []).append(row)
    return parted
