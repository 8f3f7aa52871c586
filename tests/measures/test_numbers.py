"""Exact numbers as people read them."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from itsm_as_code.measures.numbers import percent, percent_floor, rounded, share


def test_percentages_are_exact() -> None:
    assert share("99.95") == Fraction(1999, 2000)
    assert percent(Fraction("0.9979011999")) == "99.79011999"
    assert percent(Fraction(1)) == "100"
    assert percent(Fraction(1, 3)) == "33.333333333333…"
    assert percent(1 - Fraction(1, 10**30)) == "99.999999999999…"
    assert percent(Fraction(-1, 8)) == "-12.5"


def test_a_safe_promise_is_cut() -> None:
    assert percent_floor(Fraction("0.9979999")) == "99.799"
    assert percent_floor(Fraction("0.999")) == "99.9"
    assert percent_floor(Fraction(1)) == "100"


def test_halves_round_to_even() -> None:
    assert [rounded(Fraction(text)) for text in ("0.125", "0.135", "-0.125", "2")] == [
        Decimal("0.12"),
        Decimal("0.14"),
        Decimal("-0.12"),
        Decimal("2.00"),
    ]


@given(st.decimals(0, 100, places=9))
def test_percent_and_share_undo_each_other(value: Decimal) -> None:
    assert Decimal(percent(share(value))) == value


@given(st.fractions(-(10**6), 10**6), st.integers(0, 6))
def test_rounding_is_never_off_by_more_than_half(value: Fraction, places: int) -> None:
    assert abs(Fraction(rounded(value, places)) - value) <= Fraction(1, 2 * 10**places)
