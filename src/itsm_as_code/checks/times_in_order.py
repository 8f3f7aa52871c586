"""The instants of a request and of a problem follow one another, and so do the reviews of a supplier.

A request is submitted, decided, fulfilled and closed, a problem is detected and resolved, in this order; neither
lies in the future. Otherwise no time to fulfil and no age of a problem could be worked out.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from itsm_as_code.checks import Situation, Subject, in_order
from itsm_as_code.findings import Problem
from itsm_as_code.records.facts import Facts

TITLE = "The times of requests, problems and suppliers are in order"
SEVERITY = "error"
WAIVABLE = False
TAKEN_OVER = True
READS = ("Problem", "ServiceRequest", "Supplier")
OWN = True
_ORDER = {
    "ServiceRequest": ("submittedAt", "decidedAt", "fulfilledAt", "closedAt"),
    "Problem": ("detectedAt", "resolvedAt"),
}


def check(facts: Facts, situation: Situation) -> Iterator[tuple[Subject, Problem]]:
    for kind, fields in _ORDER.items():
        for record in facts.records(kind):
            for problem in in_order(record["spec"], fields, situation.now):
                yield (kind, record["metadata"]["name"]), problem
    for supplier in facts.records("Supplier"):
        days = [review["date"] for review in supplier["spec"].get("reviews", ())]
        for index, (before, after) in enumerate(pairwise(days), 1):
            if after < before:
                at = ("spec", "reviews", index, "date")
                problem = Problem("the review is earlier than the one before it", at, "put the oldest first")
                yield ("Supplier", supplier["metadata"]["name"]), problem
