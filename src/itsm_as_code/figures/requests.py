"""Requests by service: how long they took, and what those who ordered said of them."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from itsm_as_code.clock import Interval, parse_instant
from itsm_as_code.figures import Figure, Seen, Services, of
from itsm_as_code.measures.comparison import Value, mean
from itsm_as_code.records.facts import Data
from itsm_as_code.records.taken_over import is_taken_over

_HOUR: Final = 3600


def fulfilled(seen: Seen, span: Interval, services: Services) -> Iterator[Data]:
    """The requests that were fulfilled in a span, as far as is known."""
    for service in sorted(seen.facts.requests_by_service):
        if of(services, service):
            for request in seen.facts.requests_by_service[service]:
                done = request["spec"].get("fulfilledAt")
                if done is None or is_taken_over(request):
                    continue
                at = parse_instant(done)
                if at in span and at <= seen.now:
                    yield request


def _hours(seen: Seen, span: Interval, services: Services) -> Value:
    return mean(
        (request["metadata"]["name"], _between(request["spec"]["submittedAt"], request["spec"]["fulfilledAt"]))
        for request in fulfilled(seen, span, services)
    )


def _between(start: str, end: str) -> Fraction:
    return Fraction((parse_instant(end) - parse_instant(start)).total_seconds()) / _HOUR


def _satisfaction(seen: Seen, span: Interval, services: Services) -> Value:
    return mean(
        (request["metadata"]["name"], Fraction(request["spec"]["satisfaction"]))
        for request in fulfilled(seen, span, services)
        if "satisfaction" in request["spec"]
    )


FIGURES: Final = (
    Figure(
        "request-hours",
        "Hours to fulfil a request",
        "mean",
        "hours",
        "lower",
        "Hours by the wall clock from submitted to fulfilled, of requests fulfilled in the period.",
        _hours,
    ),
    Figure(
        "request-satisfaction",
        "Satisfaction with requests",
        "mean",
        "of 5",
        "higher",
        "What those who ordered said (1 to 5), of requests fulfilled in the period of which they said it.",
        _satisfaction,
    ),
)
