"""Nobody carries out two planned changes at the same time.

Whoever watches two changes watches neither, and cannot back out both at once. Give one of them to somebody else, or
move it. Changes count from proposed to implementing.
"""

from __future__ import annotations

from collections.abc import Iterator

from itsm_as_code.checks import Situation, Subject
from itsm_as_code.checks.change_in_freeze import PLANNED
from itsm_as_code.clock import Interval
from itsm_as_code.findings import Problem
from itsm_as_code.records.facts import Facts

TITLE = "An implementer is booked once at a time"
SEVERITY = "warning"
WAIVABLE = True
READS = ("Change",)
Booking = tuple[Interval, str, int]


def check(facts: Facts, situation: Situation) -> Iterator[tuple[Subject, Problem]]:
    for person, bookings in sorted(_bookings(facts).items()):
        last: Booking | None = None
        for booking in sorted(bookings):
            window, name, index = booking
            if last is not None and window.start < last[0].end:
                message = f"'{person}' carries out {last[1]} at the same time"
                pointer = ("spec", "implementers", index)
                yield ("Change", name), Problem(message, pointer, "let somebody else do it, or move one of them")
            if last is None or window.end > last[0].end:
                last = booking


def _bookings(facts: Facts) -> dict[str, list[Booking]]:
    found: dict[str, list[Booking]] = {}
    for change in facts.changes_to_come:
        spec = change["spec"]
        if spec["status"] in PLANNED and "schedule" in spec:
            try:
                window = Interval.parse(spec["schedule"])
            except ValueError:
                continue  # change-dates-in-order says so
            for index, person in enumerate(spec.get("implementers", ())):
                found.setdefault(person, []).append((window, change["metadata"]["name"], index))
    return found
