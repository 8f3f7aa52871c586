"""What another tool closed is taken over once: no two records, of whatever kind, have the same number from one tool.

Numbers and names of tools are compared without regard to case.
"""

from __future__ import annotations

from collections.abc import Iterator

from itsm_as_code.checks import Situation, Subject
from itsm_as_code.findings import Problem
from itsm_as_code.records.facts import Facts

TITLE = "A number of another tool stands on one record"
SEVERITY = "error"
WAIVABLE = False
TAKEN_OVER = True


def check(facts: Facts, situation: Situation) -> Iterator[tuple[Subject, Problem]]:
    first: dict[tuple[str, str], Subject] = {}
    for record in facts.taken_over:
        subject, mark = (record["kind"], record["metadata"]["name"]), record["spec"]["takenOver"]
        kind, name = first.setdefault((mark["from"].casefold(), mark["number"].casefold()), subject)
        if (kind, name) != subject:
            message = f"{mark['from']} {mark['number']} is {kind}/{name} already"
            yield subject, Problem(message, ("spec", "takenOver", "number"), "keep one of them, or correct the number")
