"""Money over time: net present value, return, payback, budget variance, and what a service costs with all it needs.

Amounts are exact: ``Decimal`` as records write them goes in, ``Fraction`` comes out, and only what is shown is rounded
(:func:`itsm_as_code.measures.numbers.rounded`). Amounts of different currencies are never added up.
Source: ITIL 4, service financial management practice; ISO/IEC 20000-1:2018 clause 8.4.1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate

from itsm_as_code.records.graph import strong_components

Amount = Decimal | Fraction | int
ZERO = Fraction(0)
Money = Mapping[str, Fraction]
"""Amounts by ISO 4217 code of their currency."""


def npv(rate: Amount, flows: Sequence[Amount]) -> Fraction:
    """Net present value of yearly flows at a rate per year (0.08 is 8 percent); the first flow is today's.

    Later flows count as paid at the end of their year. ValueError for a rate of -1 or below.
    """
    return sum(_discounted(rate, flows), ZERO)


def _discounted(rate: Amount, flows: Sequence[Amount]) -> list[Fraction]:
    factor = 1 + Fraction(rate)
    if factor <= 0:
        raise ValueError("the discount rate is above -100 percent")
    return [Fraction(flow) / factor**year for year, flow in enumerate(flows)]


def roi(benefits: Iterable[Amount], costs: Iterable[Amount]) -> Fraction | None:
    """Return on investment as a share of one: (benefits - costs) / costs; None when it costs nothing."""
    gain, spent = _total(benefits), _total(costs)
    return (gain - spent) / spent if spent else None


def payback(flows: Sequence[Amount]) -> Fraction | None:
    """Years until what was spent has come back for the first time; None when it does not within the flows.

    The first flow is today's; within a later year the flow counts as spread evenly.
    """
    balances = list(accumulate(Fraction(flow) for flow in flows))
    if not balances:
        return None
    if balances[0] >= 0:
        return ZERO
    for year in range(1, len(balances)):
        if balances[year] >= 0:
            return year - 1 + -balances[year - 1] / (balances[year] - balances[year - 1])
    return None


def discounted_payback(rate: Amount, flows: Sequence[Amount]) -> Fraction | None:
    """Payback of the flows at their present value."""
    return payback(_discounted(rate, flows))


@dataclass(frozen=True, slots=True)
class Appraisal:
    """What an option is worth: yearly net flows from today on, and what follows from them."""

    flows: tuple[Fraction, ...]
    npv: Fraction
    roi: Fraction | None
    payback: Fraction | None
    discounted_payback: Fraction | None


def appraise(
    investment: Amount,
    years: Mapping[int, tuple[Amount, Amount]],
    discount_percent: Amount,
    horizon: int | None = None,
) -> Appraisal:
    """The appraisal of an option: what is spent today, and cost and benefit by year (1 is the first) after it.

    ``horizon`` is the last year that counts, the last of ``years`` when left out; a year that is not there is nothing.
    The return is of the amounts as written, not of their present values.
    """
    last = max(years, default=0) if horizon is None else horizon
    nothing = (ZERO, ZERO)
    costs = [Fraction(investment), *(Fraction(years.get(year, nothing)[0]) for year in range(1, last + 1))]
    benefits = [ZERO, *(Fraction(years.get(year, nothing)[1]) for year in range(1, last + 1))]
    flows = tuple(benefit - cost for cost, benefit in zip(costs, benefits, strict=True))
    rate = Fraction(discount_percent) / 100
    return Appraisal(flows, npv(rate, flows), roi(benefits, costs), payback(flows), discounted_payback(rate, flows))


@dataclass(frozen=True, slots=True)
class Variance:
    """A budget against what was spent, over the months that have an actual.

    ``variance`` is plan minus actual (above 0: less was spent than planned), ``share`` the same by the plan (None
    when nothing was planned), ``year`` the plan of all months, and ``outlook`` the actual so far with the plan of the
    months to come.
    """

    months: int
    plan: Fraction
    actual: Fraction
    year: Fraction
    outlook: Fraction

    @property
    def variance(self) -> Fraction:
        return self.plan - self.actual

    @property
    def share(self) -> Fraction | None:
        return self.variance / self.plan if self.plan else None


def variance(plan: Sequence[Amount], actual: Sequence[Amount]) -> Variance:
    """The variance of one line: amounts by month, of which the actual ones may end earlier.

    ValueError when there are more actual months than planned ones.
    """
    months = len(actual)
    if months > len(plan):
        raise ValueError("more actual months than planned ones")
    spent = _total(actual)
    return Variance(months, _total(plan[:months]), spent, _total(plan), spent + _total(plan[months:]))


def total_variance(lines: Iterable[Variance]) -> Variance:
    """The variance of several lines together; its months are those of the line that goes furthest."""
    parts = list(lines)
    return Variance(
        months=max((part.months for part in parts), default=0),
        plan=sum((part.plan for part in parts), ZERO),
        actual=sum((part.actual for part in parts), ZERO),
        year=sum((part.year for part in parts), ZERO),
        outlook=sum((part.outlook for part in parts), ZERO),
    )


def yearly_cost(currency: str, period: str, fixed: Amount) -> Money:
    """The fixed cost of a year, from that of a period (``month`` or ``year``). Nothing is known of the units used."""
    return {currency: {"month": 12, "year": 1}[period] * Fraction(fixed)}


@dataclass(frozen=True, slots=True)
class ServiceCost:
    """What a service costs in a year, by currency: of its own, and its shares of what it depends on directly.

    A share is of the provider's total, so it holds shares of what the provider depends on in turn.
    """

    own: Money
    shares: Mapping[str, Money]

    @property
    def total(self) -> Money:
        return _sum([self.own, *self.shares.values()])


def total_costs(
    own: Mapping[str, Money],
    depends_on: Mapping[str, Iterable[str]],
    weights: Mapping[str, Mapping[str, Amount]] | None = None,
) -> dict[str, ServiceCost]:
    """The total cost of every service in ``depends_on``; one without an own cost costs nothing by itself.

    The share rule: the total of a provider is split among the services that depend on it directly, each counted once,
    whatever the strength of the dependency: by its ``weights``, of which one that is not named has none, and equally
    where it has no weights (or none above 0 of those that pay). Nothing is counted twice and nothing is lost: the
    totals of the services that nobody depends on add up to all own costs. Services in a circle do not charge one
    another (no order of them would be right); each charges those outside of it.
    """
    edges = {name: tuple(dict.fromkeys(targets)) for name, targets in depends_on.items()}
    edges |= {target: () for targets in list(edges.values()) for target in targets if target not in edges}
    circle = {name: index for index, members in enumerate(strong_components(edges)) for name in members}
    charged = {
        name: tuple(
            target
            for target in targets
            if target != name and (name not in circle or circle[name] != circle.get(target))
        )
        for name, targets in edges.items()
    }
    payers: dict[str, list[str]] = {name: [] for name in charged}
    for name, targets in charged.items():
        for target in targets:
            payers[target].append(name)
    waiting = {name: len(targets) for name, targets in charged.items()}
    ready = [name for name, count in waiting.items() if not count]
    totals: dict[str, Money] = {}
    found: dict[str, ServiceCost] = {}
    for name in ready:
        alone = own.get(name)
        shares = {
            target: _part(totals[target], _weight(name, payers[target], (weights or {}).get(target, {})))
            for target in charged[name]
        }
        found[name] = ServiceCost(dict(alone or {}), shares)
        totals[name] = found[name].total
        for payer in payers[name]:
            waiting[payer] -= 1
            if not waiting[payer]:
                ready.append(payer)
    return {name: found[name] for name in depends_on}


def _weight(payer: str, payers: Sequence[str], weights: Mapping[str, Amount]) -> Fraction:
    """The share of one that a payer bears."""
    whole = _total(weights.get(one, 0) for one in payers)
    return Fraction(weights.get(payer, 0)) / whole if whole else Fraction(1, len(payers))


def _part(money: Money, share: Fraction) -> Money:
    return {currency: amount * share for currency, amount in money.items() if share}


def _sum(amounts: Iterable[Money]) -> Money:
    found: dict[str, Fraction] = {}
    for money in amounts:
        for currency, amount in money.items():
            found[currency] = found.get(currency, ZERO) + amount
    return found


def _total(amounts: Iterable[Amount]) -> Fraction:
    return sum((Fraction(amount) for amount in amounts), ZERO)
