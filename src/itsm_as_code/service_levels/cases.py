"""Times of incidents and requests: how long each took on the clock that its agreement promises by.

The clock runs in the hours of the objective, less what it excludes, and stands while the record is on hold (waiting for
the requester). Cases count in the window in which they began; one that still runs is late once it is past the target,
and counts neither way before. A percentile is the nearest rank: the shortest time within which so many of the cases
were done. Source: ITIL 4, incident management and service request management practices.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from math import ceil
from typing import Final

from itsm_as_code.clock import Interval, Intervals, parse_instant
from itsm_as_code.measures.numbers import share
from itsm_as_code.records.facts import Data, Facts
from itsm_as_code.service_levels.attainment import seconds, service_time, zone_of
from itsm_as_code.service_levels.promises import SECONDS, TIMES
from itsm_as_code.service_levels.windows import Window

_ENDS: Final = {"time-to-own": "acknowledgedAt", "time-to-resolve": "resolvedAt", "fulfilment": "fulfilledAt"}


@dataclass(frozen=True, slots=True)
class Case:
    """One incident or request: the span in which its clock was on, and the seconds that it ran in that."""

    source: str
    span: Interval
    took: Fraction
    done: bool
    in_time: bool


@dataclass(frozen=True, slots=True)
class Times:
    """The cases of an objective in a window, in order of time; ``running`` are those that may yet be in time."""

    agreement: str
    service: str
    objective: Data
    window: Window
    timezone: str
    cases: tuple[Case, ...]
    running: tuple[Case, ...]

    @property
    def attained(self) -> Fraction | None:
        """The time within which the promised share of the cases was done, in the unit of the objective; None: none."""
        if not self.cases:
            return None
        took = sorted(case.took for case in self.cases)
        rank = max(ceil(share(self.objective.get("percentile", "100")) * len(took)), 1)
        return took[min(rank, len(took)) - 1] / SECONDS[self.objective["unit"]]

    @property
    def in_time(self) -> int:
        """The number of cases within the target."""
        return sum(case.in_time for case in self.cases)

    def within(self, span: Interval) -> Times:
        """Those of its cases that began in a part of the window."""
        cases, running = (
            tuple(case for case in cases if span.start <= case.span.start < span.end)
            for cases in (self.cases, self.running)
        )
        return replace(self, window=Window(span, span), cases=cases, running=running)


def is_time(objective: Data) -> bool:
    """True for an objective that says how long something takes at most."""
    is_long = objective["indicator"] in TIMES and objective["comparison"] == "at-most"
    return is_long and objective["unit"] in SECONDS


def times(facts: Facts, agreement: Data, objective: Data, window: Window, known: datetime) -> Times:
    """The cases of an objective that :func:`is_time`, as far as is known at an instant.

    ValueError when a calendar makes no sense.
    """
    service = agreement["spec"]["service"]
    target = Fraction(objective["target"]) * SECONDS[objective["unit"]]
    found: list[Case] = []
    running: list[Case] = []
    for source, start, end, held in sorted(_clocks(facts, service, objective, window.span, known)):
        span = Interval(start, end or max(start, known))
        on = service_time(facts, {"spec": {"service": service}, **_NOBODY}, objective, span, zone_of(facts, agreement))
        took = seconds((on.served - held).total)
        case = Case(source, span, took, end is not None, took <= target)
        (running if end is None and case.in_time else found).append(case)
    return Times(
        agreement=agreement["metadata"]["name"],
        service=service,
        objective=objective,
        window=window,
        timezone=str(zone_of(facts, agreement)),
        cases=tuple(sorted(found, key=lambda case: (case.span, case.source))),
        running=tuple(running),
    )


_NOBODY: Final = {"metadata": {"name": ""}}
"""An agreement without days: a clock that was on goes on when an agreement ends."""


def _clocks(
    facts: Facts, service: str, objective: Data, span: Interval, known: datetime
) -> Iterator[tuple[str, datetime, datetime | None, Intervals]]:
    """Record, start, end (None while it runs) and pauses of each case that began in a span."""
    indicator, wanted = objective["indicator"], objective.get("priority")
    kind, begins = ("ServiceRequest", "submittedAt") if indicator == "fulfilment" else ("Incident", "detectedAt")
    cases = facts.requests_by_service if kind == "ServiceRequest" else facts.incidents_by_service
    for record in cases.get(service, ()):
        spec = record["spec"]
        if spec["status"] in ("declined", "cancelled"):
            continue
        start = parse_instant(spec[begins])
        if start not in span or start > known or (wanted is not None and spec.get("priority") != wanted):
            continue
        ended = spec.get(_ENDS[indicator])
        end = parse_instant(ended) if ended is not None else None
        if end is not None and end < start:
            raise ValueError(f"{kind}/{record['metadata']['name']} ends before it starts")
        end = end if end is not None and end <= known else None
        yield f"{kind}/{record['metadata']['name']}", start, end, _held(spec, known)


def _held(spec: Data, known: datetime) -> Intervals:
    spans = []
    for hold in spec.get("onHold", ()):
        start = parse_instant(hold["start"])
        spans.append(Interval(start, max(start, parse_instant(hold["end"]) if "end" in hold else known)))
    return Intervals(spans)
