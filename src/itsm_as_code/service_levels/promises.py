"""The objectives of agreements as typed promises that can be compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cached_property
from typing import Any, Final

from itsm_as_code.clock import parse_date
from itsm_as_code.findings import Pointer
from itsm_as_code.measures.deadlines import in_force
from itsm_as_code.records.facts import Facts

SECONDS: Final = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}
TIMES: Final = ("time-to-own", "time-to-resolve", "fulfilment")
"""Indicators that say how long something takes."""


@dataclass(frozen=True, slots=True)
class Promise:
    """One objective of an agreement; ``target`` is in ``unit``, ``percentile`` in percent (100 when left out)."""

    agreement: str
    type: str
    service: str
    start: date
    end: date | None
    index: int
    name: str
    indicator: str
    target: Fraction
    text: str
    unit: str
    comparison: str
    percentile: Fraction
    hours: str | None
    priority: str | None

    @property
    def pointer(self) -> Pointer:
        """Where its target stands in the record of the agreement."""
        return ("spec", "objectives", self.index, "target")

    @property
    def availability(self) -> Fraction | None:
        """The promised availability as a share of one, None for another kind of promise."""
        if self.indicator != "availability" or self.unit != "percent" or self.comparison != "at-least":
            return None
        return min(max(self.target / 100, Fraction(0)), Fraction(1))

    @property
    def seconds(self) -> Fraction | None:
        """The promised longest time in seconds (a day is 24 hours of the objective's clock); None for others."""
        if self.indicator not in TIMES or self.comparison != "at-most" or self.unit not in SECONDS:
            return None
        return self.target * SECONDS[self.unit]

    def over(self, today: date) -> bool:
        """True when it is in force no longer."""
        return self.end is not None and self.end <= today

    def in_force(self, today: date) -> bool:
        return in_force(self.start, self.end, today)

    def meets(self, other: Promise) -> bool:
        """True when there are days on which both are in force."""
        return (other.end is None or self.start < other.end) and (self.end is None or other.start < self.end)


class Promises:
    """Every objective of every agreement (or of those about some services), by agreement and by service."""

    def __init__(self, facts: Facts, services: Iterable[str] | None = None) -> None:
        about = facts.agreements_by_service
        found = (
            facts.records("ServiceLevelAgreement")
            if services is None
            else [data for name in services for data in about.get(name, ())]
        )
        self.all: tuple[Promise, ...] = tuple(promise for data in found for promise in _promises(data))

    @cached_property
    def by_service(self) -> dict[str, list[Promise]]:
        found: dict[str, list[Promise]] = {}
        for promise in self.all:
            found.setdefault(promise.service, []).append(promise)
        return found

    @cached_property
    def by_agreement(self) -> dict[str, list[Promise]]:
        found: dict[str, list[Promise]] = {}
        for promise in self.all:
            found.setdefault(promise.agreement, []).append(promise)
        return found


def _promises(data: dict[str, Any]) -> Iterator[Promise]:
    spec = data["spec"]
    effective = spec["effective"]
    for index, objective in enumerate(spec["objectives"]):
        yield Promise(
            agreement=data["metadata"]["name"],
            type=spec["type"],
            service=spec["service"],
            start=parse_date(effective["from"]),
            end=parse_date(effective["until"]) if "until" in effective else None,
            index=index,
            name=objective["name"],
            indicator=objective["indicator"],
            target=Fraction(objective["target"]),
            text=objective["target"],
            unit=objective["unit"],
            comparison=objective["comparison"],
            percentile=Fraction(objective.get("percentile", 100)),
            hours=objective.get("hours"),
            priority=objective.get("priority"),
        )


def surely_looser(one: Promise, other: Promise) -> bool:
    """True when ``one`` lets the same thing take longer than ``other``, on whatever clocks they run.

    Hours of different calendars do not compare, but an hour of any calendar takes at least an hour: a longer number on
    the clock of some hours is longer than a shorter one round the clock.
    """
    if one.seconds is None or other.seconds is None or one.indicator != other.indicator:
        return False
    if one.hours != other.hours and other.hours is not None:
        return False
    if one.hours is not None and (one.unit == "days") != (other.unit == "days"):
        return False  # a day of office hours may be eight hours long
    return one.seconds > other.seconds


def supporting(type_: str) -> tuple[str, ...]:
    """The types of agreement that support one of this type: contracts carry teams, teams carry what customers get."""
    return {"sla": ("ola", "underpinning"), "ola": ("underpinning",)}.get(type_, ())
