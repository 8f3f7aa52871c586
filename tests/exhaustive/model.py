"""A second opinion on a verdict, written down from the rules of the gate and nothing else.

It knows two services with a title and an address each, three reviewers, one waiver and one absence, and shares no code
with the gate. The rules are those of docs/explanation and of the policies in :mod:`tests.exhaustive.histories`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations
from typing import Final

NEWSLETTER, DATABASE = "newsletter", "database"
TITLE, ADDRESS = "title", "address"
Field = tuple[str, str]
FIELDS: Final[tuple[Field, ...]] = tuple((name, what) for name in (NEWSLETTER, DATABASE) for what in (TITLE, ADDRESS))
Content = tuple[int, ...]
"""The version of each of ``FIELDS``."""
FORBIDDEN: Final = 1
"""The version of the newsletter's address that a policy forbids, and that a waiver allows until the window's edge."""
OWNERS: Final = {NEWSLETTER: "bob", DATABASE: "carol"}
AWAY, DELEGATE = "carol", "dave"
"""Who is away until the window's edge, and who stands in."""
PEOPLE: Final = ("bob", "carol", "dave")


@dataclass(frozen=True, slots=True)
class Look:
    """What a reviewer had before them: the version of every field before the pull request, and with it."""

    before: Content
    after: Content


@dataclass(frozen=True, slots=True)
class Word:
    """The latest word of a person; ``look`` of an approval."""

    state: str
    look: Look


@dataclass(frozen=True, slots=True)
class Situation:
    """The tips of main and topic, what topic last took from main, the words, and on which side of the edge it is."""

    main: Content
    topic: Content
    taken: Content
    words: Mapping[str, Word]
    late: bool


def merged(situation: Situation) -> Content | None:
    """What merging gives; None where both sides changed a field, each in its way."""
    found = []
    for main, topic, taken in zip(situation.main, situation.topic, situation.taken, strict=True):
        if main != topic and taken not in (main, topic):
            return None
        found.append(topic if main == taken else main)
    return tuple(found)


def verdict(situation: Situation) -> str:
    """``conflict``, ``rejected``, ``pending`` or ``approved``."""
    after = merged(situation)
    if after is None:
        return "conflict"
    change = Look(situation.main, after)
    if not any(True for _ in changed(change)):
        return "rejected"  # a pull request that changes nothing
    touched = {name for name, _ in changed(change)}
    forbidden = after[FIELDS.index((NEWSLETTER, ADDRESS))] == FORBIDDEN
    if forbidden and NEWSLETTER in touched and situation.late:
        return "rejected"  # the waiver has expired
    if any(word.state == "veto" for word in situation.words.values()):
        return "pending"
    return "approved" if all(satisfied(rule, change, situation) for rule in (TITLE, ADDRESS)) else "pending"


def changed(look: Look) -> Iterator[Field]:
    """The fields that differ."""
    return (field for field, old, new in zip(FIELDS, look.before, look.after, strict=True) if old != new)


def satisfied(rule: str, change: Look, situation: Situation) -> bool:
    """Whether a rule is met, if it matches: titles need anybody, addresses the owner of each and one more."""
    services = [name for name, what in changed(change) if what == rule]
    if not services:
        return True
    present = {name for name in PEOPLE if name != AWAY or situation.late}
    seats = [present]
    if rule == ADDRESS:
        seats += [{OWNERS[name]} & present or {DELEGATE} for name in services]
    people = [
        name
        for name, word in situation.words.items()
        if word.state == "approve" and name in present and covers(rule, word.look, change)
    ]
    return any(
        all(person in seat for person, seat in zip(chosen, seats, strict=True))
        for chosen in permutations(people, len(seats))
    )


def covers(rule: str, seen: Look, change: Look) -> bool:
    """Both sides of the two differences are the same in the rule's scope, or nothing is left to be changed there."""
    scope = {field for look in (seen, change) for field in changed(look) if field[1] == rule}
    for field in scope:
        place = FIELDS.index(field)
        was, now = (seen.before[place], seen.after[place]), (change.before[place], change.after[place])
        if now not in (was, (seen.after[place],) * 2):
            return False
    return True
