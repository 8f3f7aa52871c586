"""No service depends on itself by way of hard dependencies.

In a circle of hard dependencies no service can start before the others, and no availability can be worked out.
Make one of the dependencies soft, or split the service that both sides need.
"""

from __future__ import annotations

from collections.abc import Iterator

from itsm_as_code.checks import Situation, Subject
from itsm_as_code.findings import Problem
from itsm_as_code.records.facts import Facts

TITLE = "Hard dependencies do not run in a circle"
SEVERITY = "error"
WAIVABLE = True
READS = ("Service",)
AROUND = True


def check(facts: Facts, situation: Situation) -> Iterator[tuple[Subject, Problem]]:
    for circle in facts.graph.cycles(facts.listed("Service")):
        members = set(circle)
        for name in circle:
            for index, dependency in enumerate(facts.spec("Service", name).get("dependsOn", ())):
                if dependency["strength"] == "hard" and dependency["service"] in members:
                    others = ", ".join(circle)
                    message = f"the hard dependency on '{dependency['service']}' closes a circle: {others}"
                    pointer = ("spec", "dependsOn", index, "service")
                    yield ("Service", name), Problem(message, pointer, "make one dependency of the circle soft")
