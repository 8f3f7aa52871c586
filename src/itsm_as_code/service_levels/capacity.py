"""Capacity of services over time: each measure with its growth, its named peaks, and when limit and target are passed.

A measure is judged at the load of the month: its peak (or last observation, where that is higher), and in a month in
which a calendar of kind peak has days the load that is named for it, where that is higher. All of them grow alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from fractions import Fraction

from itsm_as_code.clock import Interval, parse_date
from itsm_as_code.durations import add_months
from itsm_as_code.measures.growth import MOST_MONTHS, Growth, Observation, growth, passes
from itsm_as_code.measures.numbers import share
from itsm_as_code.records.facts import Data, Facts


@dataclass(frozen=True, slots=True)
class Passing:
    """The month (from 0 for that of the base) in which a threshold is passed: by the growth, and at the ends of its
    interval, the sooner first; None for not in the time that is foretold."""

    threshold: Fraction
    month: int | None
    soonest: int | None
    latest: int | None


@dataclass(frozen=True, slots=True)
class Outlook:
    """One measure of a service as of ``base``, the day of its last observation (or today, without any).

    ``load`` is what it is judged at now; ``peaks`` are its named peaks: calendar and load. ``limit`` and ``target``
    (what headroom leaves of the limit) tell when each is passed, None where it is not stated.
    """

    service: str
    index: int
    measure: str
    unit: str
    base: date
    load: Fraction
    growth: Growth | None
    peaks: tuple[tuple[str, Fraction], ...]
    limit: Passing | None
    target: Passing | None


def outlooks(facts: Facts, today: date) -> Iterator[Outlook]:
    """Every measure of services that are not retired, of which a load is known, by service.

    ValueError when a calendar of a named peak cannot be read.
    """
    for service in sorted(facts.records("Service"), key=lambda data: str(data["metadata"]["name"])):
        if service["spec"]["lifecycle"] != "retired":
            for index, measure in enumerate(service["spec"].get("capacity", ())):
                found = outlook(facts, service["metadata"]["name"], index, measure, today)
                if found is not None:
                    yield found


def observations(measure: Data, today: date) -> list[Observation]:
    """Those that have been made, each day once: what lies in the future, or is not above 0, is told by a check."""
    found = {
        parse_date(one["on"]): Fraction(one["load"])
        for one in measure.get("observations", ())
        if parse_date(one["on"]) <= today and Fraction(one["load"]) > 0
    }
    return [Observation(day, load) for day, load in sorted(found.items())]


def outlook(facts: Facts, service: str, index: int, measure: Data, today: date) -> Outlook | None:
    """A measure with its growth; None where it states no load at all."""
    seen = observations(measure, today)
    loads = [Fraction(measure[key]) for key in ("peak", "normal") if key in measure][:1]
    loads += [one.load for one in seen[-1:]]
    if not loads:
        return None
    grows, base = growth(seen), seen[-1].on if seen else today
    peaks = tuple((one["calendar"], Fraction(one["load"])) for one in measure.get("peaks", ()))
    load = _loads(facts, max(loads), peaks, base)
    limit = Fraction(measure["limit"]) if Fraction(measure.get("limit", 0)) > 0 else None
    kept = share(measure["headroomTarget"]) if "headroomTarget" in measure else None
    return Outlook(
        service,
        index,
        measure["measure"],
        measure["unit"],
        base,
        load[0],
        grows,
        peaks,
        None if limit is None else _passing(load, grows, limit),
        None if limit is None or kept is None else _passing(load, grows, limit * (1 - kept)),
    )


def _loads(facts: Facts, load: Fraction, peaks: tuple[tuple[str, Fraction], ...], base: date) -> list[Fraction]:
    """The load of each month from the base on, without growth."""
    if not peaks:
        return [load]
    starts = [datetime.combine(add_months(base.replace(day=1), month), time(), UTC) for month in range(MOST_MONTHS + 2)]
    found = [load] * (MOST_MONTHS + 1)
    for name, named in peaks:
        calendar = facts.record("Calendar", name)
        if calendar is None:
            continue  # reference-exists says so
        spans = facts.calendar_intervals(calendar, Interval(starts[0], starts[-1])).spans
        for month in range(MOST_MONTHS + 1):
            if any(span.start < starts[month + 1] and starts[month] < span.end for span in spans):
                found[month] = max(found[month], named)
    return found


def _passing(load: list[Fraction], grows: Growth | None, threshold: Fraction) -> Passing:
    def month(rate: Fraction) -> int | None:
        return passes(lambda at: load[min(at, len(load) - 1)], rate, threshold)

    rate = grows.rate if grows else Fraction(0)
    low, high = (grows.low, grows.high) if grows else (None, None)
    return Passing(
        threshold,
        month(rate),
        month(high if high is not None else rate),
        month(low if low is not None else rate),
    )
