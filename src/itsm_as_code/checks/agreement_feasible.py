"""No agreement promises more availability than what it rests on can give.

The promises for everything that the service cannot do without, directly or not, are multiplied, each service once;
services in a redundancy group stand in for each other; agreements for the same service that support this one (with
teams and suppliers) count as well. A service that promises nothing counts as never failing, so the bound is a kind one.
Promise less, have the weakest part promise more, or put a second one beside it.
Source: ISO/IEC 20000-1:2018 clause 8.3.3; Treynor and others, "The calculus of service availability", ACM Queue 15(2).
"""

from __future__ import annotations

from collections.abc import Iterator

from itsm_as_code.checks import Situation, Subject
from itsm_as_code.findings import Problem
from itsm_as_code.measures.availability import Composition
from itsm_as_code.measures.deadlines import utc_day
from itsm_as_code.measures.numbers import percent, percent_floor
from itsm_as_code.records.facts import Facts
from itsm_as_code.service_levels import Feasibility, Promise

TITLE = "A promised availability can be kept by what is below it"
SEVERITY = "error"
WAIVABLE = True
READS = ("ServiceLevelAgreement", "Service")
_SHOWN = 3


def check(facts: Facts, situation: Situation) -> Iterator[tuple[Subject, Problem]]:
    feasibility = Feasibility(facts, utc_day(situation.now))
    for promise in feasibility.promises():
        if feasibility.surely_feasible(promise):
            continue
        result = feasibility.composition(promise)
        if promise.availability is not None and promise.availability > result.bound:
            yield ("ServiceLevelAgreement", promise.agreement), _problem(promise, result)


def _problem(promise: Promise, result: Composition) -> Problem:
    parts = result.weakest
    weakest = [f"{' or '.join(item.names)} ({percent(item.availability)})" for item in parts[:_SHOWN]]
    more = f" and {len(parts) - _SHOWN} more" if len(parts) > _SHOWN else ""
    bound = f"{percent(result.bound)} percent" + ("" if result.exact else " or somewhat more")
    message = (
        f"promises {promise.text} percent, but what {promise.service} cannot do without composes to {bound}; "
        f"weakest: {', '.join(weakest)}{more}"
    )
    remedy = f"promise at most {percent_floor(result.bound)}, or make the weakest part better or redundant"
    return Problem(message, promise.pointer, remedy)
