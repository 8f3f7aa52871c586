"""A planned change does not touch a service while that service is frozen.

A freeze calendar applies to services by name, label or tier, or to all; types of change that it lists under `exempt`
may go on. A change counts from proposed to implementing. Move its schedule, or ask for a waiver that names the risk.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from itsm_as_code.checks import Situation, Subject
from itsm_as_code.clock import Interval, format_instant
from itsm_as_code.findings import Problem
from itsm_as_code.records.facts import Facts

TITLE = "A planned change keeps out of freezes"
SEVERITY = "error"
WAIVABLE = True
READS = ("Calendar", "Change", "Service")
PLANNED = ("proposed", "authorised", "scheduled", "implementing")


def check(facts: Facts, situation: Situation) -> Iterator[tuple[Subject, Problem]]:
    for change in facts.changes_to_come:
        spec = change["spec"]
        if spec["status"] not in PLANNED or "schedule" not in spec:
            continue
        subject = ("Change", change["metadata"]["name"])
        try:
            window = Interval.parse(spec["schedule"])
        except ValueError:
            continue  # change-dates-in-order says so
        for index, service in enumerate(spec["services"]):
            try:
                freezes = facts.freezes(service, window)
            except ValueError as error:
                message = f"could not tell whether '{service}' is frozen: {error}"
                yield subject, Problem(message, ("spec", "services", index), "mend the calendar first")
                continue
            for calendar, covered in freezes:
                if spec["type"] not in calendar["spec"].get("exempt", ()):
                    yield subject, _problem(calendar, service, covered.spans[0])


def _problem(calendar: dict[str, Any], service: str, span: Interval) -> Problem:
    name = calendar["metadata"]["name"]
    message = f"'{service}' is frozen by {name} from {format_instant(span.start)} to {format_instant(span.end)}"
    return Problem(message, ("spec", "schedule"), "move the change out of the freeze, or ask for a waiver")
