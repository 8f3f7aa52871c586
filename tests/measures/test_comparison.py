"""Better, worse or no evidence: by the interval of a change, with counts that a reader can follow by hand."""

from __future__ import annotations

from fractions import Fraction

import pytest

from itsm_as_code.measures.comparison import Value, change, level, mean, nothing, share, total, wilson


def shares(good: int, count: int) -> Value:
    return share((f"r{number}" for number in range(good)), count)


HANDFULS = [((0, 2), (2, 2)), ((0, 3), (3, 3)), ((1, 3), (0, 2)), ((5, 5), (3, 5)), ((7, 39), (5, 39))]


def of(*parts: int) -> Value:
    return mean((f"r{index}", Fraction(part)) for index, part in enumerate(parts))


def test_wilson_as_published() -> None:
    """Newcombe (1998), table of the single proportion: 81 of 263 lies between 0.2553 and 0.3662."""
    rate, low, high = wilson(shares(81, 263))
    assert [round(number, 4) for number in (rate, low, high)] == [0.308, 0.2553, 0.3662]


def test_newcombe_as_published() -> None:
    """Newcombe (1998), table II, method 10: 56 of 70 less 48 of 80 lies between 0.0524 and 0.3339."""
    found = change(shares(48, 80), shares(56, 70), "higher")
    assert found.low is not None
    assert found.high is not None
    assert [round(float(number), 4) for number in (found.low, found.high)] == [0.0524, 0.3339]
    assert found.word == "better"
    assert change(shares(48, 80), shares(56, 70), "lower").word == "worse"


@pytest.mark.parametrize(("before", "after"), HANDFULS)
def test_small_numbers_are_no_evidence(before: tuple[int, int], after: tuple[int, int]) -> None:
    """Two of two after none of two is a hundred percent more, and says nothing."""
    found = change(shares(*before), shares(*after), "higher")
    assert found.word == "no evidence"
    assert found.why


def test_no_data_is_no_evidence_and_says_so() -> None:
    found = change(nothing("share", "nobody was asked"), shares(1, 2), "higher")
    assert (found.word, found.difference, found.why) == ("no evidence", None, "no data before: nobody was asked")
    assert change(shares(1, 2), shares(0, 0), "higher").why == "no data after: no case"


def test_means_by_welch() -> None:
    before, after = of(20, 22, 19, 23, 21), of(11, 10, 12, 9, 13)
    found = change(before, after, "lower")
    assert (found.word, found.difference) == ("better", -10)
    assert found.low is not None
    assert found.high is not None
    assert [round(float(number), 2) for number in (found.low, found.high)] == [-12.31, -7.69]  # t(8) = 2.306, s.e. 1
    assert change(of(20), of(10), "lower").why == "too few cases for an interval"


def test_a_total_is_a_sum_of_events() -> None:
    """One long outage less is no evidence; many short ones are."""
    days = Fraction(181)
    one = total([("a", Fraction(419))], days)
    assert change(one, total([], days), "lower").word == "no evidence"
    many = total([(f"r{number}", Fraction(10)) for number in range(40)], days)
    assert change(many, total([("a", Fraction(10))], days), "lower").word == "better"
    assert change(many, many, "lower").word == "no evidence"
    assert change(total([], days), total([], days), "lower").difference == 0


def test_what_is_read_once_has_no_interval() -> None:
    found = change(level(Fraction(1, 2)), level(Fraction(3, 4)), "higher")
    assert (found.word, found.low, found.why) == ("no evidence", None, "a quantity read once has no interval")


def test_forms_are_not_mixed() -> None:
    with pytest.raises(ValueError, match="a share is not compared with a level"):
        change(shares(1, 2), level(Fraction(1)), "higher")
