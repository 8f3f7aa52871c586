"""Within an agreement, a higher priority is never promised more time than a lower one.

Such a pair is a slip of the pen, and whoever works by it serves the wrong incident first. Times to own and to resolve
are compared; on different hours only where the longer one is longer on any clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from itsm_as_code.checks import Situation, Subject
from itsm_as_code.findings import Problem
from itsm_as_code.records.facts import Facts
from itsm_as_code.service_levels import Promise, Promises, surely_looser

TITLE = "Objectives follow the order of priorities"
SEVERITY = "error"
WAIVABLE = True
READS = ("ServiceLevelAgreement",)
_OF_INCIDENTS = ("time-to-own", "time-to-resolve")


def check(facts: Facts, situation: Situation) -> Iterator[tuple[Subject, Problem]]:
    for agreement, promises in Promises(facts).by_agreement.items():
        times = [
            item for item in promises if item.priority and item.seconds is not None and item.indicator in _OF_INCIDENTS
        ]
        for problem in _problems(times):
            yield ("ServiceLevelAgreement", agreement), problem


def _problems(times: Sequence[Promise]) -> Iterator[Problem]:
    for one in times:  # at most 200 objectives
        slower = [other for other in times if _ranks_lower(other, one) and surely_looser(one, other)]
        if slower:
            other = min(slower, key=lambda item: item.seconds or 0)
            message = (
                f"{one.indicator} within {one.text} {one.unit} for {one.priority} "
                f"is longer than the {other.text} {other.unit} for {other.priority}"
            )
            yield Problem(message, one.pointer, f"give {one.priority} no more time than {other.priority}")


def _ranks_lower(other: Promise, one: Promise) -> bool:
    """True for a lower priority that is promised in at least as many cases."""
    return (other.priority or "") > (one.priority or "") and other.percentile >= one.percentile
