"""A declared priority agrees with the matrix of impact and urgency.

The matrix stands in itsm.yaml (rows are impact, columns urgency, both from 1, the highest). Leave the priority out, and
it is worked out. Source: ITIL 4 incident management practice, prioritisation by impact and urgency.
"""

from __future__ import annotations

from collections.abc import Iterator

from itsm_as_code.checks import Situation, Subject
from itsm_as_code.findings import Problem
from itsm_as_code.records.facts import Facts

TITLE = "The priority of an incident follows from impact and urgency"
SEVERITY = "error"
WAIVABLE = True
READS = ("Incident",)
OWN = True


def check(facts: Facts, situation: Situation) -> Iterator[tuple[Subject, Problem]]:
    matrix = situation.configuration.priority_matrix
    for incident in facts.records("Incident"):
        spec = incident["spec"]
        subject = ("Incident", incident["metadata"]["name"])
        right = matrix.priority(spec["impact"], spec["urgency"])
        if right is None:
            field = "impact" if spec["impact"] > matrix.impacts else "urgency"
            message = f"the priority matrix of itsm.yaml has no {field} {spec[field]}"
            most = matrix.impacts if field == "impact" else matrix.urgencies
            yield subject, Problem(message, ("spec", field), f"write 1 to {most}, or extend the matrix")
        elif spec.get("priority", right) != right:
            message = f"impact {spec['impact']} and urgency {spec['urgency']} give {right}, not {spec['priority']}"
            yield subject, Problem(message, ("spec", "priority"), f"write {right}, or leave priority out")
