"""The instants of an incident are in order, and its outages lie in its life.

Occurred, detected, acknowledged, restored, resolved and closed follow one another, and so do the events of its
timeline; none lies in the future. An outage is one of a service that the incident names, and it ends after it starts.
It does not outlast the incident: it is over when that is resolved. Two outages of a service do not overlap.
Otherwise no time to restore and no downtime could be worked out.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from itsm_as_code.checks import Situation, Subject, in_order
from itsm_as_code.clock import parse_instant
from itsm_as_code.findings import Pointer, Problem
from itsm_as_code.records.facts import Data, Facts

TITLE = "The times of an incident are in order"
SEVERITY = "error"
WAIVABLE = False
TAKEN_OVER = True
READS = ("Incident", "Service")
_ORDER = ("occurredAt", "detectedAt", "acknowledgedAt", "restoredAt", "resolvedAt", "closedAt")
_SETTLED = ("resolved", "closed")


def check(facts: Facts, situation: Situation) -> Iterator[tuple[Subject, Problem]]:
    for incident in facts.records("Incident"):
        subject, spec = ("Incident", incident["metadata"]["name"]), incident["spec"]
        wrong = list(in_order(spec, _ORDER, situation.now))
        # Outages are not measured by instants that are wrong themselves: one cause, one finding.
        trusted = {} if wrong else spec
        for problem in (*wrong, *_outages(spec, trusted, facts, situation.now), *_timeline(spec, situation.now)):
            yield subject, problem


def _outages(spec: Data, trusted: Data, facts: Facts, now: datetime) -> Iterator[Problem]:
    is_settled = spec["status"] in _SETTLED
    resolved = parse_instant(trusted["resolvedAt"]) if is_settled and "resolvedAt" in trusted else None
    occurred = parse_instant(trusted["occurredAt"]) if "occurredAt" in trusted else None
    spans: dict[str, list[tuple[datetime, datetime, int]]] = {}
    for index, outage in enumerate(spec.get("outages", ())):
        at: Pointer = ("spec", "outages", index)
        if outage["service"] not in spec["services"] and facts.record("Service", outage["service"]):
            message = f"'{outage['service']}' is none of the services of the incident"
            yield Problem(message, (*at, "service"), "add it to the services of the incident, or correct it")
        start, limit = parse_instant(outage["start"]), resolved or now
        end = parse_instant(outage["end"]) if "end" in outage else None
        wrong = _bounds(start, end, limit, is_settled, resolved is not None)
        if wrong is None and occurred is not None and start < occurred:
            wrong = "start", "the outage starts before the incident occurred", "correct it, or occurredAt"
        if wrong is not None:
            yield Problem(wrong[1], (*at, wrong[0]), wrong[2])
        else:
            spans.setdefault(outage["service"], []).append((start, end or now, index))
    for service, found in spans.items():
        yield from _overlaps(service, sorted(found))


def _bounds(
    start: datetime, end: datetime | None, limit: datetime, is_settled: bool, has_resolved: bool
) -> tuple[str, str, str] | None:
    """What is wrong with an outage by itself and by the last instant of its incident: field, message, remedy."""
    when = "after the incident was resolved" if has_resolved else "in the future"
    what = "the outage or resolvedAt" if has_resolved else "it"
    if end is not None and end == start:
        return "end", "the outage ends when it starts", "leave it out, or correct its end"
    if end is not None and end < start:
        return "end", "the outage does not end after it starts", "swap or correct them"
    if start > limit:
        return "start", f"the outage starts {when}", f"correct {what}"
    if end is not None and end > limit:
        return "end", f"the outage ends {when}", f"correct {what}"
    if end is None and is_settled:
        return "start", "the outage goes on, though the incident is resolved", "write its end, at the latest resolvedAt"
    return None


def _overlaps(service: str, spans: list[tuple[datetime, datetime, int]]) -> Iterator[Problem]:
    last: tuple[datetime, int] | None = None
    for start, end, index in spans:
        if last is not None and start < last[0]:
            message = f"the outage overlaps another one of '{service}' (outage {last[1] + 1})"
            remedy = "make one of them, or end the first where the next begins"
            yield Problem(message, ("spec", "outages", index, "start"), remedy)
        if last is None or end > last[0]:
            last = (end, index)


def _timeline(spec: Data, now: datetime) -> Iterator[Problem]:
    last: datetime | None = None
    for index, event in enumerate(spec.get("timeline", ())):
        at, pointer = parse_instant(event["at"]), ("spec", "timeline", index, "at")
        if at > now:
            yield Problem("the event lies in the future", pointer, "write it down once it has happened")
            continue
        if last is not None and at < last:
            yield Problem("the event is earlier than the one before it", pointer, "put the events in order of time")
        last = at
