"""Headroom."""

from __future__ import annotations

from fractions import Fraction

import pytest

from itsm_as_code.measures.capacity import headroom


def test_what_stays_free_at_peak() -> None:
    # (210 - 85) / 210 = 125/210; a target of 40 percent is met, one of 60 is not.
    result = headroom("210", peak="85", normal="12", target_percent="40")
    assert (result.at_peak, result.at_normal) == (Fraction(125, 210), Fraction(198, 210))
    assert result.met is True
    assert headroom("210", peak="85", target_percent="60").met is False
    assert headroom("200", peak="120", target_percent="40").met is True  # exactly
    assert headroom("100", peak="120").at_peak == Fraction(-1, 5)


def test_without_peak_or_target_nothing_is_judged() -> None:
    assert headroom("1", target_percent="40").met is None
    assert headroom("1", peak="1").met is None
    with pytest.raises(ValueError, match="limit"):
        headroom("0", peak="1")
