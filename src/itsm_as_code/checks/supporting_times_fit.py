"""What supports an agreement is not slower than the agreement.

Agreements between teams (ola) and contracts with suppliers (underpinning) carry those with customers, for the same
service and for services that cannot do without it. When they may take longer to respond, restore or fulfil, the promise
to the customer rests on luck. Times on different clocks are compared only where the longer one is longer on any clock,
and times of fulfilment only between objectives of the same name, for they are about different requests.
Source: ITIL 4, service level management practice; ISO/IEC 20000-1:2018 clauses 8.3.3 and 8.3.4.
"""

from __future__ import annotations

from collections.abc import Iterator

from itsm_as_code.checks import Situation, Subject
from itsm_as_code.findings import Problem
from itsm_as_code.measures.deadlines import utc_day
from itsm_as_code.records.facts import Facts
from itsm_as_code.service_levels import Promise, Promises, supporting, surely_looser
from itsm_as_code.service_levels.feasibility import needs

TITLE = "Supporting agreements are not slower than what they support"
SEVERITY = "error"
WAIVABLE = True
READS = ("Calendar", "Service", "ServiceLevelAgreement")


def check(facts: Facts, situation: Situation) -> Iterator[tuple[Subject, Problem]]:
    today = utc_day(situation.now)
    promises = [item for item in Promises(facts).all if item.seconds is not None and not item.over(today)]
    promised = dict.fromkeys(promise.service for promise in promises)
    below = {name: (name, *need.serial) for name, need in needs(facts, among=promised).items()}
    carrying: dict[str, list[Promise]] = {}
    for promise in promises:
        if promise.type != "sla":
            carrying.setdefault(promise.service, []).append(promise)
    for promise in promises:
        types = supporting(promise.type)
        for service in below.get(promise.service, (promise.service,)):
            for support in carrying.get(service, ()):
                same_service = service == promise.service
                if (support.type in types or not same_service) and types and _concerns(support, promise):
                    yield ("ServiceLevelAgreement", support.agreement), _problem(support, promise)


def _concerns(support: Promise, promise: Promise) -> bool:
    same = support.priority is None or promise.priority is None or support.priority == promise.priority
    same = same and (support.indicator != "fulfilment" or support.name == promise.name)
    return same and support.meets(promise) and surely_looser(support, promise)


def _problem(support: Promise, promise: Promise) -> Problem:
    priority = promise.priority or support.priority
    message = (
        f"{support.indicator} within {support.text} {support.unit} is longer than the {promise.text} {promise.unit} "
        f"that {promise.agreement} promises{f' for {priority}' if priority else ''}"
    )
    return Problem(message, support.pointer, f"agree on {promise.text} {promise.unit} or less, or promise more time")
