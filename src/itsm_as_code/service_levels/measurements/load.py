"""From sources to measurements: each is read by itself, and what is wrong with one says nothing of the others."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from itsm_as_code.clock import Intervals, format_instant
from itsm_as_code.findings import Finding, Location, Rule, Severity, did_you_mean
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.measured import Measured, Measurements, Monitoring
from itsm_as_code.service_levels.budget import has_budget
from itsm_as_code.service_levels.measurements import csv_table
from itsm_as_code.service_levels.measurements.samples import Note, Notes, measured, told
from itsm_as_code.service_levels.measurements.settings import Settings, Source
from itsm_as_code.snapshot import Snapshot

MEASUREMENTS_READABLE: Final = Rule(
    "measurements-readable",
    "Measurements can be read, each line of them",
    Severity.ERROR,
    "itsm.yaml names CSV files of measurements (`measurements.sources`), which may stop changes. A line that cannot be "
    "read, that contradicts another one, or that speaks of what nobody has, is not used. Until a line that cannot be "
    "read or contradicts is mended, the error budgets of its service (of all, where the line does not say) cannot be "
    "computed, and changes are stopped.",
)
RULES = (MEASUREMENTS_READABLE,)

Found = dict[tuple[str, str], Measured]


@dataclass(frozen=True, slots=True)
class Reading:
    """What one source says, what is odd about it, and a digest of it."""

    found: Found
    notes: Notes
    identity: bytes = b""


Reader = Callable[[Source], Reading]


def of_snapshot(snapshot: Snapshot, settings: Mapping[str, Any]) -> Monitoring:
    """What the sources say that may stop changes: files of the snapshot, and nothing from anywhere else.

    What cannot be relied on is refused, not left out: no stop goes away because a file is broken.
    """
    chosen = Settings.of(settings)

    def load() -> Measurements:
        readings = [_of_file(snapshot, source) for source in chosen.sources if source.stops]
        return _joined(readings, chosen.gaps, strict=True)

    return Monitoring(load)


def of_all(
    snapshot: Snapshot, settings: Mapping[str, Any], facts: Facts, now: datetime, readers: Mapping[str, Reader]
) -> tuple[Monitoring, tuple[Note, ...]]:
    """What all sources say, and what is odd about them; bad lines are left out, and the rest counts.

    ``readers`` read what is no CSV file, by the type of the source; of a type that has none a note says so.
    """
    chosen = Settings.of(settings)
    notes: list[Note] = []
    readings = []
    for source in chosen.sources:
        reader = (lambda source: _of_file(snapshot, source)) if source.type == "csv" else readers.get(source.type)
        readings.append(one := (reader or _nobody_reads)(source))
        notes += [*one.notes.told(), *strangers(one, facts).told(), *_future(one, source, now).told()]
    joined = _joined(readings, chosen.gaps, strict=False)
    return Monitoring(lambda: joined), tuple(notes)


def _future(reading: Reading, source: Source, now: datetime) -> Notes:
    """What a source says of time to come, which nobody can have measured."""
    notes = Notes(source.name)
    for (service, objective), one in sorted(reading.found.items()):
        if one.newest > now + source.interval:
            message = f"speaks of {objective} of {service} until {format_instant(one.newest)}"
            notes.add("future", f"{message}; what lies after now is not used", 0, service, bad=False)
    return notes


def _nobody_reads(source: Source) -> Reading:
    return unread(source, f"sources of type {source.type} are not asked here")


def _joined(readings: Iterable[Reading], gaps: str, *, strict: bool) -> Measurements:
    found: dict[tuple[str, str], tuple[Measured, ...]] = {}
    refused: dict[str, str] = {}
    digest = hashlib.sha256()
    for reading in readings:
        digest.update(reading.identity)
        for key, one in reading.found.items():
            found[key] = (*found.get(key, ()), one)
        for note in reading.notes.told() if strict else ():
            if note.bad:
                refused.setdefault(note.service, told(note))
    return Measurements(found, gaps, refused, refused.pop("", ""), digest.hexdigest())


def _of_file(snapshot: Snapshot, source: Source) -> Reading:
    entry = snapshot.entries.get(source.place)
    if entry is None or not entry.is_regular:
        return unread(source, f"there is no file {source.place}")
    ((_, content),) = snapshot.read_many([source.place])
    if isinstance(content, OSError):
        return unread(source, f"{source.place} cannot be read: {content.strerror}")
    return _of_csv(source, content)


def unread(source: Source, why: str) -> Reading:
    """What a source says that could not be read at all."""
    notes = Notes(source.name)
    notes.add("no file", f"{why}. Nothing was used")
    return Reading({}, notes, why.encode("utf-8", "surrogateescape"))


@lru_cache(maxsize=16)  # what judges and what is judged have mostly the same files
def _of_csv(source: Source, content: bytes) -> Reading:
    notes = Notes(source.name)
    found = measured(source, csv_table.read(content, notes), notes)
    return Reading(found, notes, hashlib.sha256(content).digest())


def taken_back(
    base: Snapshot, candidate: Snapshot, settings: Mapping[str, Any], paths: Collection[str]
) -> Iterator[tuple[str, str]]:
    """Path and service of what a file of the base says failed, and that of the candidate does not, or less of it."""
    for source in Settings.of(settings).sources:
        if source.stops and source.place in paths:
            before, after = (_of_file(snapshot, source).found for snapshot in (base, candidate))
            for (service, objective), one in sorted(before.items()):
                if _is_less(one, after.get((service, objective))):
                    yield source.place, service


def _is_less(before: Measured, after: Measured | None) -> bool:
    return any(
        Intervals([loss.span])
        - Intervals(other.span for other in (after.within(loss.span) if after else ()) if other.share >= loss.share)
        for loss in before.losses
    )


def strangers(reading: Reading, facts: Facts) -> Notes:
    """Of each service and objective that a source names and nobody has a note."""
    notes = Notes(reading.notes.source)
    for service, objective in sorted(reading.found):
        line = reading.notes.first.get((service, objective), 0)
        agreements = facts.agreements_by_service.get(service, ())
        promised = {item["name"]: item for agreement in agreements for item in agreement["spec"]["objectives"]}
        if facts.record("Service", service) is None:
            hint = did_you_mean(service, (data["metadata"]["name"] for data in facts.records("Service")))
            notes.add("unknown service", f"there is no service '{service}'{_hinted(hint)}", line)
        elif objective not in promised:
            what = f"no agreement about {service} has the objective '{objective}'"
            notes.add("unknown objective", f"{what}{_hinted(did_you_mean(objective, promised))}", line)
        elif not has_budget(promised[objective]):
            what = f"the objective {objective} of {service} is no availability to reach, in percent"
            notes.add("other objective", f"{what}: it is not measured", line)
    return notes


def _hinted(hint: str) -> str:
    return f"; {hint} Nothing of it was used" if hint else ". Nothing of it was used"


def findings(
    snapshot: Snapshot, settings: Mapping[str, Any], facts: Facts, paths: Collection[str] | None = None
) -> Iterator[Finding]:
    """What is wrong with the files of measurements that a snapshot has; of these ``paths`` alone, if there are any."""
    for source in Settings.of(settings).sources:
        if source.stops and (paths is None or source.place in paths):
            reading = _of_file(snapshot, source)
            for note in (*reading.notes.told(), *strangers(reading, facts).told()):
                if note.bad:
                    where = Location(source.place, note.line or None, 1 if note.line else None)
                    message = f"measurements '{source.name}': {note.message}"
                    remedy = "mend the line, or take it out" if note.line else "mend the file"
                    yield Finding(MEASUREMENTS_READABLE.id, MEASUREMENTS_READABLE.severity, where, message, remedy)
