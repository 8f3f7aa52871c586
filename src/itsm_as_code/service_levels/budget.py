"""Error budgets: how much of the failure that an objective allows is used up, from what was measured.

The error budget of an objective is one minus its target; what is used is the measured share of failure in the same
period (Site Reliability Workbook, chapter 2, "Implementing SLOs", and appendix B, "Example Error Budget Policy";
https://sre.google/workbook/implementing-slos/).

Measured means written down in a ServiceReview. Only the review of the latest period that is over counts: an older one
says nothing about today, and a missing figure in the latest is no figure, not the older one. A figure says nothing any
more once it is older than the window of its objective: then there is no current data.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from fractions import Fraction
from typing import Any, Final

from itsm_as_code.clock import format_date, parse_date
from itsm_as_code.durations import Duration, parse_duration
from itsm_as_code.measures.deadlines import utc_day
from itsm_as_code.measures.numbers import share
from itsm_as_code.records.facts import Data, Facts

_CALENDAR: Final = {"month": Duration(months=1), "quarter": Duration(months=3), "year": Duration(months=12)}


@dataclass(frozen=True, slots=True)
class ErrorBudget:
    """The budget of one objective over ``[start, end)``; ``target`` and ``attained`` are shares of one.

    ``target_text`` and ``attained_text`` are the same as the records write them, in percent. ``agreement``,
    ``objective`` and ``review`` say where the numbers come from. ``until`` is the instant from which on the figure is
    older than the window of its objective; None where that is past the year 9999, or where there is no window.
    """

    agreement: str
    objective: str
    review: str
    start: date
    end: date
    target: Fraction
    attained: Fraction
    target_text: str
    attained_text: str
    until: datetime | None = None

    def is_current(self, at: datetime) -> bool:
        """True while the figure says something."""
        return self.until is None or at < self.until

    def is_used_up(self, share: Fraction = Fraction(1)) -> bool:
        """True when so much of the budget or more is used. Where a target of 100 % was met, there was none to use."""
        return self.attained < 1 and self.consumed >= share

    @property
    def allowed(self) -> Fraction:
        """The share of failure that the objective allows."""
        return 1 - self.target

    @property
    def consumed(self) -> Fraction:
        """The used share of the budget: 0 none of it, 1 all of it, more than 1 overspent.

        A target of 100 % allows no failure and so has no budget: it counts as used up, whatever was attained.
        """
        return (1 - self.attained) / self.allowed if self.allowed else Fraction(1)

    @property
    def remaining(self) -> Fraction:
        """What is left of the budget, as a share of it; negative when it is overspent."""
        return 1 - self.consumed

    def as_data(self) -> dict[str, Any]:
        """What expressions see: the shares as doubles, the rest as text; ``until`` is the day after the period."""
        return {
            "remaining": float(self.remaining),
            "consumed": float(self.consumed),
            "target": self.target_text,
            "attained": self.attained_text,
            "agreement": self.agreement,
            "objective": self.objective,
            "review": self.review,
            "until": format_date(self.end),
        }


def error_budgets(facts: Facts, service: str, now: datetime) -> tuple[ErrorBudget, ...]:
    """The budgets of a service of which there is a current figure at ``now``, the worst first; empty for no data."""
    reviews = latest_reviews(facts, service, now)
    found = (budget for review in reviews for budget in review_budgets(facts, review))
    return _worst_first(budget for budget in found if budget.is_current(now))


def latest_reviews(facts: Facts, service: str, now: datetime) -> list[Data]:
    """The reviews of a service that look back on the latest period which is over at ``now``."""
    today = utc_day(now)
    over = [review for review in facts.reviews_by_service.get(service, ()) if _period(review)[1] <= today]
    latest = max(map(_period, over), key=lambda period: (period[1], period[0]), default=None)
    return [review for review in over if _period(review) == latest]


def review_budgets(facts: Facts, review: Data) -> tuple[ErrorBudget, ...]:
    """The budgets of the period of one review as it measured them, the worst first; empty when it measured none."""
    return _worst_first(_budgets(facts, review["spec"]["service"], review, *_period(review)))


def _worst_first(budgets: Iterable[ErrorBudget]) -> tuple[ErrorBudget, ...]:
    return tuple(sorted(budgets, key=lambda item: (item.remaining, item.agreement, item.objective, item.review)))


def _period(review: Data) -> tuple[date, date]:
    period = review["spec"]["period"]
    return parse_date(period["from"]), parse_date(period["until"])


def _budgets(facts: Facts, service: str, review: Data, start: date, end: date) -> Iterator[ErrorBudget]:
    """Of every objective in a review that is a share to reach, and of which it says what was attained."""
    for line in review["spec"].get("performance", ()):
        agreement = facts.spec("ServiceLevelAgreement", line["agreement"])
        objective = next((item for item in agreement.get("objectives", ()) if item["name"] == line["objective"]), None)
        if "attained" not in line or objective is None or agreement["service"] != service:
            continue
        if objective["unit"] != "percent" or objective["comparison"] != "at-least":
            continue
        target, attained = objective["target"], line["attained"]
        yield ErrorBudget(
            agreement=line["agreement"],
            objective=line["objective"],
            review=review["metadata"]["name"],
            start=start,
            end=end,
            target=min(share(target), Fraction(1)),
            attained=min(share(attained), Fraction(1)),
            target_text=target,
            attained_text=attained,
            until=_until(end, objective.get("window", {})),
        )


def _until(end: date, window: Data) -> datetime | None:
    """One window after the end of the period that was measured."""
    if not window:
        return None
    length = parse_duration(window["rolling"]) if "rolling" in window else _CALENDAR[window["calendar"]]
    try:
        return datetime.combine(length.after_day(end), time(), UTC)
    except OverflowError:
        return None
