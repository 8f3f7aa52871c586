"""From rows of the table to what is known: one row after the other, each instant once, nothing guessed."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from fractions import Fraction
from itertools import pairwise
from math import ceil
from typing import Final

from itsm_as_code.clock import Interval, Intervals, format_instant
from itsm_as_code.records.measured import Loss, Measured
from itsm_as_code.service_levels.measurements.settings import Source

BILLION: Final = 10**9
"""Parts of a share: a lost share of events is taken to nine decimals, rounded up."""
MOST_NOTES: Final = 20
"""How many notes of one kind a source gets; the others are counted."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table; ``up`` or ``good`` and ``total`` are there. ``line`` is where it stands, 0 for nowhere."""

    service: str
    objective: str
    instant: datetime
    until: datetime | None = None
    up: Fraction | None = None
    good: Fraction = Fraction(0)
    total: Fraction = Fraction(0)
    line: int = 0


@dataclass(frozen=True, slots=True)
class Note:
    """What is odd about a source. A ``bad`` one names what was not used, and of which service (empty: of any)."""

    source: str
    message: str
    line: int = 0
    service: str = ""
    bad: bool = True


def told(note: Note) -> str:
    """``the measurements 'probes', line 12: up is NaN, ...``."""
    place = f", line {note.line}" if note.line else ""
    return f"the measurements '{note.source}'{place}: {note.message}"


@dataclass(slots=True)
class Notes:
    """Notes of one source, of each kind so many and then a count."""

    source: str
    all: list[Note] = field(default_factory=list)
    first: dict[tuple[str, str], int] = field(default_factory=dict)
    """The first line that speaks of an objective of a service."""
    _counts: dict[tuple[str, str], int] = field(default_factory=dict)

    def add(self, kind: str, message: str, line: int = 0, service: str = "", *, bad: bool = True) -> None:
        """A note; what is bad is not used."""
        count = self._counts[kind, service] = self._counts.get((kind, service), 0) + 1
        if count <= MOST_NOTES:
            self.all.append(Note(self.source, message, line, service, bad))

    def told(self) -> tuple[Note, ...]:
        """All notes, with one for each kind of which there are more."""
        more = [
            Note(self.source, f"{count - MOST_NOTES:,} more of this kind: {kind}", 0, service)
            for (kind, service), count in self._counts.items()
            if count > MOST_NOTES
        ]
        return (*sorted(self.all, key=lambda note: (note.line, note.message)), *more)


@dataclass(frozen=True, slots=True)
class Slice:
    """A stretch of which a share was lost, by the row on a line."""

    span: Interval
    lost: Fraction
    line: int


def lost_share(row: Row, threshold: Fraction | None) -> Fraction | None:
    """The share of one that failed; None where nothing happened of which to tell it."""
    if row.up is not None:
        up = row.up
    elif not row.total:
        return None
    else:
        up = row.good / row.total
    if threshold is not None:
        return Fraction(int(up < threshold))
    return Fraction(ceil((1 - up) * BILLION), BILLION)


def measured(source: Source, rows: Iterable[Row], notes: Notes) -> dict[tuple[str, str], Measured]:
    """What a source knows of each objective; what contradicts itself is noted and not used."""
    by_objective: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        by_objective.setdefault((row.service, row.objective), []).append(row)
        notes.first.setdefault((row.service, row.objective), row.line)
    found = {}
    for key, series in by_objective.items():
        ordered = _in_order(series, notes)
        if source.counters:
            ordered = list(_steps(ordered, source, notes))
        ordered = list(_possible(ordered, notes))
        found[key] = known_of(source.name, list(_slices(ordered, source)), notes, key[0])
    return found


def _in_order(rows: list[Row], notes: Notes) -> list[Row]:
    for before, row in pairwise(rows):
        if row.instant < before.instant:
            message = f"{format_instant(row.instant)} stands after {format_instant(before.instant)}; rows are sorted"
            notes.add("out of order", message, row.line, row.service, bad=False)
    return sorted(rows, key=lambda row: row.instant)


def _steps(rows: list[Row], source: Source, notes: Notes) -> Iterator[Row]:
    """What was counted between neighbours: a row for the time between them."""
    for before, row in pairwise(rows):
        good, total = row.good - before.good, row.total - before.total
        between = f"between {format_instant(before.instant)} and {format_instant(row.instant)}"
        if row.instant == before.instant:
            if good or total:
                notes.add("doubled", f"{format_instant(row.instant)} has two counts", row.line, row.service)
        elif good < 0 or total < 0:
            notes.add("counter reset", f"a counter fell {between}: nothing is known of it", row.line, row.service,
                      bad=False)  # fmt: skip
        elif row.instant - before.instant < 2 * source.interval:
            yield replace(row, instant=before.instant, until=row.instant, good=good, total=total)


def _possible(rows: Iterable[Row], notes: Notes) -> Iterator[Row]:
    for row in rows:
        if row.up is None and row.good > row.total:
            when = format_instant(row.instant)
            notes.add("more good than all", f"more went well than happened at {when}: not used", row.line, row.service)
        else:
            yield row


def _slices(rows: list[Row], source: Source) -> Iterator[Slice]:
    starts = [row.instant for row in rows]
    for index, row in enumerate(rows):
        lost = lost_share(row, source.threshold)
        if lost is None:
            continue
        until = row.until
        if until is None:
            until = row.instant + source.interval
            later = bisect_right(starts, row.instant, index + 1)
            until = until if later == len(rows) else min(until, starts[later])
        yield Slice(Interval(row.instant, until), lost, row.line)


def known_of(source: str, slices: list[Slice], notes: Notes, service: str) -> Measured:
    """The slices as one, less those of whose time there are two opinions."""
    disputed: list[Interval] = []
    clean: list[Slice] = []
    latest: Slice | None = None
    for item in sorted(slices, key=lambda item: (item.span, item.line)):
        if latest is not None and item.span.start < latest.span.end:
            both = Interval(item.span.start, min(item.span.end, latest.span.end))
            if item.lost != latest.lost:
                disputed.append(both)
                message = f"says other than line {latest.line} of {format_instant(both.start)}"
                notes.add("contradiction", message if item.line else message.replace(" line 0", " before"),
                          item.line, service)  # fmt: skip
            else:
                notes.add("doubled", f"says again what line {latest.line} says of {format_instant(both.start)}",
                          item.line, service, bad=False)  # fmt: skip
        clean.append(item)
        if latest is None or item.span.end > latest.span.end:
            latest = item
    known = Intervals(item.span for item in clean) - Intervals(disputed)
    return Measured(source, known, tuple(_losses(clean, known)))


def _losses(slices: Iterable[Slice], known: Intervals) -> Iterator[Loss]:
    """The losses within what is known, neighbours that lost alike as one."""
    spans: dict[Fraction, list[Interval]] = {}
    for item in slices:
        if item.lost:
            spans.setdefault(item.lost, []).append(item.span)
    found = [Loss(span, share) for share, parts in spans.items() for span in Intervals(parts) & known]
    yield from sorted(found, key=lambda loss: loss.span)
