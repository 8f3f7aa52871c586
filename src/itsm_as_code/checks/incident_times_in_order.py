"""The instants of an incident are in order, and its outages lie in its life.

Detected, acknowledged, restored, resolved and closed follow one another; none lies in the future; an outage ends after
it starts and not after the incident was resolved. Otherwise no time to restore could be worked out.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from itsm_as_code import clock
from itsm_as_code.checks import Situation, Subject
from itsm_as_code.findings import Problem
from itsm_as_code.records.facts import Facts

TITLE = "The times of an incident are in order"
SEVERITY = "error"
WAIVABLE = False
_ORDER = ("detectedAt", "acknowledgedAt", "restoredAt", "resolvedAt", "closedAt")


def check(facts: Facts, situation: Situation) -> Iterator[tuple[Subject, Problem]]:
    for incident in facts.records("Incident"):
        subject = ("Incident", incident["metadata"]["name"])
        for problem in (*_instants(incident["spec"], situation.now), *_outages(incident["spec"], situation.now)):
            yield subject, problem


def _instants(spec: dict[str, Any], now: datetime) -> Iterator[Problem]:
    last: tuple[str, datetime] | None = None
    for field in _ORDER:
        text = spec.get(field)
        if not isinstance(text, str):
            continue
        instant = clock.parse_instant(text)
        if instant > now:
            yield Problem(f"{field} lies in the future", ("spec", field), "write it down once it has happened")
        if last is not None and instant < last[1]:
            yield Problem(f"{field} is earlier than {last[0]}", ("spec", field), "correct the earlier or the later one")
        last = (field, instant)


def _outages(spec: dict[str, Any], now: datetime) -> Iterator[Problem]:
    resolved = spec.get("resolvedAt")
    limit = clock.parse_instant(resolved) if isinstance(resolved, str) else now
    for index, outage in enumerate(spec.get("outages", ())):
        start = clock.parse_instant(outage["start"])
        if start > limit:
            yield Problem("the outage starts after the incident", ("spec", "outages", index, "start"), "correct it")
        if "end" in outage:
            end = clock.parse_instant(outage["end"])
            if end <= start:
                yield Problem(
                    "the outage does not end after it starts", ("spec", "outages", index, "end"), "swap or correct them"
                )
            elif end > limit:
                message = f"the outage ends {'after the incident was resolved' if resolved else 'in the future'}"
                yield Problem(message, ("spec", "outages", index, "end"), "correct the outage or resolvedAt")
