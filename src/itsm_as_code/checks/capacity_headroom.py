"""A live service has the headroom at peak that its design asks for, and its loads are in order.

Normal load is not above the peak, and what the limit leaves free at peak reaches the headroom target. Add capacity, or
correct the figures. Source: ITIL 4, capacity and performance management practice; ISO/IEC 20000-1:2018 clause 8.4.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from itsm_as_code.checks import Situation, Subject
from itsm_as_code.findings import Problem
from itsm_as_code.measures.capacity import headroom
from itsm_as_code.measures.numbers import rounded
from itsm_as_code.records.facts import Facts

TITLE = "A service has the headroom it is meant to have"
SEVERITY = "warning"
WAIVABLE = True
READS = ("Service",)
OWN = True


def check(facts: Facts, situation: Situation) -> Iterator[tuple[Subject, Problem]]:
    for service in facts.records("Service"):
        if service["spec"]["lifecycle"] != "live":
            continue
        for index, measure in enumerate(service["spec"].get("capacity", ())):
            problem = _problem(measure, index)
            if problem is not None:
                yield ("Service", service["metadata"]["name"]), problem


def _problem(measure: dict[str, Any], index: int) -> Problem | None:
    at = ("spec", "capacity", index)
    name, normal, peak, limit = (measure.get(key) for key in ("measure", "normal", "peak", "limit"))
    if normal is not None and peak is not None and Fraction(normal) > Fraction(peak):
        return Problem(
            f"{name}: normal is {normal}, above the peak of {peak}", (*at, "normal"), "correct either of them"
        )
    if limit is None:
        return None
    if Fraction(limit) <= 0:
        return Problem(f"{name}: the limit is not above 0", (*at, "limit"), "write what the service is known to hold")
    result = headroom(limit, peak, target_percent=measure.get("headroomTarget"))
    if result.met is False and result.at_peak is not None:
        free = rounded(result.at_peak * 100, 1)
        message = f"{name}: {free} percent stay free at peak, the target is {measure['headroomTarget']}"
        return Problem(message, (*at, "headroomTarget"), "add capacity, or correct the figures")
    return None
