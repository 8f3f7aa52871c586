"""Incidents that come back: three of one service, or of one cause, within 90 days, of which none names a problem.

Each incident of such a group waits for somebody to ask why. A cause is a change that incidents name. An incident that
names a problem, or that a problem names, is taken care of and counts in no group.
Source: ITIL 4, problem management practice, problem identification.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from itsm_as_code.clock import parse_instant
from itsm_as_code.records.facts import Data, Facts
from itsm_as_code.records.taken_over import is_taken_over

SPAN: Final = timedelta(days=90)
ENOUGH: Final = 3


@dataclass(frozen=True, slots=True)
class Repeated:
    """``incidents``, in order of their detection, of one ``kind`` (``Service`` or ``Change``) and its ``name``."""

    kind: str
    name: str
    incidents: tuple[str, ...]
    first: datetime
    last: datetime


def repeated(facts: Facts, now: datetime) -> Iterator[Repeated]:
    """The groups of each service and cause, in which each incident has enough others within the span around it."""
    named = {name for problem in facts.records("Problem") for name in problem["spec"].get("incidents", ())}
    found: dict[tuple[str, str], list[tuple[datetime, str]]] = {}
    for incident in facts.records("Incident"):
        spec, name = incident["spec"], incident["metadata"]["name"]
        if name in named or "problem" in spec or spec["status"] == "cancelled" or is_taken_over(incident):
            continue
        at = parse_instant(spec["detectedAt"])
        if at <= now:
            for key in _keys(spec):
                found.setdefault(key, []).append((at, name))
    for (kind, about), items in sorted(found.items()):
        yield from _groups(kind, about, sorted(items))


def _keys(spec: Data) -> Iterator[tuple[str, str]]:
    yield from (("Service", service) for service in spec.get("services", ()))
    if "causedBy" in spec:
        yield "Change", spec["causedBy"]


def _groups(kind: str, about: str, items: list[tuple[datetime, str]]) -> Iterator[Repeated]:
    """Runs in which windows of enough incidents overlap or touch."""
    run: list[tuple[datetime, str]] = []
    for index in range(len(items) - ENOUGH + 1):
        window = items[index : index + ENOUGH]
        if window[-1][0] - window[0][0] > SPAN:
            continue
        if run and window[0] not in run[-ENOUGH:]:
            yield _group(kind, about, run)
            run = []
        run += [item for item in window if item not in run[-ENOUGH:]]
    if run:
        yield _group(kind, about, run)


def _group(kind: str, about: str, run: list[tuple[datetime, str]]) -> Repeated:
    return Repeated(kind, about, tuple(name for _, name in run), run[0][0], run[-1][0])
