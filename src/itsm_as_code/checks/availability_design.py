"""No agreement promises more availability than the service is designed for.

The design target of a service stands in its record; what is promised to customers stands in agreements and leaves room
below it. Promise less, or design for more. Source: ITIL 4, availability management practice.
"""

from __future__ import annotations

from collections.abc import Iterator

from itsm_as_code.checks import Situation, Subject
from itsm_as_code.findings import Problem
from itsm_as_code.measures.deadlines import utc_day
from itsm_as_code.measures.numbers import share
from itsm_as_code.records.facts import Facts
from itsm_as_code.service_levels import Promises

TITLE = "A service is designed for the availability it promises"
SEVERITY = "warning"
WAIVABLE = True
READS = ("Service", "ServiceLevelAgreement")


def check(facts: Facts, situation: Situation) -> Iterator[tuple[Subject, Problem]]:
    today = utc_day(situation.now)
    for promise in Promises(facts).all:
        if promise.availability is None or promise.over(today) or promise.type == "underpinning":
            continue
        target = facts.spec("Service", promise.service).get("availability", {}).get("target")
        if target is not None and promise.availability > share(target):
            message = f"promises {promise.text} percent, but {promise.service} is designed for {target}"
            remedy = f"promise at most {target}, or design for more"
            yield ("ServiceLevelAgreement", promise.agreement), Problem(message, promise.pointer, remedy)
