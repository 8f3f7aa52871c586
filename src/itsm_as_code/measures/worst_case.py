"""What services need, and the worst that can come of it: a bound in linear time, whatever the shape of the graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from math import ceil
from typing import Final

FULL: Final = 10**15
"""Unavailabilities here are whole numbers of this many parts, never rounded down."""


Option = tuple[str, ...]
"""Services that suffice together."""


@dataclass(frozen=True, slots=True)
class Need:
    """What a service needs to be up: each of ``serial``, of every group at least one, of every choice one option.

    A choice is for a group in which one member alone does not carry what all are there for. ``exact`` is False where
    a choice leaves options out because there were too many: what it composes to is then a lower bound.
    """

    serial: tuple[str, ...] = ()
    groups: tuple[tuple[str, ...], ...] = ()
    choices: tuple[tuple[Option, ...], ...] = ()
    exact: bool = True

    @property
    def alternatives(self) -> tuple[tuple[Option, ...], ...]:
        """Groups and choices, each as the options of which one suffices."""
        return (*(tuple((member,) for member in group) for group in self.groups), *self.choices)

    @property
    def targets(self) -> tuple[str, ...]:
        """Everything it names, as often as it does."""
        options = (option for choice in self.choices for option in choice)
        return (*self.serial, *chain(*self.groups), *chain(*options))


def parts(share: Fraction) -> int:
    """What an availability loses, in parts of ``FULL``, never too little."""
    return ceil((1 - share) * FULL)


class WorstCase:
    """Unavailabilities that are never exceeded.

    Failures are added up as if none ever coincided (Boole's inequality), by way of every path, and a group counts as
    its best option. Services in a circle, or that need one, count as never up.
    """

    def __init__(self, needs: Mapping[str, Need], availability: Mapping[str, Fraction]) -> None:
        self._below: dict[str, int] = {}
        self._whole: dict[str, int] = {}
        self._needs = needs
        for name in _in_order(needs):
            need = needs.get(name, Need())
            total = sum(self._whole[target] for target in dict.fromkeys(need.serial))
            total += sum(map(self.least, need.alternatives))
            self._below[name] = min(total, FULL)
            self._whole[name] = min(total + parts(availability.get(name, Fraction(1))), FULL)

    def below(self, service: str) -> int:
        """Of what a service needs, in parts of ``FULL``; nothing for a service that needs nothing."""
        return self._below.get(service, FULL if service in self._needs else 0)

    def least(self, options: Iterable[Option]) -> int:
        """Of the best of several options, in parts of ``FULL``."""
        return min(min(sum(map(self.whole, option)), FULL) for option in options)

    def whole(self, service: str) -> int:
        """Of a service with what it needs, in parts of ``FULL``."""
        return self._whole.get(service, FULL if service in self._needs else 0)


def _in_order(needs: Mapping[str, Need]) -> Iterable[str]:
    """Every service after all that it needs; those in a circle, or that need one, are left out."""
    waiting = {name: len(set(need.targets)) for name, need in needs.items()}
    dependents: dict[str, list[str]] = {}
    for name, need in needs.items():
        for target in set(need.targets):
            dependents.setdefault(target, []).append(name)
    ready = [name for name, count in waiting.items() if not count]
    ready += [name for name in dependents if name not in needs]
    for name in ready:
        yield name
        for dependent in dependents.get(name, ()):
            waiting[dependent] -= 1
            if not waiting[dependent]:
                ready.append(dependent)
