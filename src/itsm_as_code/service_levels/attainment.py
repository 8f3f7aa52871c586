"""Attainment of availability: what was served and what of it was lost, by the records that say so.

Service time is the window, less what the agreement does not cover, what lies outside service hours, and what is
excluded; lost is the union of the outages of the service in it, each instant once, with the weight that the agreement
gives it. Instants of which nothing is known count neither way. All sums are exact, in seconds.
Source: ITIL 4, service level and availability management practices.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Final
from zoneinfo import ZoneInfo

from itsm_as_code.clock import BEGINNING, FOREVER, Interval, Intervals, parse_date, parse_instant, zone
from itsm_as_code.records.facts import Data, Facts
from itsm_as_code.service_levels.windows import Window, day_begins

BEFORE_AND_AFTER: Final = "agreement not in force"
OUTSIDE_HOURS: Final = "outside service hours"
EXCLUDED: Final = "excluded"
NO_DATA: Final = "no data"
FULL: Final = "full outage"
DEGRADED: Final = "degraded"
_SECOND: Final = timedelta(seconds=1)
_ONE: Final = Fraction(1)


def seconds(length: timedelta) -> Fraction:
    """A length in seconds, exactly."""
    return Fraction(length // timedelta.resolution, _SECOND // timedelta.resolution)


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of the window, why it counts as it does, and the record (``Kind/name``) or query that says so.

    ``weight`` is the share of it that counts as lost.
    """

    span: Interval
    why: str
    source: str
    weight: Fraction = _ONE

    @property
    def seconds(self) -> Fraction:
        """How long it is."""
        return seconds(self.span.end - self.span.start)

    @property
    def lost(self) -> Fraction:
        """The seconds of it that count as lost."""
        return self.seconds * self.weight


@dataclass(frozen=True, slots=True)
class Attainment:
    """The availability of one objective over ``window.span``; the parts are disjoint, in order of time.

    ``served`` are the seconds of the span without ``left_out`` and ``unknown``, ``served_whole`` those of the whole
    window; ``lost`` are the sum of ``counted``. None is attained where nothing was served.
    """

    agreement: str
    service: str
    objective: Data
    window: Window
    timezone: str
    left_out: tuple[Part, ...]
    counted: tuple[Part, ...]
    unknown: tuple[Part, ...]
    served_whole: Fraction

    @property
    def served(self) -> Fraction:
        """The denominator, in seconds."""
        span = seconds(self.window.span.end - self.window.span.start)
        return span - sum((part.seconds for part in (*self.left_out, *self.unknown)), Fraction(0))

    @property
    def lost(self) -> Fraction:
        """What failed of it, in seconds."""
        return sum((part.lost for part in self.counted), Fraction(0))

    @property
    def attained(self) -> Fraction | None:
        """The share of one that was attained."""
        return 1 - self.lost / self.served if self.served else None


def attainment(
    facts: Facts,
    agreement: Data,
    objective: Data,
    window: Window,
    known: datetime,
    down: Iterable[Part] | None = None,
    unknown: Intervals | None = None,
) -> Attainment:
    """What was attained of an objective in a window, as far as is known at an instant.

    ``down`` and ``unknown`` are what another source measured; left out, the outages of incidents count, of which
    everything is known. ValueError when a calendar, or the end of an outage, makes no sense.
    """
    spec = agreement["spec"]
    tz = zone_of(facts, agreement)
    left_out = service_time(facts, agreement, objective, window.whole, tz)
    weight = Fraction(objective.get("degraded", "1"))
    found = outage_parts(facts, spec["service"], window.span, known, weight) if down is None else down
    served = left_out.served & Intervals([window.span])
    gaps = served & (unknown or Intervals())
    served = served - gaps
    return Attainment(
        agreement=agreement["metadata"]["name"],
        service=spec["service"],
        objective=objective,
        window=window,
        timezone=str(tz),
        left_out=tuple(_within(left_out.parts, window.span)),
        counted=merged(found, served),
        unknown=tuple(Part(span, NO_DATA, "measurements", Fraction(0)) for span in gaps),
        served_whole=seconds(left_out.served.total - gaps.total),
    )


@dataclass(frozen=True, slots=True)
class ServiceTime:
    """What of a window counts, and why the rest does not."""

    served: Intervals
    parts: tuple[Part, ...]


