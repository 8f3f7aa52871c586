"""The portfolio: what services cost and are worth, in which quadrant they stand and why, and what business cases bring.

The quadrants are those of TIME: tolerate, invest, migrate, eliminate. Value is what people assessed (`value` of a
service); fit is worked out from records, each reason a point. Source: Gartner, "Use TIME to engage the business"
(2009); ITIL 4, portfolio management practice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from functools import cached_property
from typing import Any, Final

from itsm_as_code.clock import Interval, parse_date, parse_instant
from itsm_as_code.durations import add_months
from itsm_as_code.figures import Seen, all_figures
from itsm_as_code.measures import costs
from itsm_as_code.measures.costs import Actuals
from itsm_as_code.measures.deadlines import utc_day
from itsm_as_code.measures.finance import ZERO, Money, ServiceCost, Variance
from itsm_as_code.records.facts import Data, Facts
from itsm_as_code.service_levels.capacity import outlooks
from itsm_as_code.wording import count

HIGH_VALUE: Final = 3
"""From this score (of 5) on a service is worth much."""
POOR_FIT: Final = 2
"""From so many points on a service fits badly."""
_YEAR: Final = timedelta(days=365)
_GRAVE: Final = ("P1", "P2")
_MANY_INCIDENTS, _MANY_FAILURES, _SOON = 3, 3, 12


@dataclass(frozen=True, slots=True)
class Reason:
    """Something that speaks against the fit of a service, with its points and the records that say so."""

    points: int
    text: str
    records: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Position:
    """A service in the portfolio. ``stated`` is its yearly cost as services state it, ``spent`` that of the last twelve
    months by cost statements, both with their shares; ``value`` is the assessment, None where there is none."""

    service: str
    stage: str
    lifecycle: str
    owner: str
    stated: ServiceCost
    spent: ServiceCost | None
    value: Data | None
    old: bool
    reasons: tuple[Reason, ...]

    @property
    def points(self) -> int:
        return sum(reason.points for reason in self.reasons)

    @property
    def quadrant(self) -> str | None:
        """``tolerate``, ``invest``, ``migrate`` or ``eliminate``; None where nobody assessed the value."""
        if self.value is None:
            return None
        is_high, is_poor = self.value["score"] >= HIGH_VALUE, self.points >= POOR_FIT
        return ("migrate" if is_poor else "invest") if is_high else ("eliminate" if is_poor else "tolerate")

    @property
    def why(self) -> tuple[str, ...]:
        """The reasons of its quadrant, in words."""
        if self.value is None:
            value = "its value was not assessed"
        else:
            age = ", over a year ago" if self.old else ""
            value = (
                f"value {self.value['score']} of 5 (assessed {self.value['assessedOn']}{age}): {self.value['reason']}"
            )
        return (value, *(f"{reason.text} (-{reason.points})" for reason in self.reasons))


@dataclass(frozen=True, slots=True)
class CaseBenefit:
    """A business case: the benefit planned up to now of its chosen option, and what was realised (as people typed it).

    Planned is None where it was not decided yet. A year of the plan begins with the decision, and counts evenly.
    """

    case: str
    status: str
    service: str
    currency: str
    planned: Fraction | None
    realised: Fraction
    entries: int


@dataclass(frozen=True, slots=True)
class BudgetStand:
    """A budget of a year that is not over for long, and how it stands."""

    budget: str
    year: str
    of: str
    currency: str
    stands: Variance | None
    computed: bool
    alert: bool


@dataclass(frozen=True)
class Portfolio:
    """The portfolio as of an instant."""

    facts: Facts
    now: datetime

    @cached_property
    def today(self) -> date:
        return utc_day(self.now)

    @cached_property
    def actuals(self) -> Actuals:
        """What statements say of the last twelve whole months."""
        return costs.actuals(self.facts, costs.months_before(self.today))

    @cached_property
    def positions(self) -> tuple[Position, ...]:
        """Every service that is not retired, by name."""
        return tuple(map(self._position, self._services))

    @cached_property
    def assessed(self) -> tuple[Position, ...]:
        """Those of them whose value somebody assessed."""
        return tuple(self._position(data) for data in self._services if "value" in data["spec"])

    @property
    def count(self) -> int:
        """How many services are not retired."""
        return len(self._services)

    @cached_property
    def _services(self) -> list[Data]:
        services = sorted(self.facts.records("Service"), key=lambda data: str(data["metadata"]["name"]))
        return [data for data in services if data["spec"]["stage"] != "retired"]

    @cached_property
    def equally(self) -> tuple[str, ...]:
        """The services whose cost several share equally, for nobody said otherwise."""
        weighted, payers = costs.weights(self.facts), dict[str, int]()
        for data in self.facts.records("Service"):
            for name in {one["service"] for one in data["spec"].get("dependsOn", ())}:
                payers[name] = payers.get(name, 0) + 1
        return tuple(sorted(name for name, count in payers.items() if count > 1 and name not in weighted))

    @cached_property
    def cases(self) -> tuple[CaseBenefit, ...]:
        """All business cases that were decided on, by name."""
        cases = sorted(self.facts.records("BusinessCase"), key=lambda data: str(data["metadata"]["name"]))
        return tuple(_case(data, self.today) for data in cases if data["spec"]["status"] not in ("draft", "proposed"))

    @cached_property
    def budgets(self) -> tuple[BudgetStand, ...]:
        """The budgets of the years that the day lies in, or that ended last, by name."""
        alerts = {data["metadata"]["name"] for data, _, _ in costs.alerts(self.facts, self.today)}
        found = []
        for data in sorted(self.facts.records("Budget"), key=lambda data: str(data["metadata"]["name"])):
            spec, name = data["spec"], data["metadata"]["name"]
            if not parse_date(spec["start"]) <= self.today < _after(parse_date(spec["start"]), 24):
                continue
            lines = costs.budget_lines(self.facts, data)
            of, computed = spec.get("service", spec.get("team", spec["owner"])), any(line.computed for line in lines)
            about = (name, spec["fiscalYear"], of, spec["currency"])
            found.append(BudgetStand(*about, costs.budget_total(lines), computed, name in alerts))
        return tuple(found)

    @cached_property
    def _stated(self) -> Mapping[str, ServiceCost]:
        return costs.with_shares(self.facts, costs.stated(self.facts))

    @cached_property
    def _spent(self) -> Mapping[str, ServiceCost]:
        known = {data["metadata"]["name"] for data in self.facts.records("Service")}
        by_service = self.actuals.by_service
        return costs.with_shares(self.facts, {name: money for name, money in by_service.items() if name in known})

    @cached_property
    def _passed(self) -> Mapping[str, str]:
        """The measure of each service whose limit is passed within a year, and when."""
        found: dict[str, str] = {}
        for one in outlooks(self.facts, self.today):
            if one.limit is not None and one.limit.month is not None and one.limit.month <= _SOON:
                found.setdefault(one.service, f"{one.measure} passes its limit in month {one.limit.month}")
        return found

    @cached_property
    def _known_errors(self) -> Mapping[str, list[str]]:
        """The known errors of each service."""
        found: dict[str, list[str]] = {}
        for problem in self.facts.records("Problem"):
            if problem["spec"]["status"] == "known-error":
                for service in problem["spec"].get("services", ()):
                    found.setdefault(service, []).append(problem["metadata"]["name"])
        return found

    def _position(self, data: Data) -> Position:
        name, spec = data["metadata"]["name"], data["spec"]
        value = spec.get("value")
        old = value is not None and parse_date(value["assessedOn"]) < self.today - _YEAR
        spent = self._spent[name] if self.actuals.known else None
        about = (name, spec["stage"], spec["lifecycle"], spec["owner"], self._stated[name], spent)
        return Position(*about, value, old, tuple(self._reasons(name, spec)))

    def _reasons(self, name: str, spec: Data) -> Iterator[Reason]:
        year = Interval(self.now - _YEAR, self.now)
        if spec["lifecycle"] == "deprecated":
            yield Reason(2, "it is deprecated")
        grave = [
            incident["metadata"]["name"]
            for incident in self.facts.incidents_by_service.get(name, ())
            if incident["spec"].get("priority") in _GRAVE and parse_instant(incident["spec"]["detectedAt"]) in year
        ]
        if len(grave) >= _MANY_INCIDENTS:
            yield Reason(1, f"{len(grave)} incidents of priority 1 or 2 in a year", tuple(sorted(grave)))
        outcomes = self.facts.outcomes_by_service.get(name, {})
        failed = sorted(change for change, outcome in outcomes.items() if outcome.failed in year)
        if len(failed) >= _MANY_FAILURES:
            yield Reason(1, f"{len(failed)} failed changes in a year", tuple(failed))
        known = self._known_errors.get(name, [])
        if known:
            yield Reason(1, count(len(known), "known error stands", "known errors stand"), tuple(sorted(known)))
        yield from self._missed(name, year)
        if name in self._passed:
            yield Reason(1, self._passed[name])

    def _missed(self, name: str, year: Interval) -> Iterator[Reason]:
        try:
            met = all_figures()["objectives-met"].work_out(Seen(self.facts, self.now), year, frozenset([name]))
        except ValueError as error:
            yield Reason(0, f"its objectives could not be worked out: {error}")
            return
        if met.denominator > met.numerator:
            missed = met.denominator - met.numerator
            yield Reason(1, f"{missed} of {count(int(met.denominator), 'objective')} missed in a year")


def _after(start: date, months: int) -> date:
    try:
        return add_months(start, months)
    except OverflowError:
        return date.max


def _case(data: Data, today: date) -> CaseBenefit:
    spec = data["spec"]
    entries = [one for one in spec.get("benefitsRealised", ()) if parse_date(one["on"]) <= today]
    realised = sum((Fraction(one["amount"]) for one in entries), ZERO)
    about = (data["metadata"]["name"], spec["status"], spec.get("service", ""), spec["currency"])
    return CaseBenefit(*about, planned_by(spec, today), realised, len(entries))


def planned_by(spec: Mapping[str, Any], today: date) -> Fraction | None:
    """The benefit that the chosen option of a case planned up to a day; None where none was chosen, or decided on."""
    chosen = next((one for one in spec.get("options", ()) if one["name"] == spec.get("chosen")), None)
    if chosen is None or "decision" not in spec or spec["status"] in ("rejected", "stopped"):
        return None
    years = Fraction(max((today - parse_date(spec["decision"]["on"])).days, 0) * 400, 146_097)
    flows = {one["year"]: Fraction(one["benefit"]) for one in chosen["cashFlows"]}
    return sum((min(max(years - (year - 1), ZERO), Fraction(1)) * amount for year, amount in flows.items()), ZERO)


def money_of(cost: ServiceCost | None) -> Money:
    """The total of a cost; nothing where there is none."""
    return {} if cost is None else cost.total
