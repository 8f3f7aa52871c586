"""A rate that is known from few trials: the Beta posterior, its mean and its credible interval.

A success rate of 2 out of 2 says less than one of 98 out of 100. The posterior of a rate with a Beta(a, b) prior after
``good`` successes and ``bad`` failures is Beta(a + good, b + bad).

Source: Gelman et al., Bayesian Data Analysis, 2013, ch. 2.4.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Final

_TINY: Final = 1e-300
_PRECISION: Final = 1e-14
_MOST_STEPS: Final = 10_000
_GRID: Final = 1 << 40


@dataclass(frozen=True, slots=True)
class Posterior:
    """What ``good`` successes among ``count`` trials say of a rate that was expected to be ``prior``.

    The prior is worth ``weight`` trials. ``0 <= good <= count``, ``0 < prior < 1``, ``0 < weight``.
    """

    good: int
    count: int
    prior: Fraction
    weight: int

    @property
    def mean(self) -> Fraction:
        """The rate to expect of the next trial, exactly."""
        return (self.good + self.weight * self.prior) / (self.count + self.weight)

    def interval(self, mass: float = 0.95) -> tuple[float, float]:
        """The central credible interval: the rate lies below it with (1 - mass) / 2, and above it with as much."""
        a = float(self.good + self.weight * self.prior)
        b = float(self.count - self.good + self.weight * (1 - self.prior))
        tail = (1 - mass) / 2
        return quantile(a, b, tail), quantile(a, b, 1 - tail)


def incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function I_x(a, b), the distribution function of Beta(a, b), for a, b > 0.

    By its continued fraction, which converges fast left of the mean; right of it by I_x(a, b) = 1 - I_(1-x)(b, a).
    Source: NIST Digital Library of Mathematical Functions, 8.17.22 and 8.17.4 (https://dlmf.nist.gov/8.17).
    """
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - incomplete_beta(b, a, 1 - x)
    scale = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(scale) / (a * _continued_fraction(a, b, x))


def _continued_fraction(a: float, b: float, x: float) -> float:
    """1 + d1 x / (1 + d2 x / (1 + ...)) by Lentz's method as Thompson and Barnett (1986) modified it."""
    value = numerator = 1.0
    denominator = 0.0
    for step in range(1, _MOST_STEPS):
        half = step // 2
        if step % 2:
            term = -(a + half) * (a + b + half) * x / ((a + step - 1) * (a + step))
        else:
            term = half * (b - half) * x / ((a + step - 1) * (a + step))
        denominator = 1 / (1 + term * denominator or _TINY)
        numerator = 1 + term / numerator or _TINY
        change = numerator * denominator
        value *= change
        if abs(change - 1) < _PRECISION:
            break
    return value


@lru_cache(maxsize=4096)
def quantile(a: float, b: float, share: float) -> float:
    """The rate below which Beta(a, b) has this share of its mass (above 0, below 1), to twelve digits.

    It lies between two neighbours of a grid of 2**-40, which halving finds in 40 steps, and false position that halves
    the weight of an end which stays (the Illinois algorithm: Dowell and Jarratt, BIT 11, 1971) in about ten.
    """
    low, high, below, above = 0, _GRID, -share, 1 - share
    side = 0
    while high - low > 1:
        guess = low + round((high - low) * (below / (below - above)))
        middle = min(max(guess, low + 1), high - 1)
        mass = incomplete_beta(a, b, middle / _GRID) - share
        if mass < 0:
            low, below, above, side = middle, mass, above / 2 if side < 0 else above, -1
        else:
            high, above, below, side = middle, mass, below / 2 if side > 0 else below, 1
    return (low + high) / (2 * _GRID)
