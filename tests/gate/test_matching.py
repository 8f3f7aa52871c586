"""Distinct people to seats: as many as possible, the same for the same input."""

from __future__ import annotations

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from itsm_as_code.gate.seats import match_seats

NAMES = "abcdef"
people = st.lists(st.sampled_from(NAMES), unique=True, max_size=6)
seats = st.lists(st.frozensets(st.sampled_from(NAMES)), max_size=5)


def most(chairs: list[frozenset[str]], names: list[str]) -> int:
    """The most seats that can be filled, by trying every way to fill them."""
    best = 0
    padded = [*names, *[""] * len(chairs)]
    for row in set(permutations(padded, len(chairs))):
        best = max(best, sum(name in chair for name, chair in zip(row, chairs, strict=True)))
    return best


@given(seats, people)
def test_no_way_fills_more_seats(chairs: list[frozenset[str]], names: list[str]) -> None:
    taken = match_seats(chairs, names)
    sitting = [name for name in taken if name is not None]
    assert len(taken) == len(chairs)
    assert len(set(sitting)) == len(sitting)
    assert all(name in chair for name, chair in zip(taken, chairs, strict=True) if name is not None)
    assert set(sitting) <= set(names)
    assert len(sitting) == most(chairs[:5], names[:5]) or len(names) > 5


@given(seats, st.permutations(NAMES[:5]))
def test_the_order_of_people_does_not_matter_for_how_many(chairs: list[frozenset[str]], names: list[str]) -> None:
    filled = [sum(name is not None for name in match_seats(chairs, row)) for row in (names, sorted(names))]
    assert filled[0] == filled[1]


@given(seats, people)
def test_nobody_loses_a_seat_to_a_later_person(chairs: list[frozenset[str]], names: list[str]) -> None:
    for count in range(len(names)):
        before = {name for name in match_seats(chairs, names[:count]) if name}
        after = {name for name in match_seats(chairs, names[: count + 1]) if name}
        assert before <= after


def test_somebody_named_twice_takes_one_seat() -> None:
    assert match_seats([frozenset("a"), frozenset("a")], ["a", "a"]) == ["a", None]


def test_people_move_so_that_others_find_a_seat() -> None:
    assert match_seats([frozenset("ab"), frozenset("a")], ["a", "b"]) == ["b", "a"]


def test_thousands_of_seats_need_no_deep_stack() -> None:
    """Each person moves the one before them: a chain as long as the table."""
    count = 1_500
    chairs = [frozenset({str(index), str(index + 1)}) for index in range(count)]
    taken = match_seats(chairs, [str(index) for index in range(1, count + 1)])
    assert None not in taken
    assert len(set(match_seats(chairs, [str(count), *map(str, range(count))]))) == count
