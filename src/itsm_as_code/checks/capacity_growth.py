"""Capacity lasts for the next six months, as it grows.

Of each measure of a live service, the month in which its limit or its headroom target is passed is worked out from its
dated observations, at the peak that is named for a month where there is one. Order capacity in time, shed load, or
correct the observations: each of another day, none in the future, above 0.
Source: ITIL 4, capacity and performance management practice; ISO/IEC 20000-1:2018 clause 8.4.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from typing import Final

from itsm_as_code.checks import Situation, Subject
from itsm_as_code.clock import parse_date
from itsm_as_code.findings import Pointer, Problem
from itsm_as_code.measures.deadlines import utc_day
from itsm_as_code.measures.growth import month_after
from itsm_as_code.measures.numbers import quantity
from itsm_as_code.records.facts import Data, Facts
from itsm_as_code.service_levels.capacity import Outlook, Passing, outlook

TITLE = "Capacity lasts for the next six months"
SEVERITY = "warning"
WAIVABLE = True
READS = ("Calendar", "Service")
_MONTHS: Final = 6


def check(facts: Facts, situation: Situation) -> Iterator[tuple[Subject, Problem]]:
    today = utc_day(situation.now)
    for service in facts.services_with("observations", "peaks"):
        subject = ("Service", service["metadata"]["name"])
        for index, measure in enumerate(service["spec"].get("capacity", ())):
            for wrong in _wrong(measure, today, ("spec", "capacity", index)):
                yield subject, wrong
            if service["spec"]["lifecycle"] != "live" or not (measure.get("observations") or measure.get("peaks")):
                continue
            try:
                found = outlook(facts, subject[1], index, measure, today)
            except ValueError:
                continue  # calendar-readable says what is wrong
            if found is not None and (problem := _passed(found)) is not None:
                yield subject, problem


def _wrong(measure: Data, today: date, at: Pointer) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, one in enumerate(measure.get("observations", ())):
        where = (*at, "observations", index)
        if parse_date(one["on"]) > today:
            yield Problem(f"an observation of {one['on']} lies in the future", (*where, "on"), "correct the day")
        if one["on"] in seen:
            yield Problem(f"a second observation of {one['on']}", (*where, "on"), "keep the higher one")
        if Fraction(one["load"]) <= 0:
            yield Problem("an observed load is not above 0", (*where, "load"), "leave out what was not measured")
        seen.add(one["on"])


def _passed(found: Outlook) -> Problem | None:
    """The limit before the target, where both are passed."""
    for what, passing in (("limit", found.limit), ("headroom target", found.target)):
        if passing is not None and passing.month is not None and passing.month <= _MONTHS:
            where: Pointer = ("spec", "capacity", found.index, "limit" if what == "limit" else "headroomTarget")
            message = f"{found.measure}: {passing_text(found, passing)} the {what} of {quantity(passing.threshold)}"
            return Problem(f"{message} {found.unit}", where, "order capacity in time, or shed load")
    return None


def passing_text(found: Outlook, passing: Passing) -> str:
    """``8,800 on 2026-11-01, growing 1.5 percent a month, pass in 2027-03 (month 4)``."""
    grows = f", growing {quantity(found.growth.rate * 100, 2)} percent a month" if found.growth else ""
    month = f"in {month_after(found.base, passing.month or 0)} (month {passing.month})"
    return f"{quantity(found.load)} on {found.base}{grows}, passes {month}"
