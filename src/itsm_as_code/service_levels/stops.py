"""What a used-up error budget stops: one function with one policy, for gate, calendar, authorise and site.

The policy stands in ``itsm.yaml`` (``errorBudget``): from which share of a budget on changes of which types are
stopped, with what severity, and what lifts the stop: a flag of the model that a standard change follows, or a link to
what the change mends. Nothing that the author of a change writes alone lifts it; a waiver of ``error-budget`` does.
Source: Site Reliability Workbook, appendix B, "Example Error Budget Policy"
(https://sre.google/workbook/error-budget-policy/).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any, Final

from itsm_as_code.clock import BEGINNING, FOREVER, Interval, format_instant, parse_instant
from itsm_as_code.findings import Severity
from itsm_as_code.measures.links import LINKS, lifted_by
from itsm_as_code.measures.numbers import plain, rounded, share
from itsm_as_code.records.facts import Data, Facts
from itsm_as_code.service_levels.budget import ErrorBudget, error_budgets, recovers

MODEL: Final = "model"
"""In ``exempt``: standard changes whose model says so."""


@dataclass(frozen=True, slots=True)
class Level:
    """From which used share of a budget on changes of some types are stopped, and how gravely."""

    used: Fraction = Fraction(1)
    changes: frozenset[str] = frozenset({"normal", "standard"})
    severity: Severity = Severity.ERROR


@dataclass(frozen=True, slots=True)
class BudgetPolicy:
    """The error budget policy of a repository; the defaults are those of a repository that says nothing."""

    levels: tuple[Level, ...] = (Level(),)
    exempt: tuple[str, ...] = (*LINKS, MODEL)

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> BudgetPolicy:
        """By the ``spec`` of an itsm.yaml that fits its schema (``Configuration.raw``)."""
        spec, default = settings.get("errorBudget", {}), cls()
        levels = tuple(
            Level(
                share(item["used"]),
                frozenset(item.get("changes", default.levels[0].changes)),
                Severity(item.get("severity", Severity.ERROR)),
            )
            for item in spec.get("stops", ())
        )
        return cls(levels if "stops" in spec else default.levels, tuple(spec.get("exempt", default.exempt)))

    def gravest(self, change_type: str) -> Severity | None:
        """How gravely changes of a type can be stopped at all; None where nothing stops them."""
        found = [item.severity for item in self.levels if change_type in item.changes]
        return min(found, key=lambda severity: severity.rank, default=None)

    def level(self, change_type: str, budget: ErrorBudget) -> Level | None:
        """The gravest level at which a budget stops changes of a type; None where it stops none."""
        reached = [item for item in self.levels if change_type in item.changes and budget.is_used_up(item.used)]
        return min(reached, key=lambda item: item.severity.rank, default=None)


@dataclass(frozen=True, slots=True)
class BudgetStop:
    """Why a change of a service is stopped, how gravely, and until when the window says so (None: without end).

    ``budget`` is None where it could not be computed, of which ``problem`` says why. ``refused`` says of each link of
    the change why it lifts nothing.
    """

    service: str
    budget: ErrorBudget | None
    severity: Severity
    until: datetime | None
    refused: tuple[str, ...] = ()
    problem: str = ""

    @property
    def span(self) -> Interval:
        """All instants before ``until``."""
        return Interval(BEGINNING, self.until or FOREVER)

    @property
    def source(self) -> str:
        """The record that speaks most against the change: ``Incident/name``."""
        return next(iter(self.budget.sources if self.budget else ()), f"Service/{self.service}")

    @property
    def message(self) -> str:
        """One sentence, without its full stop."""
        if self.budget is None:
            said = f"the error budget of {self.service} could not be computed: {self.problem}"
        else:
            said = f"the error budget of {self.service} is {_used(self.budget)}: {_figures(self.budget)}"
        return "; ".join([said, *self.refused])

    @property
    def remedy(self) -> str:
        """The ways out."""
        if self.budget is None:
            return "mend the record that it names"
        ways = [f"name the open incident, problem or improvement of {self.service} that it mends, and have it agreed"]
        if self.until is not None:
            ways.append(f"plan it for {format_instant(self.until)} or later, when the budget has recovered")
        return "; ".join([*ways, "or ask for a waiver of error-budget"])


def budget_stops(
    change: Data,
    facts: Facts,
    policy: BudgetPolicy,
    now: datetime,
    at: datetime | None = None,
    services: Iterable[str] | None = None,
) -> tuple[BudgetStop, ...]:
    """What the budgets, by what is known at ``now``, stop of a change, of each service the worst.

    ``at`` is when the change would act: the beginning of its window unless said otherwise, and not before ``now``. An
    outage that is out of the window of its objective by then stops nothing. Waivers are for who asks, as for every
    other rule.
    """
    spec = change["spec"]
    acts = max(now, at or _start(spec) or now)
    named = spec["services"] if services is None else services
    return tuple(stop for service in named for stop in _stop(spec, service, facts, policy, now, acts))


def _stop(
    spec: Data, service: str, facts: Facts, policy: BudgetPolicy, now: datetime, acts: datetime
) -> Iterator[BudgetStop]:
    gravest = policy.gravest(spec["type"])
    if gravest is None or _is_exempt(spec, service, facts, policy):
        return
    try:
        budgets = error_budgets(facts, service, now, acts)
    except ValueError as error:
        yield BudgetStop(service, None, gravest, None, problem=str(error))
        return
    stopping = [(level, budget) for budget in budgets if (level := policy.level(spec["type"], budget)) is not None]
    if not stopping:
        return
    lifted, refused = lifted_by(spec, service, facts, policy.exempt)
    if lifted is None:
        rank = min(level.severity.rank for level, _ in stopping)
        grave = [(level, budget) for level, budget in stopping if level.severity.rank == rank]
        ends = [recovers(facts, budget, level.used, now, acts) for level, budget in grave]
        until = max(end for end in ends if end is not None) if None not in ends else None
        yield BudgetStop(service, grave[0][1], grave[0][0].severity, until, tuple(refused))


def _is_exempt(spec: Data, service: str, facts: Facts, policy: BudgetPolicy) -> bool:
    """True for a standard change of a model, governed as models are, that a used-up budget does not stop.

    A normal change may name any model as its template, and that says nothing.
    """
    if MODEL not in policy.exempt or not _follows_its_model(spec):
        return False
    model = facts.spec("ChangeModel", spec.get("model", ""))
    return model.get("exemptFromErrorBudget") is True and service in model["services"]


def _follows_its_model(spec: Data) -> bool:
    return bool(spec["type"] == "standard")


def _start(spec: Data) -> datetime | None:
    try:
        return parse_instant(spec["schedule"]["start"])
    except (KeyError, ValueError):
        return None


def _used(budget: ErrorBudget) -> str:
    return "used up" if budget.consumed >= 1 else f"used to {rounded(budget.consumed * 100, 1)} %"


def _figures(budget: ErrorBudget) -> str:
    """``availability of x-sla attained 99.895 % of 99.97 % from ... to ...: 42 of 12.1 minutes, by Incident/y``."""
    window = f"from {format_instant(budget.window.start)} to {format_instant(budget.window.end)}"
    minutes = f"{plain(budget.lost / 60, 1)} minutes lost of {rounded(budget.allowed / 60, 1)} allowed"
    attained = f"attained {budget.attained_text} % of {budget.target_text} %"
    by = f", by {', '.join(budget.sources[:3])}" if budget.sources else ""
    return f"{budget.objective} of {budget.agreement} {attained} {window}: {minutes}{by}"
