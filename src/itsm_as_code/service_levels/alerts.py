"""Alerts on how fast an error budget burns: several windows, several rates (Site Reliability Workbook, chapter 5).

A rate of one uses the budget up exactly with the window of the objective. An alert fires where a share of the budget
is used within a long window, and still burns in a short one; so thresholds follow from the window: a fiftieth of the
budget of 30 days in an hour is 14.4 times the rate that it bears, of 7 days 3.36 times.
Source: https://sre.google/workbook/alerting-on-slos/, "6: Multiwindow, Multi-Burn-Rate Alerts", table 5-8.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Final

from itsm_as_code.durations import parse_duration
from itsm_as_code.measures.numbers import share
from itsm_as_code.records.facts import Data, Facts
from itsm_as_code.service_levels.attainment import in_force, zone_of
from itsm_as_code.service_levels.budget import has_budget
from itsm_as_code.service_levels.promises import supporting

_CALENDAR: Final = {"month": 30, "quarter": 91, "year": 365}
"""Days of a calendar window, for thresholds alone."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A long and a short window, the share of the budget that is used in the long one, and whom it wakes."""

    long: str
    hours: int
    short: str
    used: Fraction
    severity: str


PAIRS: Final = (
    Pair("1h", 1, "5m", Fraction(2, 100), "page"),
    Pair("6h", 6, "30m", Fraction(5, 100), "page"),
    Pair("1d", 24, "2h", Fraction(10, 100), "ticket"),
    Pair("3d", 72, "6h", Fraction(10, 100), "ticket"),
)


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert of an objective: it fires while the share of failures is over ``threshold`` in both windows.

    ``raised`` where the rate would have been under one, at which it fires though the budget lasts.
    """

    pair: Pair
    rate: Fraction
    threshold: Fraction
    raised: bool


@dataclass(frozen=True, slots=True)
class Alerts:
    """The alerts of one objective, the fastest first; ``target`` as its agreement writes it, ``days`` of its window."""

    service: str
    agreement: str
    objective: str
    target: str
    days: Fraction
    alerts: tuple[Alert, ...]


def alerts(facts: Facts, now: datetime, services: frozenset[str] = frozenset()) -> Iterator[Alerts]:
    """Of each availability that the organisation promises at ``now``, of some services or all, unless it is 100 %."""
    for service in sorted(services or facts.agreements_by_service):
        for agreement in facts.agreements_by_service.get(service, ()):
            spec = agreement["spec"]
            if not supporting(spec["type"]) or now not in in_force(agreement, zone_of(facts, agreement)):
                continue
            for objective in spec["objectives"]:
                if has_budget(objective) and share(objective["target"]) < 1:
                    yield _alerts(service, agreement["metadata"]["name"], objective)


def _alerts(service: str, agreement: str, objective: Data) -> Alerts:
    window, allowed = days(objective["window"]), 1 - share(objective["target"])
    found = []
    for pair in PAIRS:
        rate = pair.used * window * 24 / pair.hours
        found.append(Alert(pair, max(rate, Fraction(1)), max(rate, Fraction(1)) * allowed, rate < 1))
    return Alerts(service, agreement, objective["name"], objective["target"], window, tuple(found))


def days(window: Data) -> Fraction:
    """How many days the window of an objective has; a month 30, a quarter 91, a year 365."""
    if "calendar" in window:
        return Fraction(_CALENDAR[window["calendar"]])
    length = parse_duration(window.get("rolling") or window["every"])
    months = Fraction(length.months) * 365 / 12
    return months + length.days + Fraction(length.time // type(length.time)(seconds=1), 86400)
