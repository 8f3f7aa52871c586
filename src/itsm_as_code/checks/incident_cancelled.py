"""An incident is cancelled only where it was none.

What was reported twice, by mistake or on a false alarm is cancelled. What caused an outage, was called major, counts
for compliance or names the change that caused it did happen: it is resolved, for measures and post-mortems rest on it.
Source: ITIL 4, incident management practice.
"""

from __future__ import annotations

from collections.abc import Iterator

from itsm_as_code.checks import Situation, Subject
from itsm_as_code.findings import Problem
from itsm_as_code.records.facts import Facts

TITLE = "What is cancelled was no incident"
SEVERITY = "error"
WAIVABLE = False
READS = ("Incident",)
OWN = True
_HAPPENED = {
    "outages": "has outages",
    "major": "was a major one",
    "complianceRelated": "counts for compliance",
    "causedBy": "names what caused it",
}


def check(facts: Facts, situation: Situation) -> Iterator[tuple[Subject, Problem]]:
    for incident in facts.records("Incident"):
        spec = incident["spec"]
        for field, why in _HAPPENED.items() if spec["status"] == "cancelled" else ():
            if spec.get(field):
                message = f"the incident is cancelled, and it {why}"
                yield (
                    ("Incident", incident["metadata"]["name"]),
                    Problem(message, ("spec", field), "resolve it instead"),
                )
