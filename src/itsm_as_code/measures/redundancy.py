"""Redundancy with capacity: which members of a group carry, without the others, what the whole group is there for.

A member that fails leaves its load to the others, which share it as they can: what they have together counts. So a
group is redundant for a measure only where the rest carries the whole (N-1), and of several measures each one counts.
The whole group always suffices; that it is short of capacity itself is a matter of headroom.

Source: ITIL 4, capacity and performance management practice; Treynor Sloss, "Managing load", Site Reliability
Engineering chapters 20 and 22 (N + 1: what is left carries the peak).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Final

from itsm_as_code.measures.worst_case import Option

MOST_MEMBERS: Final = 10
"""Of larger groups only whether all but one suffice is looked at."""


@dataclass(frozen=True, slots=True)
class Carried:
    """What a member of a group carries of a measure and can carry, in one unit.

    Of its ``load``, ``moving`` is left to the others when it fails; the rest is of those who go without.
    """

    load: Fraction
    limit: Fraction
    moving: Fraction


Measure = Mapping[str, Carried]
"""What each member of a group carries of one measure."""


def asked(up: Collection[str], measure: Measure) -> Fraction:
    """The load of those that are up when the others have failed."""
    return sum(((one.load if name in up else one.moving) for name, one in measure.items()), Fraction(0))


def able(up: Collection[str], measure: Measure) -> Fraction:
    """What those that are up carry together."""
    return sum((measure[name].limit for name in up), Fraction(0))


def suffices(up: Collection[str], measures: Sequence[Measure]) -> bool:
    """True when those that are up carry all of every measure."""
    return all(asked(up, measure) <= able(up, measure) for measure in measures)


def options(members: Sequence[str], measures: Sequence[Measure]) -> tuple[tuple[Option, ...], bool]:
    """The smallest parts of a group that suffice, the smaller first, and whether these are all of them.

    A part with one that suffices in it suffices as well: more members never make it worse.
    """
    found: list[Option] = []
    most = len(members)
    few = most <= MOST_MEMBERS
    sizes = range(1, most) if few else (range(1, 2) if _each_alone(members, measures) else range(most - 1, most))
    for size in sizes:
        for part in combinations(members, size):
            if suffices(part, measures) and not any(set(smaller) <= set(part) for smaller in found):
                found.append(part)
    complete = few or not found or len(found[0]) == 1
    return (tuple(found), complete) if found else ((tuple(members),), few)


def _each_alone(members: Sequence[str], measures: Sequence[Measure]) -> bool:
    return all(suffices((member,), measures) for member in members)
