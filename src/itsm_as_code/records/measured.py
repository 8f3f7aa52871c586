"""What monitoring knows of services: when it looked, and what of that time failed.

This is what every source of measurements is turned into, whatever its form (``service_levels/measurements``).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from functools import cached_property
from typing import Final

from itsm_as_code.clock import BEGINNING, Interval, Intervals

NO_DATA: Final = "no-data"
"""What is not known counts neither way; the other ways to take gaps are ``up`` and ``down``."""


@dataclass(frozen=True, slots=True)
class Loss:
    """A stretch of which a share (of one) failed."""

    span: Interval
    share: Fraction


@dataclass(frozen=True, slots=True)
class Measured:
    """What one source says of one objective of a service: of the instants in ``known``, all went well but ``losses``.

    The losses are disjoint, lie in what is known, and stand in order of time.
    """

    source: str
    known: Intervals
    losses: tuple[Loss, ...] = ()

    @property
    def newest(self) -> datetime:
        """The end of what it knows."""
        return self.known.spans[-1].end if self.known else BEGINNING

    def within(self, span: Interval) -> Iterator[Loss]:
        """The losses that reach into a span, whole."""
        first = max(bisect_right(self.losses, span.start, key=lambda item: item.span.start) - 1, 0)
        for index in range(first, len(self.losses)):
            loss = self.losses[index]
            if loss.span.start >= span.end:
                return
            if loss.span.end > span.start:
                yield loss


@dataclass(frozen=True, slots=True)
class Measurements:
    """What all sources say, by service and objective.

    ``gaps`` says how instants count that none of them knows. ``refused`` tells of each service why what is said of it
    cannot be relied on, and ``refused_all`` why of no service at all; empty where all can be. ``identity`` changes with
    what the sources say.
    """

    found: Mapping[tuple[str, str], tuple[Measured, ...]] = field(default_factory=dict)
    gaps: str = NO_DATA
    refused: Mapping[str, str] = field(default_factory=dict)
    refused_all: str = ""
    identity: str = ""

    def of(self, service: str, objective: str) -> tuple[Measured, ...]:
        """What is known of an objective; ValueError where that cannot be relied on."""
        problem = self.refused_all or self.refused.get(service)
        if problem:
            raise ValueError(problem)
        return self.found.get((service, objective), ())


class Monitoring:
    """Measurements that are read when somebody first asks for them."""

    def __init__(self, load: Callable[[], Measurements] = Measurements) -> None:
        self._load = load

    @cached_property
    def measurements(self) -> Measurements:
        return self._load()


UNMONITORED: Final = Monitoring()
