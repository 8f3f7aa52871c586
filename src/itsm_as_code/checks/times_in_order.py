"""The instants of a request and of a problem follow one another, and none lies in the future.

A request is submitted, decided, fulfilled and closed, a problem is detected and resolved, in this order. Otherwise no
time to fulfil and no age of a problem could be worked out.
"""

from __future__ import annotations

from collections.abc import Iterator

from itsm_as_code import clock
from itsm_as_code.checks import Situation, Subject
from itsm_as_code.findings import Problem
from itsm_as_code.records.facts import Facts

TITLE = "The times of requests and problems are in order"
SEVERITY = "error"
WAIVABLE = False
_ORDER = {
    "ServiceRequest": ("submittedAt", "decidedAt", "fulfilledAt", "closedAt"),
    "Problem": ("detectedAt", "resolvedAt"),
}


def check(facts: Facts, situation: Situation) -> Iterator[tuple[Subject, Problem]]:
    for kind, fields in _ORDER.items():
        for record in facts.records(kind):
            subject, last = (kind, record["metadata"]["name"]), None
            for field in fields:
                if field not in record["spec"]:
                    continue
                instant = clock.parse_instant(record["spec"][field])
                if instant > situation.now:
                    message = f"{field} lies in the future"
                    yield subject, Problem(message, ("spec", field), "write it down once it has happened")
                if last is not None and instant < last[1]:
                    message = f"{field} is earlier than {last[0]}"
                    yield subject, Problem(message, ("spec", field), "correct the earlier or the later one")
                last = (field, instant)
