"""Capacity: what is left free at peak.

Source: ITIL 4, capacity and performance management practice; ISO/IEC 20000-1:2018 clause 8.4.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from itsm_as_code.measures.numbers import share


@dataclass(frozen=True, slots=True)
class Headroom:
    """Shares of the limit that stay free, of one; negative when the load is above the limit.

    ``met`` tells whether ``at_peak`` reaches the target, None when there is no target or no peak.
    """

    at_normal: Fraction | None
    at_peak: Fraction | None
    target: Fraction | None

    @property
    def met(self) -> bool | None:
        if self.target is None or self.at_peak is None:
            return None
        return self.at_peak >= self.target


def headroom(
    limit: str | Decimal,
    peak: str | Decimal | None = None,
    normal: str | Decimal | None = None,
    target_percent: str | Decimal | None = None,
) -> Headroom:
    """The headroom of one measure, all loads in one unit: (limit - load) / limit.

    ValueError when the limit is not above 0.
    """
    most = Fraction(limit)
    if most <= 0:
        raise ValueError("the limit is above 0")

    def free(load: str | Decimal | None) -> Fraction | None:
        return None if load is None else (most - Fraction(load)) / most

    return Headroom(free(normal), free(peak), None if target_percent is None else share(target_percent))
