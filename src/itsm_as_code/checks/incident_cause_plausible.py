"""A change that is said to have caused an incident was under way before the incident began.

The cause of an incident feeds the risk of later changes and the record of the team, so a wrong one does harm twice. A
change that never began, or began after the incident occurred (was detected, where nobody knows since when), is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from itsm_as_code import clock
from itsm_as_code.checks import Situation, Subject
from itsm_as_code.findings import Problem
from itsm_as_code.records.facts import Facts, began

TITLE = "The change that caused an incident began before it"
SEVERITY = "error"
WAIVABLE = True
READS = ("Change", "Incident")
_NEVER_BEGAN = ("draft", "proposed", "authorised", "scheduled", "cancelled", "rejected")
_POINTER = ("spec", "causedBy")
_REMEDY = "name the change that caused it, or leave causedBy out"


def check(facts: Facts, situation: Situation) -> Iterator[tuple[Subject, Problem]]:
    for incident in facts.records("Incident"):
        change = facts.record("Change", incident["spec"].get("causedBy", ""))
        if change is not None:
            message = _implausible(change, began(incident["spec"]))
            if message:
                yield ("Incident", incident["metadata"]["name"]), Problem(message, _POINTER, _REMEDY)


def _implausible(change: dict[str, Any], began: str) -> str | None:
    spec, name = change["spec"], change["metadata"]["name"]
    start = spec.get("actual", {}).get("start")
    if start is None:
        return f"{name} is {spec['status']}, it never began" if spec["status"] in _NEVER_BEGAN else None
    if clock.parse_instant(start) > clock.parse_instant(began):
        return f"{name} began at {start}, after the incident began"
    return None
