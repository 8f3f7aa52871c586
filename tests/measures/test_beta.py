"""The posterior of a rate, against closed forms and sums that anybody can check."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itsm_as_code.measures.beta import Posterior, incomplete_beta, quantile

SHAPES = st.floats(0.5, 200)
SHARES = st.floats(0, 1)


@given(a=SHAPES, x=SHARES)
def test_closed_forms(a: float, x: float) -> None:
    assert incomplete_beta(a, 1, x) == pytest.approx(x**a, abs=1e-10)
    assert incomplete_beta(1, a, x) == pytest.approx(1 - (1 - x) ** a, abs=1e-10)


@given(a=st.integers(1, 40), b=st.integers(1, 40), x=SHARES)
def test_whole_numbers_are_sums_of_the_binomial_distribution(a: int, b: int, x: float) -> None:
    trials = a + b - 1
    tail = math.fsum(math.comb(trials, k) * x**k * (1 - x) ** (trials - k) for k in range(a, trials + 1))
    assert incomplete_beta(a, b, x) == pytest.approx(tail, abs=1e-10)


@given(a=SHAPES, b=SHAPES, x=SHARES)
def test_it_is_symmetric_and_within_bounds(a: float, b: float, x: float) -> None:
    rest = 1 - x
    x = 1 - rest  # what a float next to 1 can tell from 1
    assert incomplete_beta(a, b, x) == pytest.approx(1 - incomplete_beta(b, a, rest), abs=1e-9)
    assert -1e-12 <= incomplete_beta(a, b, x) <= 1 + 1e-12


@given(a=SHAPES, b=SHAPES, low=SHARES, high=SHARES)
def test_it_never_falls(a: float, b: float, low: float, high: float) -> None:
    low, high = sorted((low, high))
    assert incomplete_beta(a, b, low) <= incomplete_beta(a, b, high) + 1e-12


@given(a=SHAPES, b=SHAPES, share=st.floats(0.001, 0.999))
def test_a_quantile_is_what_halving_finds(a: float, b: float, share: float) -> None:
    low, high = 0.0, 1.0
    while high - low > 1e-12:
        middle = (low + high) / 2
        low, high = (middle, high) if incomplete_beta(a, b, middle) < share else (low, middle)
    assert quantile(a, b, share) == pytest.approx((low + high) / 2, abs=2e-12)


@given(a=SHAPES, b=SHAPES, share=st.floats(0.001, 0.999))
def test_a_quantile_is_its_inverse(a: float, b: float, share: float) -> None:
    assert incomplete_beta(a, b, quantile(a, b, share)) == pytest.approx(share, abs=1e-6)


def test_known_values() -> None:
    """The uniform distribution, the arcsine distribution, and none of ten with a uniform prior, Beta(1, 11)."""
    assert quantile(1, 1, 0.025) == pytest.approx(0.025)
    assert quantile(0.5, 0.5, 0.25) == pytest.approx(math.sin(math.pi / 8) ** 2)
    low, high = Posterior(0, 10, Fraction(1, 2), 2).interval()
    assert (low, high) == (pytest.approx(1 - 0.975 ** (1 / 11)), pytest.approx(1 - 0.025 ** (1 / 11)))


def test_the_mean_is_exact_and_lies_in_the_interval() -> None:
    posterior = Posterior(0, 0, Fraction(9, 10), 10)
    assert posterior.mean == Fraction(9, 10)
    low, high = posterior.interval()
    assert low < 0.9 < high


@given(good=st.integers(0, 60), bad=st.integers(0, 60), prior=st.fractions(Fraction(1, 100), Fraction(99, 100)))
def test_a_success_never_lowers_and_a_failure_never_raises(good: int, bad: int, prior: Fraction) -> None:
    here = Posterior(good, good + bad, prior, 10)
    better, worse = Posterior(good + 1, good + bad + 1, prior, 10), Posterior(good, good + bad + 1, prior, 10)
    assert worse.mean < here.mean < better.mean
    assert worse.interval()[0] <= here.interval()[0] + 1e-9 <= better.interval()[0] + 2e-9


def test_many_trials_narrow_it() -> None:
    widths = []
    for count in (10, 100, 1000, 100_000):
        low, high = Posterior(count * 9 // 10, count, Fraction(9, 10), 10).interval()
        widths.append(high - low)
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] < 0.005
