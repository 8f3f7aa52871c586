"""A problem has incidents behind it, or says that it was found before there were any.

Incidents are what a problem costs; without them, and with `proactive: false`, nobody can tell why it is worth the
work. An incident may name the problem, or the problem the incident. Source: ITIL 4, problem management practice
(reactive and proactive identification); ISO/IEC 20000-1:2018 clause 8.6.3.
"""

from __future__ import annotations

from collections.abc import Iterator

from itsm_as_code.checks import Situation, Subject
from itsm_as_code.findings import Problem
from itsm_as_code.records.facts import Facts

TITLE = "A problem has incidents or is proactive"
SEVERITY = "error"
WAIVABLE = True
READS = ("Incident", "Problem")


def check(facts: Facts, situation: Situation) -> Iterator[tuple[Subject, Problem]]:
    named = {incident["spec"].get("problem") for incident in facts.records("Incident")}
    for problem in facts.records("Problem"):
        spec, name = problem["spec"], problem["metadata"]["name"]
        if not spec.get("incidents") and not spec["proactive"] and name not in named:
            message = "it is not proactive, and there is no incident that led to it"
            yield ("Problem", name), Problem(message, ("spec",), "link its incidents, or write proactive: true")
