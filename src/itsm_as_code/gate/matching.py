"""One person, one seat: distinct people are matched to the seats that rules ask for."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence


def match_seats(seats: Sequence[frozenset[str]], people: Sequence[str]) -> list[str | None]:
    """Who sits where: for each seat (the set of people who may take it) a person of ``people``, or None.

    A maximum bipartite matching by augmenting paths (Kuhn 1955): no assignment fills more seats. Earlier people are
    preferred, so the result is the same for the same input. Somebody named twice takes one seat.
    """
    taken_by: list[str | None] = [None] * len(seats)
    for person in dict.fromkeys(people):
        _place(person, seats, taken_by)
    return taken_by


def _place(person: str, seats: Sequence[frozenset[str]], taken_by: list[str | None]) -> None:
    """Seat a person, moving others to seats that they may take as well; nobody loses their seat."""
    reached_from: dict[int, tuple[str, int | None]] = {}  # seat -> who would move there, and from which seat
    queue: deque[tuple[str, int | None]] = deque([(person, None)])
    while queue:
        mover, left = queue.popleft()
        for index, seat in enumerate(seats):
            if mover not in seat or index in reached_from:
                continue
            reached_from[index] = (mover, left)
            sitting = taken_by[index]
            if sitting is not None:
                queue.append((sitting, index))
                continue
            target: int | None = index
            while target is not None:
                taken_by[target], target = reached_from[target]
            return
