"""The lines of a budget can be added up: each purpose once, twelve months of plan, and actual amounts of months past.

An actual amount of a month that has not begun is a plan in the wrong place, and makes the variance look better or worse
than it is. A year begins on the first day of a month. Source: ISO/IEC 20000-1:2018 clause 8.4.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from itsm_as_code.checks import Situation, Subject
from itsm_as_code.clock import parse_date
from itsm_as_code.durations import add_months
from itsm_as_code.findings import Problem
from itsm_as_code.measures.deadlines import utc_day
from itsm_as_code.records.facts import Facts

TITLE = "The lines of a budget can be added up"
SEVERITY = "error"
WAIVABLE = False
READS = ("Budget",)
OWN = True
_MONTHS = 12


def check(facts: Facts, situation: Situation) -> Iterator[tuple[Subject, Problem]]:
    today = utc_day(situation.now)
    for budget in facts.records("Budget"):
        for problem in _problems(budget["spec"], today):
            yield ("Budget", budget["metadata"]["name"]), problem


def _problems(spec: dict[str, Any], today: date) -> Iterator[Problem]:
    start = parse_date(spec["start"])
    if start.day != 1:
        yield Problem("the year does not begin with a month", ("spec", "start"), "write the first day of a month")
    try:
        begun = sum(add_months(start, month) <= today for month in range(_MONTHS))
    except OverflowError:
        begun = 0
    names: set[str] = set()
    for index, line in enumerate(spec["lines"]):
        at = ("spec", "lines", index)
        if line["name"] in names:
            message = f"there is a line '{line['name']}' already"
            yield Problem(message, (*at, "name"), "join them, or tell them apart")
        names.add(line["name"])
        if len(line["plan"]) != _MONTHS:
            message = f"the plan has {len(line['plan'])} months, not {_MONTHS}"
            yield Problem(message, (*at, "plan"), "write an amount for each month")
        if len(line.get("actual", ())) > begun:
            message = f"has actual amounts of {len(line['actual'])} months, but only {begun} of the year have begun"
            yield Problem(message, (*at, "actual", begun), "write them down once they are spent")
