"""All objectives in force, each with what was attained of it in its window, or in one that is asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from itsm_as_code.clock import Interval, Intervals, zone
from itsm_as_code.durations import add_months, parse_duration
from itsm_as_code.records.facts import Data, Facts
from itsm_as_code.service_levels.attainment import Attainment, in_force, zone_of
from itsm_as_code.service_levels.budget import ErrorBudget
from itsm_as_code.service_levels.cases import Times
from itsm_as_code.service_levels.figures import Figure, figure, is_met
from itsm_as_code.service_levels.measurements.samples import Note
from itsm_as_code.service_levels.projection import Projection, projection
from itsm_as_code.service_levels.windows import Window, day_begins, days_of, window_at

_NAMED: Final = re.compile(r"(\d{4})(?:-(?:Q([1-4])|(0[1-9]|1[0-2])))?\Z", re.ASCII)
_MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True, slots=True)
class Line:
    """One objective of an agreement, with its figure (None where records do not measure it), or why there is none."""

    agreement: str
    type: str
    service: str
    objective: Data
    window: Interval
    found: Figure | None
    problem: str = ""

    @property
    def status(self) -> str:
        """``met``, ``missed``, ``no-data`` or, where it could not be computed, ``unknown``."""
        if self.problem:
            return "unknown"
        met = None if self.found is None else is_met(self.found)
        return "no-data" if met is None else "met" if met else "missed"

    @property
    def why(self) -> str:
        """Why there is no figure; empty where there is one."""
        if self.problem or self.status != "no-data":
            return self.problem
        if self.found is None:
            return "not measured"
        return "no case in the window" if isinstance(self.found, Times) else "nothing is known of the window"

    @property
    def days(self) -> Iterator[tuple[date, Line]]:
        """The line of each day of the window on clocks of the agreement, which add up to it; none without a figure."""
        if self.found is not None:
            for day, span in days_of(self.window, zone(self.found.timezone)):
                yield day, replace(self, window=span, found=self.found.within(span))

    @property
    def projection(self) -> Projection | None:
        """When the error budget may be used up."""
        return projection(self.budget) if self.budget else None

    @property
    def budget(self) -> ErrorBudget | None:
        """The error budget of an availability."""
        return ErrorBudget.of(self.found) if isinstance(self.found, Attainment) else None


@dataclass(frozen=True, slots=True)
class Overview:
    """Lines as of an instant; ``explained`` where each interval is to be told, ``daily`` where each day is.

    ``notes`` are on what was measured, ``others`` say what those reach, a line each.
    """

    now: datetime
    lines: tuple[Line, ...]
    explained: bool = False
    notes: tuple[Note, ...] = ()
    daily: bool = False
    others: tuple[str, ...] = ()

    def only(self, objective: str) -> Overview:
        """The lines of one objective, with their intervals."""
        return replace(
            self, lines=tuple(line for line in self.lines if line.objective["name"] == objective), explained=True
        )

    @property
    def exit_code(self) -> int:
        """0 where all that is measured is met, 1 where an objective is missed, 2 where one could not be computed.

        2 as well where something of the measurements could not be used.
        """
        found = {line.status for line in self.lines}
        return 2 if "unknown" in found or any(note.bad for note in self.notes) else int("missed" in found)


def overview(
    facts: Facts,
    now: datetime,
    service: str | None = None,
    window: str | None = None,
    notes: Iterable[Note] = (),
    daily: bool = False,
) -> Overview:
    """The objectives in force at ``now``, of one service or all; ValueError for a window that is none."""
    check_window(window, now)
    names = sorted(facts.agreements_by_service) if service is None else [service]
    about = tuple(note for note in notes if service is None or note.service in ("", service))
    lines = tuple(line for name in names for line in _lines(facts, name, now, window))
    return Overview(now, lines, notes=about, daily=daily)


def check_window(window: str | None, now: datetime) -> None:
    """ValueError for a window that is none."""
    if window is not None:
        span_of(window, now, ZoneInfo("UTC"))


def asked(facts: Facts, now: datetime, window: str | None = None) -> dict[tuple[str, str], Interval]:
    """The time that an overview looks at, of each objective of each service; the longest where there are several."""
    found: dict[tuple[str, str], Interval] = {}
    for service, agreements in facts.agreements_by_service.items():
        for agreement in agreements:
            tz = zone_of(facts, agreement)
            for objective in agreement["spec"]["objectives"]:
                span = (span_of(window, now, tz) if window else window_at(objective["window"], now, tz)).span
                key = (service, objective["name"])
                found[key] = min(found.get(key, span), span, key=lambda item: item.start)
    return found


def span_of(window: str, now: datetime, tz: ZoneInfo) -> Window:
    """The window that a text names as of an instant; of a named period, what of it is over. ValueError for none."""
    if window in _MONTHS:
        return window_at({"calendar": window}, now, tz)
    if _NAMED.match(window) is None:
        if not parse_duration(window):
            raise ValueError(f"'{window}' is no time at all")
        return window_at({"rolling": window}, now, tz)
    first, end = named_period(window)
    whole = Interval(day_begins(first, tz), day_begins(end, tz))
    if whole.start >= now:
        raise ValueError(f"{window} has not begun")
    return Window(Interval(whole.start, min(whole.end, now)), whole)


def named_period(text: str) -> tuple[date, date]:
    """The first day of a quarter (``2026-Q3``), month or year, and the first day after it; ValueError for none."""
    match = _NAMED.match(text)
    if match is None:
        raise ValueError(f"'{text}' is no quarter, month or year")
    year, quarter, month = (int(part) if part else None for part in match.groups())
    first = date(max(year or 1, 1), quarter * 3 - 2 if quarter else month or 1, 1)
    return first, add_months(first, 3 if quarter else 1 if month else 12)


def _lines(facts: Facts, service: str, now: datetime, window: str | None) -> Iterator[Line]:
    for agreement in sorted(facts.agreements_by_service.get(service, ()), key=lambda item: str(item["metadata"])):
        spec, tz = agreement["spec"], zone_of(facts, agreement)
        for objective in spec["objectives"]:
            chosen = span_of(window, now, tz) if window else window_at(objective["window"], now, tz)
            if not in_force(agreement, tz) & Intervals([chosen.span]):
                continue
            about = (agreement["metadata"]["name"], spec["type"], service, objective, chosen.span)
            try:
                yield Line(*about, figure(facts, agreement, objective, now, chosen))
            except ValueError as error:
                yield Line(*about, None, str(error))
