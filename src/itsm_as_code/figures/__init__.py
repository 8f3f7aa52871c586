"""Figures by name: one table, from which improvements, initiatives, benchmarks and reports take the same values.

A module has ``FIGURES``, a tuple of :class:`Figure`; all modules are found by listing this package. A figure is worked
out from records, and from what git and monitoring were asked for where :class:`Seen` carries it.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from itsm_as_code.clock import Interval, parse_date, zone
from itsm_as_code.measures.comparison import Change, change
from itsm_as_code.measures.metric import LEAST
from itsm_as_code.measures.numbers import quantity
from itsm_as_code.service_levels.windows import day_begins

if TYPE_CHECKING:
    from itsm_as_code.measures.comparison import Better, Form, Value
    from itsm_as_code.records.facts import Data, Facts


_NO_EVIDENCE: Final = "the evidence of the default branch was not asked for"


@dataclass(frozen=True, slots=True)
class Authorisation:
    """When the merge was that authorised a change of some services, and when it was proposed."""

    change: str
    services: tuple[str, ...]
    proposed: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class Seen:
    """What figures are worked out from: records as of an instant, and what was asked of git, or why it is not known.

    ``landings``: when each landed on the default branch, its commit, and whether it came by a pull request.
    ``deployments``: when each began, its service, where it is said, and whether a change or model covered it.
    """

    facts: Facts
    now: datetime
    landings: tuple[tuple[datetime, str, bool], ...] | str = _NO_EVIDENCE
    deployments: tuple[tuple[datetime, str, str, bool], ...] | str = "deployment statements were not asked for"
    authorisations: tuple[Authorisation, ...] | str = _NO_EVIDENCE


Services = frozenset[str] | None
"""The services that a figure is about; None for all."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure: its name and title, the unit of its amount, and which way is better.

    ``unit`` is ``percent`` where the amount is a share of one. ``source`` says in a sentence what is counted.
    ``work_out`` gives its value over a span of time. ``evidence``: it needs what git says.
    """

    name: str
    title: str
    form: Form
    unit: str
    better: Better
    source: str
    work_out: Callable[[Seen, Interval, Services], Value]
    evidence: bool = False

    def shown(self, value: Value) -> str:
        """``33.3 % (13 of 39)``, ``20.5 hours (mean of 12)``, ``3 incidents (in 181 days)``; or why there is none."""
        if value.amount is None:
            return f"no data: {value.missing or 'no case'}"
        count, whole = quantity(value.numerator), quantity(value.denominator)
        if value.form == "share":
            return f"{self.plain(value.amount)} ({count} of {whole})"
        if value.form == "total":
            return f"{self.plain(value.numerator)} (in {whole} days)"
        return self.plain(value.amount) + (f" (mean of {whole})" if value.form == "mean" else "")

    def plain(self, amount: Fraction) -> str:
        """An amount with its unit, rounded for people: ``33.3 %``, ``20.5 hours``."""
        if self.unit == "percent":
            return f"{quantity(amount * 100, 3 if self.form == 'level' else 1)} %"
        return f"{quantity(amount, 2)} {self.unit}".strip()


@lru_cache(maxsize=1)
def all_figures() -> dict[str, Figure]:
    """Every figure, by name in order; ValueError where two have one name."""
    found: dict[str, Figure] = {}
    for info in pkgutil.iter_modules(__path__):
        for figure in importlib.import_module(f"{__name__}.{info.name}").FIGURES:
            if figure.name in found:
                raise ValueError(f"two figures are called {figure.name}")
            found[figure.name] = figure
    return dict(sorted(found.items()))


REVIEWED: Final = (
    *("change-fail-rate", "lead-time", "recovery-time", "incidents", "time-to-acknowledge", "time-to-restore"),
    *("recurrence", "requests-in-time", "request-satisfaction"),
)
"""What a review of a service looks at."""


def reviewed(seen: Seen, period: Data, service: str, names: Iterable[str] = REVIEWED) -> Iterator[tuple[str, str]]:
    """The names of figures with what they came to for a service in a period, for people; not those without a case.

    A share of fewer than LEAST is told as counts. ``period`` has days ``from`` and ``until``.
    """
    span = span_of(period, seen)
    for name in names:
        figure = all_figures().get(name)
        value = figure.work_out(seen, span, frozenset({service})) if figure is not None else None
        if figure is None or value is None or value.amount is None:
            continue
        few = figure.form == "share" and value.denominator < LEAST
        yield name, f"{quantity(value.numerator)} of {quantity(value.denominator)}" if few else figure.shown(value)


def of(services: Services, service: str) -> bool:
    """True where a figure of these services is about one."""
    return services is None or service in services


@dataclass(frozen=True, slots=True)
class Effect:
    """What a figure came to before and after something was done, and whether it got better."""

    figure: Figure
    spans: tuple[Interval, Interval]
    before: Value
    after: Value
    change: Change

    def told(self) -> str:
        """``better: -12.1 %, between -20 % and -4 %``; never a difference without its interval."""
        found, per = self.change, " a day" if self.figure.form == "total" else ""
        if found.low is None or found.high is None or found.difference is None:
            return f"{found.word}: {found.why}"
        low, high = (self.figure.plain(end) + per for end in (found.low, found.high))
        return f"{found.word}: {self.figure.plain(found.difference)}{per}, between {low} and {high}"


def effect(seen: Seen, spec: Data, services: Services) -> Effect:
    """The effect that a record's ``figure`` (name, ``before`` and ``after`` as days) tells of; ``after`` may be open.

    KeyError for a figure that nobody knows, ValueError for days that are no period or a calendar that makes no sense.
    """
    figure = all_figures()[spec["name"]]
    spans = span_of(spec["before"], seen), span_of(spec["after"], seen)
    before, after = (figure.work_out(seen, span, services) for span in spans)
    return Effect(figure, spans, before, after, change(before, after, figure.better))


def span_of(days: Data, seen: Seen) -> Interval:
    """The time of ``from`` and ``until`` (up to now where it is left out), in the zone of the organisation.

    A period that has not begun is empty. ValueError for one that ends before it begins.
    """
    tz = zone(seen.facts.timezone)
    start = day_begins(parse_date(days["from"]), tz)
    end = day_begins(parse_date(days["until"]), tz) if "until" in days else max(seen.now, start)
    return Interval(start, end)
