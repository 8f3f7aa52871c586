"""A change's dates make sense: each window ends after it starts, and what is done has happened.

The planned window and the actual one end after they start; the actual start of a change that is implemented, backed
out or failed does not lie in the future; and a change that is being implemented is inside its planned window or says
since when it runs.
"""

from __future__ import annotations

from collections.abc import Iterator

from itsm_as_code import clock
from itsm_as_code.checks import Situation, Subject
from itsm_as_code.findings import Problem
from itsm_as_code.records.facts import Facts

TITLE = "The dates of a change are in order"
SEVERITY = "error"
WAIVABLE = False


def check(facts: Facts, situation: Situation) -> Iterator[tuple[Subject, Problem]]:
    for change in facts.records("Change"):
        subject = ("Change", change["metadata"]["name"])
        for field in ("schedule", "actual"):
            window = change["spec"].get(field, {})
            if "start" not in window:
                continue
            start = clock.parse_instant(window["start"])
            if "end" in window and clock.parse_instant(window["end"]) <= start:
                yield (
                    subject,
                    Problem(f"the {field} ends before it starts", ("spec", field, "end"), "swap or correct them"),
                )
            if field == "actual" and start > situation.now:
                message = "the actual start lies in the future"
                yield subject, Problem(message, ("spec", field, "start"), "write it down once it has started")
