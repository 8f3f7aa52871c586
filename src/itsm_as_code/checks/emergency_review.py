"""An emergency change is reviewed by the end of the fifth working day after it ended.

What is authorised in haste is looked at again at leisure: working days are those of the hours of the service, or Monday
to Friday. A change that nobody declares over ended with its window. In the gate it is a warning: while it is overdue no
other change of the service goes on (review-first), and the pull request that brings the review is never stopped.
Source: ITIL 4, change enablement practice, emergency changes; ISO/IEC 20000-1:2018 clause 8.5.1.3.
"""

from __future__ import annotations

from collections.abc import Iterator

from itsm_as_code.checks import Situation, Subject
from itsm_as_code.clock import format_instant
from itsm_as_code.findings import Problem
from itsm_as_code.measures.retrospective import open_reviews
from itsm_as_code.records.facts import Facts

TITLE = "The review of an emergency change is not overdue"
SEVERITY = "error"
WAIVABLE = False
READS = ("Calendar", "Change", "Service")


def check(facts: Facts, situation: Situation) -> Iterator[tuple[Subject, Problem]]:
    for review in open_reviews(facts, situation.configuration.timezone):
        if review.due <= situation.now:
            message = f"the review of this emergency change is overdue since {format_instant(review.due)}"
            yield ("Change", review.change), Problem(message, ("spec", "status"), review.way_out)
