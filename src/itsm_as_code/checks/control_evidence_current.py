"""The evidence of a control has not run out.

An audit result or a statement holds until a day, for what it is about changes. From that day on the control is stale,
and nobody knows whether it still works: have it audited or confirmed again, and record the new day. A control that does
not apply needs no evidence. Source: ISO/IEC 20000-1:2018 clause 9.2; NIST SP 800-53A revision 5, section 2.4.
"""

from __future__ import annotations

from collections.abc import Iterator

from itsm_as_code.checks import Dated, Situation, Subject, once_over
from itsm_as_code.clock import parse_date
from itsm_as_code.findings import Problem
from itsm_as_code.measures.deadlines import last_day_before
from itsm_as_code.records.facts import Facts

TITLE = "The evidence of a control has not run out"
SEVERITY = "warning"
WAIVABLE = True
READS = ("Control",)
OWN = True


def check(facts: Facts, situation: Situation) -> Iterator[tuple[Subject, Problem]]:
    return once_over(_evidence(facts), situation)


def _evidence(facts: Facts) -> Iterator[Dated]:
    for control in facts.records("Control"):
        spec = control["spec"]
        if spec.get("applicability") == "not-applicable":
            continue
        for index, entry in enumerate(spec.get("evidence", ())):
            until = entry.get("validUntil")
            if until:
                pointer = ("spec", "evidence", index, "validUntil")
                remedy = "have it audited or confirmed again, and record the day"
                last = last_day_before(parse_date(until))
                problem = Problem(f"the {entry['type']} held until {last}", pointer, remedy)
                yield ("Control", control["metadata"]["name"]), last, problem
