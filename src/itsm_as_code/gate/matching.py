"""One person, one seat: distinct people are matched to the seats that rules ask for."""

from __future__ import annotations

from collections.abc import Sequence


def match_seats(seats: Sequence[frozenset[str]], people: Sequence[str]) -> list[str | None]:
    """Who sits where: for each seat (the set of people who may take it) a person of ``people``, or None.

    A maximum bipartite matching by augmenting paths (Kuhn 1955): no assignment fills more seats. Earlier people are
    preferred, so the result is the same for the same input.
    """
    taken_by: list[str | None] = [None] * len(seats)
    for person in people:
        _place(person, seats, taken_by, set())
    return taken_by


def _place(person: str, seats: Sequence[frozenset[str]], taken_by: list[str | None], tried: set[int]) -> bool:
    free = [index for index, seat in enumerate(seats) if person in seat and index not in tried]
    for index in sorted(free, key=lambda seat: taken_by[seat] is not None):
        tried.add(index)
        other = taken_by[index]
        if other is None or _place(other, seats, taken_by, tried):
            taken_by[index] = person
            return True
    return False