def service_time(facts: Facts, agreement: Data, objective: Data, window: Interval, tz: ZoneInfo) -> ServiceTime:
    """The service time in a window: the same for all objectives with the same hours and exclusions, and remembered."""
    hours, exclude = objective.get("hours"), tuple(objective.get("exclude", ()))
    not_in_force = Intervals([window]) - in_force(agreement, tz)
    source = f"ServiceLevelAgreement/{agreement['metadata']['name']}" if not_in_force else ""
    key = ("service time", str(tz), hours, exclude, window, not_in_force, source)
    kinds = ("Calendar",) if hours is not None or exclude else ()
    return facts.remember(key, kinds, lambda: _service_time(facts, not_in_force, hours, exclude, window, source))


def zone_of(facts: Facts, agreement: Data) -> ZoneInfo:
    """The zone in which the days of an agreement begin: its own, else that of the organisation."""
    return zone(agreement["spec"].get("timezone", facts.timezone))


def in_force(agreement: Data, tz: ZoneInfo) -> Intervals:
    """The instants at which an agreement is in force: its days on clocks in ``tz``."""
    effective = agreement["spec"].get("effective", {})
    start = day_begins(parse_date(effective["from"]), tz) if "from" in effective else BEGINNING
    end = day_begins(parse_date(effective["until"]), tz) if "until" in effective else FOREVER
    return Intervals([Interval(start, end)] if start < end else [])


def _service_time(
    facts: Facts, not_in_force: Intervals, hours: str | None, exclude: tuple[str, ...], window: Interval, source: str
) -> ServiceTime:
    left = Intervals([window])
    parts: list[Part] = []

    def without(spans: Intervals, why: str, source: str) -> None:
        nonlocal left
        parts.extend(Part(span, why, source, Fraction(0)) for span in left & spans)
        left = left - spans

    without(not_in_force, BEFORE_AND_AFTER, source)
    if hours is not None:
        without(Intervals([window]) - _calendar(facts, hours, window), OUTSIDE_HOURS, f"Calendar/{hours}")
    for name in exclude:
        without(_calendar(facts, name, window), EXCLUDED, f"Calendar/{name}")
    return ServiceTime(left, tuple(sorted(parts, key=lambda part: part.span)))


def _calendar(facts: Facts, name: str, window: Interval) -> Intervals:
    calendar = facts.record("Calendar", name)
    if calendar is None:
        raise ValueError(f"the calendar '{name}' does not exist")
    try:
        return facts.calendar_intervals(calendar, window)
    except ValueError as error:
        raise ValueError(f"the calendar '{name}' cannot be read: {error}") from None


def _within(parts: Iterable[Part], span: Interval) -> Iterator[Part]:
    for part in parts:
        start, end = max(part.span.start, span.start), min(part.span.end, span.end)
        if start < end:
            yield Part(Interval(start, end), part.why, part.source, part.weight)


def outage_parts(facts: Facts, service: str, span: Interval, known: datetime, degraded: Fraction) -> Iterator[Part]:
    """The outages of a service in a span as incidents record them; what is not over goes on until ``known``.

    ValueError for one that ends before it starts: how long it was cannot be told.
    """
    for incident, outage in facts.outages_by_service.get(service, ()):
        start = parse_instant(outage["start"])
        end = parse_instant(outage["end"]) if "end" in outage else max(start, known)
        if end < start:
            if start > span.start:
                raise ValueError(f"an outage of Incident/{incident} ends before it starts")
            continue
        start, end = max(start, span.start), min(end, span.end, known)
        if start < end:
            is_full = outage["kind"] == "full"
            why, weight = (FULL, _ONE) if is_full else (DEGRADED, degraded)
            yield Part(Interval(start, end), why, f"Incident/{incident}", weight)


def merged(parts: Iterable[Part], served: Intervals) -> tuple[Part, ...]:
    """The parts within some time, each instant once: of those that overlap the gravest counts, else the earlier."""
    left, found = served, []
    for part in sorted(parts, key=lambda part: (-part.weight, part.span, part.source)):
        own = Intervals([part.span])
        found += [Part(span, part.why, part.source, part.weight) for span in left & own]
        left = left - own
    return tuple(sorted(found, key=lambda part: part.span))
