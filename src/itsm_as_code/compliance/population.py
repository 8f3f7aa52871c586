"""What a control is judged on: the records of a kind, those of a period where it has one, and how a sample is drawn."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any, Final

from itsm_as_code.clock import Interval
from itsm_as_code.durations import parse_duration
from itsm_as_code.findings import parse_pointer
from itsm_as_code.measures.deadlines import utc_day
from itsm_as_code.records.catalogue import Record, get
from itsm_as_code.records.times import DONE, Times, read_instant

YEAR: Final = "P365D"
BEGAN: Final = "/spec/actual/start"
IN_PRODUCTION: Final = {"kind": "Change", "at": BEGAN}
"""Changes that reached production: work on them began, as they or the statements of their deployments say."""


@dataclass(frozen=True, slots=True)
class Population:
    """The records that a control is judged on, in order; ``undated`` are those that should say when they were, and do
    not, and ``unclear`` those of which it cannot be told, with the reason. ``said`` is the definition in words."""

    said: str
    members: tuple[Record, ...] = ()
    undated: tuple[Record, ...] = ()
    unclear: tuple[tuple[Record, str], ...] = ()


def period_of(spec: Mapping[str, Any], now: datetime, begins: datetime | None, ends: datetime | None) -> Interval:
    """The period over which a control is judged: as somebody asks, else the control's own, up to now."""
    end = min(ends, now) if ends is not None else now
    if begins is None:
        first = parse_duration(spec.get("period", YEAR)).last_start(utc_day(end))
        begins = datetime.combine(first, time(), UTC)
    return Interval(min(begins, end), end)


def when(record: Record, pointer: str, started: Mapping[str, datetime], times: Times | None = None) -> datetime | None:
    """When a record was; work on a change begins at the latest when the first statement of a deployment says so.

    ``times`` are those of all changes, where they are known.
    """
    is_work = record.id.kind == "Change" and pointer == BEGAN
    if is_work and times is not None:
        said = times.began(record.name)
    else:
        said = read_instant(get(record.data, parse_pointer(pointer)))
    if is_work and record.name in started:
        return min(said or started[record.name], started[record.name])
    return said


def population(
    entry: Mapping[str, Any],
    records: Iterable[Record],
    period: Interval,
    now: datetime,
    started: Mapping[str, datetime],
    times: Times | None = None,
) -> Population:
    """Those of some records, which are of the kind, that lie in the period; ``times`` as above."""
    pointer, told = entry.get("at"), list(records)
    unclear = [(record, "cannot be used, for it breaks its schema") for record in told if not record.valid]
    said = f"records of kind {entry['kind']}"
    if "where" in entry:
        said += f" of which {' '.join(entry['where'].split())}"
    if pointer is None:
        return Population(f"{said}, as they stand", tuple(item for item in told if item.valid), (), tuple(unclear))
    members, undated = [], []
    for record in filter(lambda record: record.valid, told):
        at = when(record, pointer, started, times)
        if at is None:
            if record.id.kind != "Change" or (times.is_done(record.name) if times else record.state in DONE):
                undated.append(record)
        elif at > now:
            unclear.append((record, "says a time that is still to come"))
        elif at in period or at == now == period.end:
            members.append(record)
    said += f", whose {pointer}{' (or first deployment)' if pointer == BEGAN else ''} lies in the period"
    return Population(said, tuple(members), tuple(undated), tuple(unclear))


def drawn(names: Sequence[str], count: int, seed: str) -> tuple[str, ...]:
    """A sample that anybody draws alike, in the order of the names: those whose digest with the seed is least.

    The digest is SHA-256 of ``SEED:NAME``, in hexadecimal; the same seed draws the same of the same population.
    """
    digests = {name: hashlib.sha256(f"{seed}:{name}".encode()).hexdigest() for name in names}
    chosen = set(sorted(digests, key=digests.__getitem__)[:count])
    return tuple(name for name in names if name in chosen)


def digest(names: Iterable[str]) -> str:
    """A digest of a population: SHA-256 of its names, one a line."""
    return "sha256:" + hashlib.sha256("".join(f"{name}\n" for name in names).encode()).hexdigest()
