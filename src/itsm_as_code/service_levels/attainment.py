"""Attainment of availability: what was served and what of it was lost, by the records that say so.

Service time is the window, less what the agreement does not cover, what lies outside service hours, and what is
excluded; lost is the union of the outages of the service in it and of what monitoring saw fail, each instant once, with
the weight that the agreement, or the measurement, gives it. Instants of which nothing is known count neither way. All
sums are exact, in seconds.
Source: ITIL 4, service level and availability management practices.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

from itsm_as_code.clock import BEGINNING, FOREVER, Interval, Intervals, parse_date, parse_instant, zone
from itsm_as_code.records.facts import Data, Facts
from itsm_as_code.records.measured import NO_DATA as COUNTS_NEITHER_WAY
from itsm_as_code.records.measured import Measured
from itsm_as_code.service_levels.windows import Window, day_begins

BEFORE_AND_AFTER: Final = "agreement not in force"
OUTSIDE_HOURS: Final = "outside service hours"
EXCLUDED: Final = "excluded"
NO_DATA: Final = "no data"
FULL: Final = "full outage"
DEGRADED: Final = "degraded"
MEASURED: Final = "measured"
RECORDS: Final = "records"
"""What a figure rests on that rests on nothing else."""
_SECOND: Final = timedelta(seconds=1)
_ONE: Final = Fraction(1)
_NOTHING: Final = Intervals()


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
    window; ``lost`` are the sum of ``counted``. None is attained where nothing was served. ``rests_on`` names the
    sources that it was worked out from, ``stale`` those that know nothing of the window, each with the end of what it
    knows; ``differs`` is service time of which monitoring and incidents say different things.
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
    rests_on: tuple[str, ...] = (RECORDS,)
    stale: tuple[tuple[str, datetime], ...] = ()
    differs: tuple[Part, ...] = ()

    @property
    def served(self) -> Fraction:
        """The denominator, in seconds."""
        span = seconds(self.window.span.end - self.window.span.start)
        rest = (part.span.end - part.span.start for part in (*self.left_out, *self.unknown))
        return span - seconds(sum(rest, timedelta()))

    @property
    def lost(self) -> Fraction:
        """What failed of it, in seconds."""
        return sum((part.lost for part in self.counted), Fraction(0))

    @property
    def attained(self) -> Fraction | None:
        """The share of one that was attained."""
        return 1 - self.lost / self.served if self.served else None

    def within(self, span: Interval) -> Attainment:
        """What of it lies in a part of the window: those of parts that cover the window add up to it."""
        lists = (self.left_out, self.counted, self.unknown, self.differs)
        left_out, counted, unknown, differs = (tuple(_within(parts, span)) for parts in lists)
        found = replace(
            self, window=Window(span, span), left_out=left_out, counted=counted, unknown=unknown, differs=differs
        )
        return replace(found, served_whole=found.served)


def attainment(
    facts: Facts,
    agreement: Data,
    objective: Data,
    window: Window,
    known: datetime,
    unknown: Intervals | None = None,
) -> Attainment:
    """What was attained of an objective in a window, as far as is known at an instant.

    What failed is what the outages of incidents and the sources of measurements say; ``unknown`` are gaps to count in
    place of those of the sources. ValueError when a calendar, or the end of an outage, makes no sense, and where a
    source cannot be relied on.
    """
    spec = agreement["spec"]
    tz = zone_of(facts, agreement)
    left_out = service_time(facts, agreement, objective, window.whole, tz)
    weight = Fraction(objective.get("degraded", "1"))
    seen = _seen(facts, spec["service"], objective, window.span, known, weight)
    is_whole = window.span is window.whole
    served = left_out.served if is_whole else left_out.served & Intervals([window.span])
    gaps = served & (seen.unknown if unknown is None else unknown)
    served = served - gaps if gaps else served
    return Attainment(
        agreement=agreement["metadata"]["name"],
        service=spec["service"],
        objective=objective,
        window=window,
        timezone=str(tz),
        left_out=left_out.parts if is_whole else tuple(_within(left_out.parts, window.span)),
        counted=merged(seen.down, served),
        unknown=tuple(Part(span, NO_DATA, "measurements", Fraction(0)) for span in gaps),
        served_whole=seconds(left_out.served.total - gaps.total),
        rests_on=seen.rests_on,
        stale=seen.stale,
        differs=merged(seen.differs, served) if seen.differs else (),
    )


@dataclass(frozen=True, slots=True)
class _Seen:
    """What incidents and monitoring say of a span."""

    down: tuple[Part, ...]
    unknown: Intervals = _NOTHING
    rests_on: tuple[str, ...] = (RECORDS,)
    stale: tuple[tuple[str, datetime], ...] = ()
    differs: tuple[Part, ...] = ()


def _seen(facts: Facts, service: str, objective: Data, span: Interval, known: datetime, degraded: Fraction) -> _Seen:
    """What failed is what either says, and nobody takes back what the other saw.

    What no current source knows is a gap, but for the outages in it. Where no source has current data, records alone
    speak, if they say anything: that nothing is recorded is then no news.
    """
    # An outage says nothing of, say, how quick answers are.
    is_recorded = objective.get("indicator", "availability") == "availability"
    outages = tuple(outage_parts(facts, service, span, known, degraded)) if is_recorded else ()
    sources = facts.measured(service, objective["name"])
    past = Intervals([Interval(span.start, max(span.start, min(span.end, known)))])
    if not sources or not past:
        return _Seen(outages)
    current = [source for source in sources if source.known & past]
    stale = tuple((source.source, source.newest) for source in sources if source not in current)
    if not current:
        return _Seen(outages, Intervals() if outages else past, stale=stale)
    measured = tuple(_measured_parts(current, past.spans[0]))
    watched = Intervals(part for source in current for part in source.known) & past
    recorded = Intervals(part.span for part in outages)
    gaps = past - watched - recorded
    down = (*outages, *measured)
    if facts.gaps != COUNTS_NEITHER_WAY:
        down += tuple(Part(part, NO_DATA, "measurements") for part in gaps if facts.gaps == "down")
        gaps = Intervals()
    rests_on = (*((RECORDS,) if is_recorded else ()), *(source.source for source in current))
    return _Seen(down, gaps, rests_on, stale, tuple(_differences(outages, measured, watched, recorded)))


def _measured_parts(sources: Iterable[Measured], past: Interval) -> Iterator[Part]:
    for source in sources:
        for loss in source.within(past):
            start, end = max(loss.span.start, past.start), min(loss.span.end, past.end)
            yield Part(Interval(start, end), MEASURED, f"Measurement/{source.source}", loss.share)


ONLY_INCIDENTS: Final = "only incidents say so"
ONLY_MEASURED: Final = "only monitoring says so"


def _differences(
    outages: Sequence[Part], measured: Sequence[Part], watched: Intervals, recorded: Intervals
) -> Iterator[Part]:
    failing = Intervals(part.span for part in measured)
    for part in outages:
        for span in Intervals([part.span]) & watched - failing:
            yield Part(span, ONLY_INCIDENTS, part.source, part.weight)
    for part in measured:
        for span in Intervals([part.span]) - recorded:
            yield Part(span, ONLY_MEASURED, part.source, part.weight)


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


def _within(parts: Sequence[Part], span: Interval) -> Iterator[Part]:
    """What of disjoint parts, in order, lies in a span."""
    for index in range(bisect_right(parts, span.start, key=lambda part: part.span.end), len(parts)):
        part = parts[index]
        start, end = max(part.span.start, span.start), min(part.span.end, span.end)
        if start >= end:
            break
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
    ranked = sorted(parts, key=lambda part: (-part.weight, part.span, part.source))
    starts = sorted(range(len(ranked)), key=lambda rank: ranked[rank].span.start)
    bounds = sorted(moment for part in ranked for moment in (part.span.start, part.span.end))
    pieces: list[tuple[Interval, int]] = []
    open_: list[int] = []
    begun = 0
    for start, end in pairwise(bounds):
        while begun < len(starts) and ranked[starts[begun]].span.start <= start:
            heapq.heappush(open_, starts[begun])
            begun += 1
        while open_ and ranked[open_[0]].span.end <= start:
            heapq.heappop(open_)
        if not open_ or start == end:
            continue
        if pieces and pieces[-1][1] == open_[0] and pieces[-1][0].end == start:
            start = pieces.pop()[0].start
        pieces.append((Interval(start, end), open_[0]))
    return tuple(_in_served(((span, ranked[rank]) for span, rank in pieces), served.spans))


def _in_served(pieces: Iterable[tuple[Interval, Part]], served: Sequence[Interval]) -> Iterator[Part]:
    """What of disjoint pieces, in order, lies in spans that are so as well."""
    first = 0
    for piece, part in pieces:
        while first < len(served) and served[first].end <= piece.start:
            first += 1
        for index in range(first, len(served)):
            start, end = max(piece.start, served[index].start), min(piece.end, served[index].end)
            if start >= end:
                break
            yield Part(Interval(start, end), part.why, part.source, part.weight)
