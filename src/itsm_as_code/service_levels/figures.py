"""Figures of objectives: one that neither records nor a source of measurements measures (latency, say) has none."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction
from typing import Final

from itsm_as_code.clock import Interval, parse_date
from itsm_as_code.measures.numbers import percent_floor, plain, quantity
from itsm_as_code.records.facts import Data, Facts
from itsm_as_code.service_levels.attainment import Attainment, attainment, zone_of
from itsm_as_code.service_levels.budget import PLACES, has_budget, is_share
from itsm_as_code.service_levels.cases import Times, is_time, times
from itsm_as_code.service_levels.windows import Window, day_begins, window_at

Figure = Attainment | Times
_SHOWN: Final = 3


def figure(
    facts: Facts, agreement: Data, objective: Data, now: datetime, window: Window | None = None
) -> Figure | None:
    """What was attained of an objective in a window (its own, unless said otherwise), as far as is known at ``now``.

    None for what nothing measures. ValueError where a calendar or an outage makes no sense.
    """
    if window is None:
        window = window_at(objective["window"], now, zone_of(facts, agreement))
    is_measured = is_share(objective) and facts.measured(agreement["spec"]["service"], objective["name"])
    if has_budget(objective) or is_measured:
        return attainment(facts, agreement, objective, window, now)
    return times(facts, agreement, objective, window, now) if is_time(objective) else None


def review_figure(facts: Facts, review: Data, line: Data, now: datetime) -> Figure | None:
    """What was attained in the period of a review of the objective that one of its lines names.

    None where there is no such objective, where records do not measure it, and while the period is not over.
    """
    agreement = facts.record("ServiceLevelAgreement", line["agreement"])
    if agreement is None or agreement["spec"]["service"] != review["spec"]["service"]:
        return None
    objective = next((item for item in agreement["spec"]["objectives"] if item["name"] == line["objective"]), None)
    tz, period = zone_of(facts, agreement), review["spec"]["period"]
    start, end = day_begins(parse_date(period["from"]), tz), day_begins(parse_date(period["until"]), tz)
    if objective is None or not start < end <= now:
        return None
    span = Interval(start, end)
    return figure(facts, agreement, objective, now, Window(span, span))


def is_met(found: Figure) -> bool | None:
    """Whether an objective was met; None where there is nothing to tell it from."""
    if found.attained is None:
        return None
    target = Fraction(found.objective["target"])
    return found.attained * 100 >= target if isinstance(found, Attainment) else found.attained <= target


def attained_text(found: Figure, places: int = PLACES) -> str | None:
    """What was attained, in the unit of the objective: a percentage is cut after so many decimals, a time rounded."""
    if found.attained is None:
        return None
    if isinstance(found, Attainment):
        return percent_floor(found.attained, places)
    return plain(found.attained, places)


def because(found: Figure) -> str:
    """``59 of 131,760 minutes were lost, by Incident/x (59)``; the slowest cases of a time."""
    if isinstance(found, Attainment):
        lost = sorted(found.counted, key=lambda part: (-part.lost, part.span))
        by = ", ".join(f"{part.source} ({_minutes(part.lost)})" for part in lost[:_SHOWN])
        whole = f"{_minutes(found.lost)} of {_minutes(found.served)} minutes were lost"
        return whole + (f", by {by}" if by else "")
    slowest = sorted(found.cases, key=lambda case: (-case.took, case.source))
    by = ", ".join(f"{case.source} ({_minutes(case.took)} minutes)" for case in slowest[:_SHOWN])
    return f"{found.in_time} of {len(found.cases)} {'was' if len(found.cases) == 1 else 'were'} in time; slowest: {by}"


def _minutes(seconds: Fraction) -> str:
    return quantity(seconds / 60, 2)
