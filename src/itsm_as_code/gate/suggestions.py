"""Whom to ask: the fewest people whose approvals would satisfy every rule at once.

One person takes one seat in a rule but may sit in several rules, so the smallest set over all rules is smaller than
the sum of the smallest sets of each. Finding it is a set multi-cover problem (Karp 1972: NP-hard in general); people
who could take the same seats are interchangeable, so the search is over few kinds of people, and bounded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import replace
from typing import Final

from itsm_as_code.gate.seats import Approval, Requirement, match_seats

MAX_STEPS: Final = 5_000
"""How many sets are tried before the search settles for the best found so far."""


def suggest(approvals: Sequence[Approval], refused: Set[str]) -> list[Approval]:
    """The approvals with whom to ask for each empty seat: together the fewest people, the first by name of equals.

    ``refused`` have asked for changes and are not suggested. A seat that nobody is left for gets no suggestion.
    """
    tables = [_Table(approval, refused) for approval in approvals]
    chosen = _fewest(tables)
    return [
        replace(approval, required=tuple(table.with_suggestions(chosen)))
        for approval, table in zip(approvals, tables, strict=True)
    ]


class _Table:
    """The empty seats of a rule, and who may take them."""

    def __init__(self, approval: Approval, refused: Set[str]) -> None:
        self._required = approval.required
        sitting = {person for need in approval.required for person in need.satisfied_by}
        # Whoever sits already may move to another seat of the rule, which frees theirs: all seats are dealt anew.
        self._sitting = sorted(sitting)
        self._seats: list[frozenset[str]] = []
        self._owners: list[int] = []
        for index, need in enumerate(approval.required):
            may = frozenset(need.eligible) - refused
            places = min(need.count, len(may) + 1)
            self._seats += [may] * places
            self._owners += [index] * places
        self.candidates = frozenset().union(*self._seats) - sitting
        self.reachable = self.filled(self.candidates)

    def filled(self, people: Set[str]) -> int:
        """How many seats are taken when these approve as well."""
        return sum(person is not None for person in self._deal(people))

    def lacking(self) -> int:
        """How many seats more could be taken: at least so many people are needed."""
        return self.reachable - self.filled(frozenset())

    def kind_of(self, person: str) -> tuple[bool, ...]:
        """Which seats a person may take: people of the same kind are interchangeable."""
        return tuple(person in seat for seat in self._seats) if person in self.candidates else ()

    def with_suggestions(self, chosen: Set[str]) -> Iterator[Requirement]:
        """The requirements with whom to ask; where somebody moves over, whoever takes their seat is asked instead."""
        dealt = self._deal(chosen & self.candidates)
        asked = [
            sorted(
                person
                for seat, owner in enumerate(self._owners)
                if owner == index and (person := dealt[seat]) is not None and person not in self._sitting
            )
            for index in range(len(self._required))
        ]
        spare = [
            name for need, names in zip(self._required, asked, strict=True) for name in names[max(0, need.missing) :]
        ]
        for need, names in zip(self._required, asked, strict=True):
            own = names[: max(0, need.missing)]
            while len(own) < need.missing and spare:
                own.append(spare.pop(0))
            yield replace(need, suggested=tuple(own))

    def _deal(self, people: Set[str]) -> list[str | None]:
        return match_seats(self._seats, [*self._sitting, *sorted(people)])


def _fewest(tables: Sequence[_Table]) -> frozenset[str]:
    """The smallest set of people that fills every seat that can be filled; of equal ones the first by name."""
    groups: dict[tuple[tuple[bool, ...], ...], list[str]] = {}
    for person in sorted(frozenset().union(*(table.candidates for table in tables))):
        groups.setdefault(tuple(table.kind_of(person) for table in tables), []).append(person)
    kinds = sorted(groups.values(), key=lambda names: (-_reach(names[0], tables), names[0]))
    best = _pruned(frozenset(name for names in kinds for name in names), kinds, tables)
    least = max((table.lacking() for table in tables), default=0)
    steps = 0
    for size in range(least, len(best)):
        for people in _sets(kinds, size):
            steps += 1
            if steps > MAX_STEPS:
                return best
            if _enough(people, tables):
                return people
    return best


def _sets(kinds: Sequence[Sequence[str]], size: int) -> Iterator[frozenset[str]]:
    """Every set of a size that takes people of a kind in the order of their names."""
    if size == 0:
        yield frozenset()
    elif kinds:
        for count in range(min(size, len(kinds[0])), -1, -1):
            for rest in _sets(kinds[1:], size - count):
                yield rest | frozenset(kinds[0][:count])


def _pruned(people: frozenset[str], kinds: Sequence[Sequence[str]], tables: Sequence[_Table]) -> frozenset[str]:
    """A set in which nobody is too much: those who fit least are left out first."""
    for name in reversed([name for names in kinds for name in names]):
        if _enough(people - {name}, tables):
            people = people - {name}
    return people


def _enough(people: frozenset[str], tables: Sequence[_Table]) -> bool:
    return all(table.filled(people & table.candidates) == table.reachable for table in tables)


def _reach(person: str, tables: Sequence[_Table]) -> int:
    """In how many rules a person could take a seat."""
    return sum(person in table.candidates for table in tables)
