"""Whom to ask: the fewest people whose approvals would satisfy every rule at once; and why nobody, where that is so.

One person takes one seat in a rule but may sit in several rules, so the smallest set over all rules is smaller than
the sum of the smallest sets of each. Finding it is a set multi-cover problem (Karp 1972: NP-hard in general); people
who could take the same seats are interchangeable, so the search is over few kinds of people, and bounded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import replace
from typing import Final

from itsm_as_code.gate.identities import Directory
from itsm_as_code.gate.seats import Approval, Exclusions, Requirement, match_seats
from itsm_as_code.records.facts import Facts

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


_SHOWN: Final = 5
_NAMED: Final = "; whom a record names as having agreed approves it: name somebody else, or let another propose it"


def explain(
    approvals: Sequence[Approval], contributors: frozenset[str], vetoes: Set[str], directory: Directory, facts: Facts
) -> list[Approval]:
    """The approvals with a sentence for each requirement that lacks more people than are suggested.

    ``vetoes`` have asked for changes; ``facts`` are those of the base.
    """
    found = []
    for approval in approvals:
        excluded, named = Exclusions(approval.rule, contributors, directory), approval.rule.in_person
        required = tuple(
            replace(need, hindrance=(_nobody(need, facts) or _each(need, excluded, vetoes)) + _NAMED * named)
            if need.missing > len(need.suggested)
            else need
            for need in approval.required
        )
        found.append(replace(approval, required=required))
    return found


def _nobody(need: Requirement, facts: Facts) -> str:
    """Why a requirement asks for nobody at all; empty where it asks for somebody."""
    source, team = need.source, need.team
    if need.group:
        return ""
    if team and facts.record("Team", team) is None:
        return f"{team} is not on the base yet; merge the team in a pull request of its own first"
    if team and facts.spec("Team", team).get("retired") is True:
        return f"{team} is retired on the base; merge another owner, or the team's return, first"
    if team:
        return f"{team} has no members on the base; merge its members first"
    if "role" in source:
        return f"no team on the base has members and the role {source['role']}; give a team that role first"
    if "people" in source:
        return f"{', '.join(source['people'])}: nobody of them is on the base; merge their records first"
    if "owners" in source:
        return "no team owns what it is about; name an owner first"
    return "the base has nobody in people/; merge the records of people first"


def _each(need: Requirement, excluded: Exclusions, vetoes: Set[str]) -> str:
    """Why each of those whom a requirement asks for does not come into question."""
    others = sorted(need.group - set(need.satisfied_by) - set(need.suggested))
    reasons = [reason for name in others for reason in _why(name, excluded, vetoes)]
    if not reasons:
        may = f"may be given by {', '.join(need.eligible)} alone" if need.eligible else "may be given by nobody"
        return f"it asks for {need.count} and {may}; add people to the team, or lower the count of the rule"
    more = f" and {len(reasons) - _SHOWN} more" if len(reasons) > _SHOWN else ""
    who = "nobody else" if need.suggested or need.satisfied_by else "nobody"
    return f"{who} can give it now: {', '.join(reasons[:_SHOWN])}{more}"


def _why(name: str, excluded: Exclusions, vetoes: Set[str]) -> Iterator[str]:
    reason = excluded.why(name)
    if reason is not None:
        yield f"{name} {reason[0]}"
    elif name in vetoes:
        yield f"{name} asks for changes"
    elif not excluded.directory.can_be_recognised(name):
        yield f"{name} {excluded.directory.why_not_recognised}"
