"""The outlook of a budget does not pass its plan.

The outlook is what was spent so far and the plan of the months to come. From the percentage on that a budget names
(`alertAt`; 105 where it names none) this is told, and stops nothing: spend less, or have the budget approved anew.
Source: ITIL 4, service financial management practice; ISO/IEC 20000-1:2018 clause 8.4.1.
"""

from __future__ import annotations

from collections.abc import Iterator

from itsm_as_code.checks import Situation, Subject
from itsm_as_code.findings import Problem
from itsm_as_code.measures.costs import alerts
from itsm_as_code.measures.deadlines import utc_day
from itsm_as_code.measures.numbers import quantity
from itsm_as_code.records.facts import Facts

TITLE = "The outlook of a budget does not pass its plan"
SEVERITY = "info"
WAIVABLE = True
READS = ("Budget", "CostStatement", "Service")


def check(facts: Facts, situation: Situation) -> Iterator[tuple[Subject, Problem]]:
    for budget, stands, share in alerts(facts, utc_day(situation.now)):
        currency = budget["spec"]["currency"]
        outlook, year = quantity(stands.outlook, 2), quantity(stands.year, 2)
        message = (
            f"the outlook is {outlook} {currency}, {quantity(share * 100, 1)} % of the {year} planned for the year"
        )
        at = ("spec", "alertAt") if "alertAt" in budget["spec"] else ("spec", "lines")
        remedy = "spend less in the months to come, or have another budget approved"
        yield ("Budget", budget["metadata"]["name"]), Problem(message, at, remedy)
