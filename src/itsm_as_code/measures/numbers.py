"""Exact numbers: how records write them, and how people read them."""

from __future__ import annotations

from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from typing import Final

_WIDE: Final = Context(prec=60)
_MOST_DIGITS: Final = 12


def share(percent: str | Decimal) -> Fraction:
    """The share of one that a percentage stands for: ``"99.95"`` -> 1999/2000."""
    return Fraction(percent) / 100


def percent(share: Fraction) -> str:
    """A share of one as a percentage, exact to 12 decimals; a longer one is cut (never rounded up) and ends in ``…``.

    An availability that falls short of 100 is therefore never shown as 100.
    """
    scaled = share * 100 * 10**_MOST_DIGITS
    digits = scaled.numerator // scaled.denominator
    whole, decimals = divmod(abs(digits), 10**_MOST_DIGITS)
    text = f"{'-' if digits < 0 else ''}{whole}"
    tail = f"{decimals:0{_MOST_DIGITS}d}".rstrip("0")
    cut = scaled.denominator != 1
    return text + (f".{tail}" if tail else "") + ("…" if cut else "")


def percent_floor(share: Fraction, places: int = 3) -> str:
    """A percentage that a promise may safely state: the share cut after ``places`` decimals, without trailing zeros."""
    return f"{_decimal(share * 100, places, ROUND_FLOOR).normalize(_WIDE):f}"


def rounded(value: Fraction, places: int = 2) -> Decimal:
    """An exact value rounded to ``places`` decimals, halves to even: what is shown, never what is reckoned with."""
    return _decimal(value, places, ROUND_HALF_EVEN)


def plain(value: Fraction, places: int) -> str:
    """A value in digits, rounded, without zeros at its end: ``4240.5``."""
    return f"{rounded(value, places).normalize(_WIDE):f}"


def quantity(value: Fraction, places: int = 3) -> str:
    """An amount of something for people, rounded, with separators and without zeros at its end: ``4,240``."""
    return f"{rounded(value, places).normalize(_WIDE):,f}"


def _decimal(value: Fraction, places: int, rounding: str) -> Decimal:
    scaled = value * 10**places
    whole, rest = divmod(scaled.numerator, scaled.denominator)
    if rounding == ROUND_HALF_EVEN:
        twice = 2 * rest
        if twice > scaled.denominator or (twice == scaled.denominator and whole % 2):
            whole += 1
    return Decimal(whole).scaleb(-places, _WIDE)
