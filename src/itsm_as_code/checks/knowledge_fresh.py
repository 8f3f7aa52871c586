"""A published article is looked at again by its day of review.

Wrong knowledge is followed as readily as right knowledge. Read it, mend it, and set the next day; or retire it.
Source: ITIL 4, knowledge management practice; ISO/IEC 20000-1:2018 clause 7.6.
"""

from __future__ import annotations

from collections.abc import Iterator

from itsm_as_code.checks import Dated, Situation, Subject, once_over
from itsm_as_code.clock import parse_date
from itsm_as_code.findings import Problem
from itsm_as_code.records.facts import Facts

TITLE = "Published knowledge is fresh"
SEVERITY = "warning"
WAIVABLE = True
READS = ("KnowledgeArticle",)
OWN = True


def check(facts: Facts, situation: Situation) -> Iterator[tuple[Subject, Problem]]:
    return once_over(_reviews(facts), situation)


def _reviews(facts: Facts) -> Iterator[Dated]:
    for article in facts.records("KnowledgeArticle"):
        spec = article["spec"]
        day = spec.get("reviewBy")
        if spec["status"] == "published" and day:
            message = f"its review was due by {day}"
            problem = Problem(message, ("spec", "reviewBy"), "review it and set the next day, or retire it")
            yield ("KnowledgeArticle", article["metadata"]["name"]), parse_date(day), problem
