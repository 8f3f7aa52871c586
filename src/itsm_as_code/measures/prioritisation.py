"""Which improvement first: weighted shortest job first.

Source: Reinertsen, The Principles of Product Development Flow, 2009, principle F18; the sum of the three parts of the
cost of delay is that of the Scaled Agile Framework.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction


def wsjf(business_value: int, time_criticality: int, risk_reduction: int, size: int) -> Fraction:
    """Cost of delay by size: the higher, the sooner. ValueError when the size is not above 0.

    All four are relative (1, 2, 3, 5, 8, 13, 20); only the order of results means anything.
    """
    if size <= 0:
        raise ValueError("the size is above 0")
    return Fraction(business_value + time_criticality + risk_reduction, size)


def ranked(scores: Mapping[str, Fraction | None]) -> list[str]:
    """Names by score, highest first, equal ones by name; those without a score come last."""
    return sorted(scores, key=lambda name: (scores[name] is None, -(scores[name] or 0), name))
