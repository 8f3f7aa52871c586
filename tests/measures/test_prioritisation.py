"""Weighted shortest job first."""

from __future__ import annotations

from fractions import Fraction

import pytest

from itsm_as_code.measures.prioritisation import ranked, wsjf


def test_cost_of_delay_by_size() -> None:
    assert wsjf(8, 5, 3, 5) == Fraction(16, 5)
    assert wsjf(1, 1, 1, 20) == Fraction(3, 20)
    with pytest.raises(ValueError, match="size"):
        wsjf(1, 1, 1, 0)


def test_highest_first_then_by_name_then_what_has_no_score() -> None:
    scores = {"b": Fraction(1), "a": Fraction(1), "c": Fraction(2), "z": None, "x": None}
    assert ranked(scores) == ["c", "a", "b", "x", "z"]
