"""What was attained of what agreements promise, and what is left of capacity."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from itsm_as_code.clock import Interval, Intervals
from itsm_as_code.figures import Figure, Seen, Services, of
from itsm_as_code.measures.comparison import Value, level, nothing, share
from itsm_as_code.measures.deadlines import utc_day
from itsm_as_code.records.facts import Data
from itsm_as_code.service_levels.attainment import Attainment, in_force, zone_of
from itsm_as_code.service_levels.capacity import outlooks
from itsm_as_code.service_levels.figures import Figure as Attained
from itsm_as_code.service_levels.figures import figure, is_met
from itsm_as_code.service_levels.windows import Window


def _attained(seen: Seen, span: Interval, services: Services) -> Iterator[tuple[Data, Attained]]:
    """The objectives of agreements in force in a span that something measures, each with what was attained of it."""
    over = Interval(span.start, max(span.start, min(span.end, seen.now)))
    for service, agreements in sorted(seen.facts.agreements_by_service.items()):
        for agreement in agreements if of(services, service) else ():
            if in_force(agreement, zone_of(seen.facts, agreement)) & Intervals([over]):
                for objective in agreement["spec"]["objectives"]:
                    found = figure(seen.facts, agreement, objective, seen.now, Window(over, span))
                    if found is not None:
                        yield agreement, found


def _availability(seen: Seen, span: Interval, services: Services) -> Value:
    found = [(agreement, one) for agreement, one in _attained(seen, span, services) if isinstance(one, Attainment)]
    served = sum((one.served for _, one in found), Fraction(0))
    if not served:
        return nothing("level", "no agreement promises an availability there")
    lost = sum((one.lost for _, one in found), Fraction(0))
    return level((served - lost) / served, sorted({agreement["metadata"]["name"] for agreement, _ in found}))


def _met(seen: Seen, span: Interval, services: Services) -> Value:
    found = [
        (f"{agreement['metadata']['name']}/{one.objective['name']}", met)
        for agreement, one in _attained(seen, span, services)
        if (met := is_met(one)) is not None
    ]
    return share((name for name, met in found if met), len(found))


def _headroom(seen: Seen, span: Interval, services: Services) -> Value:
    """Of the measure that has least; as of the end of the span."""
    at = min(seen.now, span.end)
    free = [
        (1 - one.load / one.limit.threshold, f"{one.service}: {one.measure}")
        for one in outlooks(seen.facts, utc_day(at))
        if one.limit is not None and of(services, one.service)
    ]
    if not free:
        return nothing("level", "no measure of capacity states a load and a limit")
    amount, measure = min(free)
    return level(amount, (measure,))


FIGURES: Final = (
    Figure(
        "availability",
        "Availability",
        "level",
        "percent",
        "higher",
        "Time served of time promised, of all objectives of availability in force, by incidents and monitoring.",
        _availability,
    ),
    Figure(
        "objectives-met",
        "Objectives met",
        "share",
        "percent",
        "higher",
        "Objectives of agreements that were met, of those that something measures.",
        _met,
    ),
    Figure(
        "capacity-headroom",
        "Least capacity left free",
        "level",
        "percent",
        "higher",
        "Share of its limit that the measure of capacity with the least leaves free at its load.",
        _headroom,
    ),
)
