"""The guards against history that was made up, or called so afterwards."""

from __future__ import annotations

from typing import Final

from itsm_as_code.gate import agreed
from itsm_as_code.measures import links
from itsm_as_code.records import lifecycle, outcomes, taken_over
from tests.attacks.guards import Guard, nothing, patched, without_check


def never(*_: object) -> bool:
    return False


HISTORY_GUARDS: Final = (
    Guard(
        "history that governance agreed to",
        patched(agreed, "history_rules", nothing),
        ("takes-over-without-governance",),
    ),
    Guard(
        "tools and a cut-over that governance named",
        patched(taken_over, "permission_problems", nothing),
        ("takes-over-without-a-cut-over",),
    ),
    Guard(
        "history is before the cut-over",
        patched(taken_over, "time_problems", nothing),
        ("takes-over-what-came-after-the-cut-over",),
    ),
    Guard(
        "history is over",
        patched(taken_over, "state_problems", nothing),
        ("takes-over-what-is-still-to-be-done",),
    ),
    Guard("history happened once", without_check("taken-over-once"), ("takes-a-number-over-twice",)),
    Guard(
        "fields that are settled",
        patched(lifecycle, "_frozen_problems", nothing),
        ("marks-its-failure-as-history-later",),
    ),
    Guard(
        "history does not count",
        patched(outcomes, "is_taken_over", never),
        ("makes-itself-a-good-history",),
    ),
    Guard(
        "history is not open",
        patched(links, "is_taken_over", never),
        ("mends-an-incident-that-another-tool-closed",),
    ),
)
