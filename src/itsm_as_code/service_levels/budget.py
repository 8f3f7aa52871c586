"""Error budgets: how much of the failure that an objective allows is used up, by what the records say happened.

The error budget of an objective is one minus its target, of the service time of its whole window; what is used is what
was lost in the window so far (Site Reliability Workbook, chapter 2, "Implementing SLOs", and appendix B, "Example Error
Budget Policy"; https://sre.google/workbook/implementing-slos/). Figures that somebody typed play no part.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from itsm_as_code.clock import Interval
from itsm_as_code.measures.numbers import percent_floor, plain, share
from itsm_as_code.records.facts import Data, Facts
from itsm_as_code.service_levels.attainment import Attainment, Part, attainment, in_force, zone_of
from itsm_as_code.service_levels.promises import supporting
from itsm_as_code.service_levels.windows import window_at

PLACES: Final = 3
"""Decimals of a percentage that people read; it is cut, never rounded up."""
_SHARES: Final = ("availability", "latency", "throughput", "quality")
_MINUTE: Final = timedelta(minutes=1)
_LEAST_RATE: Final = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class ErrorBudget:
    """The budget of one objective of a service over ``window``; times are in seconds, ``target`` is a share of one.

    ``served`` is the service time so far, ``lost`` what failed of it, by the parts in ``counted``; ``allowed`` is what
    may fail of the service time of the whole window. ``target_text`` is the target as its agreement writes it.
    """

    agreement: str
    service: str
    objective: str
    window: Interval
    target: Fraction
    target_text: str
    served: Fraction
    lost: Fraction
    allowed: Fraction
    counted: tuple[Part, ...] = ()
    ends: datetime | None = None
    """When the window is over of which ``window`` is the part so far; None for a rolling one."""

    @classmethod
    def of(cls, found: Attainment) -> ErrorBudget:
        """The budget of an attainment whose objective is a share to reach, in percent."""
        target = min(max(share(found.objective["target"]), Fraction(0)), Fraction(1))
        return cls(
            agreement=found.agreement,
            service=found.service,
            objective=found.objective["name"],
            window=found.window.span,
            target=target,
            target_text=found.objective["target"],
            served=found.served,
            lost=found.lost,
            allowed=(1 - target) * found.served_whole,
            counted=found.counted,
            ends=None if found.window.rolls else found.window.whole.end,
        )

    def is_used_up(self, share: Fraction = Fraction(1)) -> bool:
        """True when so much of the budget or more is used, and something was lost at all."""
        return self.lost > 0 and self.consumed >= share

    @property
    def attained(self) -> Fraction | None:
        """The share of one that was attained; None where nothing was served yet."""
        return 1 - self.lost / self.served if self.served else None

    @property
    def attained_text(self) -> str | None:
        """What was attained, in percent, cut after three decimals."""
        return None if self.attained is None else percent_floor(self.attained, PLACES)

    @property
    def consumed(self) -> Fraction:
        """The used share of the budget: 0 none of it, 1 all of it, more than 1 overspent.

        A target of 100 % allows no failure and so has no budget: it counts as used up, whatever was lost.
        """
        return self.lost / self.allowed if self.allowed else Fraction(1)

    @property
    def burn_rate(self) -> Fraction | None:
        """How many times as fast as the budget lasts it was used so far: at 1 it ends with its window.

        None where there is no budget, or nothing was served yet (Site Reliability Workbook, chapter 5).
        """
        allowed = (1 - self.target) * self.served
        return self.lost / allowed if allowed else None

    @property
    def burn_rate_text(self) -> str:
        """The burn rate to two decimals; empty where there is none, or nothing was lost."""
        if self.burn_rate is None or not self.lost:
            return ""
        return plain(self.burn_rate, 2) if self.burn_rate >= _LEAST_RATE else f"under {_LEAST_RATE}"

    @property
    def remaining(self) -> Fraction:
        """What is left of the budget, as a share of it; negative when it is overspent."""
        return 1 - self.consumed

    @property
    def sources(self) -> tuple[str, ...]:
        """The records by which something was lost, what lost most first."""
        lost: dict[str, Fraction] = {}
        for part in self.counted:
            lost[part.source] = lost.get(part.source, Fraction(0)) + part.lost
        return tuple(sorted(lost, key=lambda source: (-lost[source], source)))

    def as_data(self) -> dict[str, Any]:
        """What expressions see: shares and minutes as doubles, figures in percent as text."""
        return {
            "remaining": float(self.remaining),
            "consumed": float(self.consumed),
            "target": self.target_text,
            "attained": self.attained_text,
            "agreement": self.agreement,
            "objective": self.objective,
            "lostMinutes": float(self.lost / 60),
            "allowedMinutes": float(self.allowed / 60),
            "burnRate": None if self.burn_rate is None else float(self.burn_rate),
        }


def error_budgets(facts: Facts, service: str, now: datetime, at: datetime | None = None) -> tuple[ErrorBudget, ...]:
    """The budgets of what the organisation itself promises of a service, the worst first; empty without a promise.

    They are those of the windows at ``at`` (now, unless said otherwise) by what is known at ``now``: as if nothing
    failed between them. ValueError where a calendar or an outage that they rest on makes no sense.
    """
    moment = now if at is None else at
    found = (
        _budget(facts, agreement, objective, now, moment) for agreement, objective in _promised(facts, service, moment)
    )
    return tuple(sorted(found, key=lambda item: (item.remaining, item.agreement, item.objective)))


def has_budget(objective: Data) -> bool:
    """True for an objective that is an availability to reach, in percent."""
    return (objective["indicator"], objective["unit"], objective["comparison"]) == (
        "availability",
        "percent",
        "at-least",
    )


def is_share(objective: Data) -> bool:
    """True for an objective that is a share of what is good: an availability, or what monitoring alone measures."""
    is_percent = (objective["unit"], objective["comparison"]) == ("percent", "at-least")
    return is_percent and objective["indicator"] in _SHARES and "percentile" not in objective


def recovers(facts: Facts, budget: ErrorBudget, share: Fraction, now: datetime, at: datetime) -> datetime | None:
    """From which whole minute on less than a share of a budget is used, if nothing more fails; None for never.

    A rolling window leaves outages behind; any other ends with all of them.
    """
    agreement = next(
        item for item in facts.agreements_by_service[budget.service] if item["metadata"]["name"] == budget.agreement
    )
    objective = next(item for item in agreement["spec"]["objectives"] if item["name"] == budget.objective)
    tz = zone_of(facts, agreement)
    whole = window_at(objective["window"], at, tz).whole
    if "rolling" not in objective["window"]:
        return whole.end
    first = at.replace(second=0, microsecond=0)  # whoever asks some seconds later hears the same
    low, high = 0, (whole.end - whole.start) // _MINUTE + 1500  # a day of the change to winter time, and a bit

    def used_up(minutes: int) -> bool:
        return _budget(facts, agreement, objective, now, first + minutes * _MINUTE).is_used_up(share)

    if used_up(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if used_up(middle) else (low, middle)
    return first + high * _MINUTE


def _budget(facts: Facts, agreement: Data, objective: Data, now: datetime, at: datetime) -> ErrorBudget:
    tz = zone_of(facts, agreement)
    return ErrorBudget.of(attainment(facts, agreement, objective, window_at(objective["window"], at, tz), now))


def _promised(facts: Facts, service: str, at: datetime) -> Iterator[tuple[Data, Data]]:
    for agreement in facts.agreements_by_service.get(service, ()):
        spec = agreement["spec"]
        if supporting(spec["type"]) and at in in_force(agreement, zone_of(facts, agreement)):
            for objective in spec["objectives"]:
                if has_budget(objective):
                    yield agreement, objective
