"""Money over time, against figures worked by hand."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itsm_as_code.measures.finance import (
    appraise,
    discounted_payback,
    npv,
    payback,
    roi,
    total_costs,
    total_variance,
    variance,
    yearly_cost,
)
from itsm_as_code.measures.numbers import rounded

D = Decimal
amounts = st.lists(st.decimals(-10_000, 10_000, places=2), min_size=1, max_size=8)
rates = st.decimals("0", "0.5", places=3)


def test_net_present_value() -> None:
    # -1000 + 500/1.1 + 500/1.21 + 500/1.331 = -1000 + 454.5454... + 413.2231... + 375.6574... = 243.4259...
    value = npv(D("0.1"), [D(-1000), D(500), D(500), D(500)])
    assert value == -1000 + Fraction(5000, 11) + Fraction(50000, 121) + Fraction(500000, 1331)
    assert rounded(value) == D("243.43")


def test_a_rate_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="above -100 percent"):
        npv(D(-1), [D(1)])


def test_return_on_investment() -> None:
    assert roi([D(600), D(900)], [D(1000)]) == Fraction(1, 2)  # (1500 - 1000) / 1000
    assert roi([D(5)], []) is None


def test_payback() -> None:
    # 600 of 1000 are back after year 1; the 400 left are two thirds of year 2's 600.
    assert payback([D(-1000), D(600), D(600)]) == 1 + Fraction(2, 3)
    assert payback([D(-1000), D(400), D(600)]) == 2
    assert payback([D(-1000), D(400), D(500)]) is None
    assert payback([D(0), D(-5)]) == 0
    assert payback([]) is None


def test_discounted_payback() -> None:
    # At 10 percent: 600/1.1 = 545.4545, 726/1.21 = 600; 454.5454 of 600 are left after year 1: 1 + 250/330.
    assert discounted_payback(D("0.1"), [D(-1000), D(600), D(726)]) == 1 + Fraction(25, 33)


def test_an_appraisal_puts_them_together() -> None:
    years = {1: (D(100), D(700)), 2: (D(100), D(700))}
    result = appraise(D(1000), years, D(10))
    assert result.flows == (-1000, 600, 600)
    assert rounded(result.npv) == D("41.32")  # -1000 + 545.4545 + 495.8677
    assert result.roi == Fraction(200, 1200)  # 1400 for 1200
    assert result.payback == Fraction(5, 3)
    assert result.discounted_payback is not None
    assert result.discounted_payback > result.payback
    assert appraise(D(1000), years, D(10), horizon=1).flows == (-1000, 600)
    assert appraise(D(1000), years, D(10), horizon=3).flows == (-1000, 600, 600, 0)
    assert appraise(D(0), {}, D(10)).npv == 0


def test_budget_variance_to_date_and_outlook() -> None:
    # Three of twelve months: planned 300, spent 330, so 30 over; the year becomes 330 + 9 x 100 = 1230.
    line = variance([D(100)] * 12, [D(100), D(110), D(120)])
    assert (line.months, line.plan, line.actual, line.variance) == (3, 300, 330, -30)
    assert line.share == Fraction(-1, 10)
    assert (line.year, line.outlook) == (1200, 1230)
    other = variance([D(50)] * 12, [D(40)] * 2)
    both = total_variance([line, other])
    assert (both.months, both.plan, both.actual, both.year, both.outlook) == (3, 400, 410, 1800, 1810)
    assert variance([D(0)], [D(1)]).share is None
    with pytest.raises(ValueError, match="more actual months"):
        variance([D(1)], [D(1), D(1)])


def test_a_year_of_cost() -> None:
    assert yearly_cost("EUR", "month", D("100.50")) == {"EUR": 1206}
    assert yearly_cost("SGD", "year", D(100)) == {"SGD": Fraction(100)}


def euros(**amounts: int) -> dict[str, dict[str, Fraction]]:
    return {name: {"EUR": Fraction(amount)} for name, amount in amounts.items()}


def test_shares_of_what_a_service_depends_on() -> None:
    # net 600 is split three ways: 200 each to web, api and db. db: 100 + 200 = 300, all of it to api.
    # api: 50 + 200 + 300 = 550, all of it to web. web: 10 + 200 + 550 = 760 = all own costs.
    own = euros(web=10, api=50, db=100, net=600)
    costs = total_costs(own, {"web": ["api", "net", "api"], "api": ["db", "net"], "db": ["net"], "net": []})
    assert costs["web"].shares == {"api": {"EUR": 550}, "net": {"EUR": 200}}
    assert costs["web"].total == {"EUR": 760}
    assert costs["db"].total == {"EUR": 300}


def test_currencies_stay_apart() -> None:
    own = {"web": {"EUR": Fraction(10)}, "sms": {"SGD": Fraction(7)}}
    assert total_costs(own, {"web": ["sms"], "sms": []})["web"].total == {"EUR": 10, "SGD": 7}


def test_services_in_a_circle_charge_those_outside_of_it() -> None:
    own = euros(web=1, a=10, b=20, net=6)
    costs = total_costs(own, {"web": ["a"], "a": ["b", "net"], "b": ["a"], "net": []})
    assert costs["b"].total == {"EUR": 20}
    assert costs["a"].total == {"EUR": 16}
    assert costs["web"].total == {"EUR": 17}


@given(st.data(), st.integers(1, 9))
def test_no_cost_is_lost_or_counted_twice(data: st.DataObject, size: int) -> None:
    names = [f"s{index}" for index in range(size)]
    graph = {
        name: data.draw(st.lists(st.sampled_from(names[at + 1 :]), max_size=4)) if at + 1 < size else []
        for at, name in enumerate(names)
    }
    own = euros(**{name: data.draw(st.integers(0, 1000)) for name in names})
    weights = {name: {other: Fraction(data.draw(st.integers(0, 3))) for other in names} for name in names[::2]}
    ends = set(names).difference(*graph.values())
    for costs in (total_costs(own, graph), total_costs(own, graph, weights)):
        assert sum(costs[name].total.get("EUR", 0) for name in ends) == sum(cost["EUR"] for cost in own.values())


@given(amounts, amounts, rates)
def test_present_values_add_up(left: list[Decimal], right: list[Decimal], rate: Decimal) -> None:
    length = min(len(left), len(right))
    both = [Fraction(a) + Fraction(b) for a, b in zip(left, right, strict=False)]
    assert npv(rate, both) == npv(rate, left[:length]) + npv(rate, right[:length])


@given(amounts)
def test_at_no_interest_the_present_value_is_the_sum(flows: list[Decimal]) -> None:
    assert npv(D(0), flows) == sum(Fraction(flow) for flow in flows)
    assert discounted_payback(D(0), flows) == payback(flows)


@given(st.lists(st.decimals(0, 1000, places=2), min_size=1, max_size=6), st.decimals(1, 1000, places=2), rates)
def test_a_higher_rate_never_makes_later_income_worth_more(
    income: list[Decimal], spent: Decimal, rate: Decimal
) -> None:
    flows = [-spent, *income]
    assert npv(rate + D("0.1"), flows) <= npv(rate, flows)
    soon, late = payback(flows), discounted_payback(rate, flows)
    assert late is None or (soon is not None and soon <= late)
