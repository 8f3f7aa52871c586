"""The lines of a cost statement add up to its total, and each service stands there once.

A statement is made by an import, and exact; one that somebody altered by hand no longer adds up. Import it again.
Source: ISO/IEC 20000-1:2018 clause 8.4.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from itsm_as_code.checks import Situation, Subject
from itsm_as_code.findings import Problem
from itsm_as_code.measures.numbers import quantity
from itsm_as_code.records.facts import Facts

TITLE = "A cost statement adds up"
SEVERITY = "error"
WAIVABLE = False
READS = ("CostStatement",)
OWN = True
_PLACES = 9


def check(facts: Facts, situation: Situation) -> Iterator[tuple[Subject, Problem]]:
    for statement in facts.records("CostStatement"):
        subject, spec = ("CostStatement", statement["metadata"]["name"]), statement["spec"]
        found = sum((Fraction(line["amount"]) for line in spec["lines"]), Fraction(0))
        if found != Fraction(spec["total"]):
            message = f"the lines add up to {quantity(found, _PLACES)}, and the total says {spec['total']}"
            yield subject, Problem(message, ("spec", "total"), "import it again")
        seen: set[str] = set()
        for index, line in enumerate(spec["lines"]):
            if line.get("service", "") in seen:
                message = f"{line['service']} has a line already"
                yield subject, Problem(message, ("spec", "lines", index, "service"), "add the two up")
            seen |= {line["service"]} if "service" in line else set()
            if "service" in line and "tag" in line:
                yield (
                    subject,
                    Problem("a line with a service has no tag", ("spec", "lines", index, "tag"), "leave it out"),
                )
