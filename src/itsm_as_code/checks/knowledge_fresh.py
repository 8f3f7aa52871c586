"""A published article is looked at again by its day of review.

Wrong knowledge is followed as readily as right knowledge. Read it, mend it, and set the next day; or retire it.
Source: ITIL 4, knowledge management practice; ISO/IEC 20000-1:2018 clause 7.6.
"""

from __future__ import annotations

from collections.abc import Iterator

from itsm_as_code.checks import Situation, Subject
from itsm_as_code.clock import parse_date
from itsm_as_code.findings import Problem
from itsm_as_code.measures.deadlines import Due, freshness, utc_day
from itsm_as_code.records.facts import Facts

TITLE = "Published knowledge is fresh"
SEVERITY = "warning"
WAIVABLE = True


def check(facts: Facts, situation: Situation) -> Iterator[tuple[Subject, Problem]]:
    today = utc_day(situation.now)
    for article in facts.records("KnowledgeArticle"):
        spec = article["spec"]
        day = spec.get("reviewBy")
        if spec["status"] == "published" and day and freshness(parse_date(day), today) is Due.OVERDUE:
            message = f"its review was due by {day}"
            remedy = "review it and set the next day, or retire it"
            yield ("KnowledgeArticle", article["metadata"]["name"]), Problem(message, ("spec", "reviewBy"), remedy)
