"""Computed figures in words: values come from the measures, here they are only rounded and written."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from itsm_as_code.measures.numbers import rounded
from itsm_as_code.site.views.values import Missing, Text, Value
from itsm_as_code.site.views.words import grouped

NO_DATA = Missing("No data")


def amount(value: Fraction, currency: str) -> str:
    """``-1,200.50 EUR``."""
    return f"{grouped(str(rounded(value, 2)))} {currency}"


def amounts(money: Mapping[str, Fraction]) -> Value:
    """Amounts of several currencies beside each other: they are never added up."""
    return Text(", ".join(amount(value, money_) for money_, value in sorted(money.items()))) if money else NO_DATA


def percentage(share: Fraction | None, of: str = "") -> Value:
    """A share in percent, rounded to one decimal, with what it was worked out from."""
    if share is None:
        return NO_DATA
    return Text(f"{grouped(str(rounded(share * 100, 1)))} %" + (f" ({of})" if of else ""))


def number(value: Fraction | None, unit: str = "", places: int = 2) -> Value:
    return NO_DATA if value is None else Text(f"{grouped(str(rounded(value, places)))}{unit}")
