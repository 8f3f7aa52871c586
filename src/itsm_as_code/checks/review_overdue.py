"""The next review of a service takes place by the day that the last one set.

A review that slips is the first sign that nobody listens to the customer. Only the latest review of a service counts.
Source: ITIL 4, service level management and relationship management practices; ISO/IEC 20000-1:2018 clause 8.3.2.
"""

from __future__ import annotations

from collections.abc import Iterator

from itsm_as_code.checks import Dated, Situation, Subject, once_over
from itsm_as_code.clock import parse_date
from itsm_as_code.findings import Problem
from itsm_as_code.records.facts import Facts

TITLE = "The next review of a service is not overdue"
SEVERITY = "warning"
WAIVABLE = True
READS = ("Service", "ServiceReview")


def check(facts: Facts, situation: Situation) -> Iterator[tuple[Subject, Problem]]:
    return once_over(_next_reviews(facts), situation)


def _next_reviews(facts: Facts) -> Iterator[Dated]:
    for service, review in sorted(facts.latest_reviews.items()):
        day = review["spec"].get("nextReview")
        if day and facts.spec("Service", service).get("lifecycle") != "retired":
            message = f"the next review of '{service}' was due on {day}, and there is none"
            problem = Problem(message, ("spec", "nextReview"), "hold it and record it as a ServiceReview")
            yield ("ServiceReview", review["metadata"]["name"]), parse_date(day), problem
