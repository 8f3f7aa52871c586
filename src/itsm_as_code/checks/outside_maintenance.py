"""A planned change works on a service within its maintenance windows.

Customers know these hours and agreements leave them out, so work outside them counts against every promise. Windows are
the calendars that the service names, and those of kind maintenance that apply to it; a service without any may be
changed at any time, and an emergency cannot wait. A change counts from proposed to implementing.
"""

from __future__ import annotations

from collections.abc import Iterator

from itsm_as_code.checks import Situation, Subject
from itsm_as_code.checks.change_in_freeze import PLANNED
from itsm_as_code.clock import Interval, Intervals, format_instant
from itsm_as_code.findings import Problem
from itsm_as_code.records.facts import Facts

TITLE = "A planned change keeps to the maintenance windows"
SEVERITY = "warning"
WAIVABLE = True
READS = ("Calendar", "Change", "Service")


def check(facts: Facts, situation: Situation) -> Iterator[tuple[Subject, Problem]]:
    for change in facts.changes_to_come:
        spec = change["spec"]
        if spec["status"] not in PLANNED or spec["type"] == "emergency" or "schedule" not in spec:
            continue
        try:
            window = Interval.parse(spec["schedule"])
        except ValueError:
            continue  # change-dates-in-order says so
        for index, service in enumerate(spec["services"]):
            problem = _problem(facts, service, window, index)
            if problem is not None:
                yield ("Change", change["metadata"]["name"]), problem


def _problem(facts: Facts, service: str, window: Interval, index: int) -> Problem | None:
    calendars = facts.maintenance_calendars(service)
    try:
        open_ = Intervals(span for calendar in calendars for span in facts.calendar_intervals(calendar, window))
    except ValueError as error:
        message = f"could not tell when '{service}' has its maintenance: {error}"
        return Problem(message, ("spec", "services", index), "mend the calendar first")
    outside = Intervals([window]) - open_
    if not calendars or not outside:
        return None
    names = ", ".join(calendar["metadata"]["name"] for calendar in calendars)
    first = outside.spans[0]
    message = (
        f"works on '{service}' outside its maintenance ({names}) "
        f"from {format_instant(first.start)} to {format_instant(first.end)}"
    )
    return Problem(message, ("spec", "schedule"), "move the change into a maintenance window")
