"""The entries of a calendar can be worked out.

A freeze that cannot be read would silently freeze nothing. Times of day run forward (write an overnight window as
two entries), recurrence rules are valid RFC 5545, and the holidays that a calendar names exist and can be read too.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from itsm_as_code.checks import Situation, Subject
from itsm_as_code.clock import Interval
from itsm_as_code.findings import Problem
from itsm_as_code.records.facts import Facts

TITLE = "A calendar can be worked out"
SEVERITY = "error"
WAIVABLE = False


def check(facts: Facts, situation: Situation) -> Iterator[tuple[Subject, Problem]]:
    window = Interval(situation.now - timedelta(days=7), situation.now + timedelta(days=400))
    for calendar in facts.records("Calendar"):
        subject = ("Calendar", calendar["metadata"]["name"])
        for index, entry in enumerate(calendar["spec"]["entries"]):
            alone = {"spec": {**calendar["spec"], "entries": [entry]}}
            try:
                facts.calendar_intervals(alone, window)
            except (ValueError, OverflowError, RecursionError) as error:
                yield subject, Problem(str(error), ("spec", "entries", index), "correct this entry")
                continue
            weekly = entry.get("weekly")
            if weekly and not weekly["from"] < weekly["to"]:
                message = f"hours from {weekly['from']} to {weekly['to']} run backwards"
                remedy = "write an overnight window as two entries"
                yield subject, Problem(message, ("spec", "entries", index, "weekly"), remedy)
