"""An accepted risk is accepted still.

Whoever accepts a risk accepts it until a day, for circumstances change. From that day on it is nobody's decision:
assess it again, and have it accepted anew or treated.
Source: ISO/IEC 20000-1:2018 clause 6.1; ITIL 4, risk management practice.
"""

from __future__ import annotations

from collections.abc import Iterator

from itsm_as_code.checks import Dated, Situation, Subject, once_over
from itsm_as_code.clock import parse_date
from itsm_as_code.findings import Problem
from itsm_as_code.measures.deadlines import last_day_before
from itsm_as_code.records.facts import Facts

TITLE = "The acceptance of a risk has not run out"
SEVERITY = "error"
WAIVABLE = True
READS = ("Risk",)
OWN = True


def check(facts: Facts, situation: Situation) -> Iterator[tuple[Subject, Problem]]:
    return once_over(_acceptances(facts), situation)


def _acceptances(facts: Facts) -> Iterator[Dated]:
    for risk in facts.records("Risk"):
        spec = risk["spec"]
        until = spec.get("acceptance", {}).get("until")
        if spec["status"] == "accepted" and until:
            remedy = "assess it again, and have it accepted until a later day or treat it"
            last = last_day_before(parse_date(until))
            problem = Problem(f"it was accepted until {last}", ("spec", "acceptance", "until"), remedy)
            yield ("Risk", risk["metadata"]["name"]), last, problem
