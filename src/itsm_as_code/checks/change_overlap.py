"""Two planned changes do not work on the same service at the same time.

When something breaks while two changes run, nobody can tell which one did it, and each back-out may undo the other.
Move one of them, or do both in one change.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from itsm_as_code.checks import Situation, Subject
from itsm_as_code.checks.change_in_freeze import PLANNED
from itsm_as_code.clock import Interval
from itsm_as_code.findings import Problem
from itsm_as_code.records.facts import Facts

TITLE = "Planned changes of a service do not overlap"
SEVERITY = "warning"
WAIVABLE = True
READS = ("Change",)
_NAMED = 5
"""Of the changes that run when another begins, those that end last are named: all pairs would be too many to list."""


def check(facts: Facts, situation: Situation) -> Iterator[tuple[Subject, Problem]]:
    by_service: dict[str, list[dict[str, Any]]] = {}
    for change in facts.changes_to_come:
        for service in change["spec"]["services"]:
            by_service.setdefault(service, []).append(change)
    for service, changes in by_service.items():
        planned = sorted(_planned(changes), key=lambda item: (item[0], item[1]))
        running: list[tuple[Interval, str]] = []
        for window, name in planned:
            running = [item for item in running if item[0].end > window.start]
            for _, other in running:
                message = f"overlaps with {other} on '{service}'"
                yield ("Change", name), Problem(message, ("spec", "schedule"), f"move it out of the window of {other}")
            running = sorted([*running, (window, name)], key=lambda item: item[0].end)[-_NAMED:]


def _planned(changes: list[dict[str, Any]]) -> Iterator[tuple[Interval, str]]:
    for change in changes:
        spec = change["spec"]
        if spec["status"] in PLANNED and "schedule" in spec:
            try:
                yield Interval.parse(spec["schedule"]), change["metadata"]["name"]
            except ValueError:
                continue  # change-dates-in-order says so
