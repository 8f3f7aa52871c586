"""A change's dates make sense: each window ends after it starts, and what is done has happened.

The planned window and the actual one end after they start, and neither end of the actual one lies in the future.
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
TAKEN_OVER = True
READS = ("Change",)
OWN = True


def check(facts: Facts, situation: Situation) -> Iterator[tuple[Subject, Problem]]:
    for change in facts.records("Change"):
        subject = ("Change", change["metadata"]["name"])
        for field in ("schedule", "actual"):
            window = change["spec"].get(field, {})
            if "start" not in window:
                continue
            times = {end: clock.parse_instant(window[end]) for end in ("start", "end") if end in window}
            future = [end for end, at in times.items() if field == "actual" and at > situation.now]
            for end in future:
                message = f"the actual {end} lies in the future"
                yield subject, Problem(message, ("spec", field, end), "write it down once it has happened")
            if "end" in times and not future and times["end"] <= times["start"]:
                message = f"the {field} does not end after it starts"
                yield subject, Problem(message, ("spec", field, "end"), "swap or correct them")
