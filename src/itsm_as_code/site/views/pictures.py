"""What views draw: neighbourhoods, bars over time, days in a row, what is used and what is left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Node:
    """A service in a dependency picture."""

    label: str
    detail: str
    href: str
    hard: bool = True
    group: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """A service between what it depends on and what depends on it."""

    title: str
    centre: Node
    upstream: tuple[Node, ...]
    downstream: tuple[Node, ...]
    more: str
    """Address of the table that holds what the picture leaves out."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a chart; None where there is no data."""

    label: str
    value: int | None


@dataclass(frozen=True, slots=True)
class Chart:
    """Numbers over time. ``summary`` says in words what the bars show."""

    title: str
    summary: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Day:
    """A day of a strip on which something was: its number from the left, how bad, and what in words."""

    number: int
    mark: Literal["down", "part", "note"]
    said: str


@dataclass(frozen=True, slots=True)
class Strip:
    """Days in a row, those marked on which something was; ``summary`` says it in words."""

    days: int
    marks: tuple[Day, ...]
    summary: str


@dataclass(frozen=True, slots=True)
class Meter:
    """How much of what is allowed is used, as a share; what is beyond one is in red. The words stand beside it.

    From ``near`` on it is nearly all.
    """

    used: float
    near: float = 0.75


@dataclass(frozen=True, slots=True)
class BurnDown:
    """What is left of something from one day to another: points from left (0) to right (1), one for the whole of it."""

    title: str
    summary: str
    first: str
    last: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Key:
    """What the marks of strips mean."""

    note: str
