"""An incident is on hold while somebody waits, and what it says of waiting is in order.

Clocks of agreements stand while the organisation waits for whoever reported an incident, so each span of waiting ends
after it starts, begins no earlier than the incident was detected, lies in the past and overlaps no other. A span that
goes on is the last one, of an incident that is on hold; and one that is on hold has such a span.
Source: ITIL 4, incident management practice.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from itsm_as_code.checks import Situation, Subject
from itsm_as_code.clock import parse_instant
from itsm_as_code.findings import Problem
from itsm_as_code.records.facts import Data, Facts

TITLE = "An incident that is on hold says since when, and no clock stands at other times"
SEVERITY = "error"
WAIVABLE = False
TAKEN_OVER = True
READS = ("Incident",)
OWN = True


def check(facts: Facts, situation: Situation) -> Iterator[tuple[Subject, Problem]]:
    for incident in facts.records("Incident"):
        for problem in _problems(incident["spec"], situation.now):
            yield ("Incident", incident["metadata"]["name"]), problem


def _problems(spec: Data, now: datetime) -> Iterator[Problem]:
    holds, is_on_hold = spec.get("onHold", ()), spec["status"] == "on-hold"
    last = parse_instant(spec["detectedAt"])
    for index, hold in enumerate(holds):
        start, ends = parse_instant(hold["start"]), "end" in hold
        end = parse_instant(hold["end"]) if ends else now
        if start < last:
            before = "the one before it ended" if index else "the incident was detected"
            yield Problem(f"the waiting begins before {before}", ("spec", "onHold", index, "start"), "correct it")
        elif start > now or end > now:
            field = "start" if start > now else "end"
            yield Problem("the waiting lies in the future", ("spec", "onHold", index, field), "write what has happened")
        elif ends and end <= start:
            yield Problem("the waiting does not end after it starts", ("spec", "onHold", index, "end"), "correct it")
        elif not ends and not (is_on_hold and index == len(holds) - 1):
            message = f"the waiting goes on, though the incident is {spec['status']}"
            yield Problem(message, ("spec", "onHold", index), "write its end, or set the incident to on-hold")
        last = max(last, end)
    if is_on_hold and holds and "end" in holds[-1]:
        yield Problem("the incident is on hold, and its waiting is over", ("spec", "status"), "set it to in-progress")
