"""The table as Parquet, in Ibis expressions: on DuckDB in this process, or on Spark where it outgrows one machine.

What is asked of the rows is one look at each (:func:`buckets`): which instants of a regular grid they stand on, and on
which something was lost, as bits, 52 to a bucket. Where each instant stands there once and speaks of one interval, and
what failed failed alike, the bits say all. The rows of other objectives (doubled, off the grid, of other lengths or of
many shares) are fetched and looked at one by one, as rows of CSV are.
Source: https://ibis-project.org/reference/.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, NamedTuple

from itsm_as_code.clock import Interval
from itsm_as_code.service_levels.measurements.load import Reading, unread
from itsm_as_code.service_levels.measurements.samples import BILLION, Notes, Slice, known_of
from itsm_as_code.service_levels.measurements.settings import Source

EXTRAS: Final = {"duckdb": "measurements", "pyspark": "spark"}
"""The extra of this package that brings each engine."""
MOST_ROWS: Final = 1_000_000
"""Rows that are looked at one by one."""
SLOTS: Final = 52
"""Instants of the grid in a bucket. Their bits are added up: the sum has as many bits as there are rows exactly where
each row has an instant of its own. What is left of 64 bits holds the sum of doubled rows."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TICK: Final = timedelta(microseconds=1)
_KEY: Final = ("service", "objective")


class _Bucket(NamedTuple):
    service: str
    objective: str
    bucket: int
    rows: int
    bad: int
    bits: int
    failed: int
    least: int | None
    most: int | None
    phase: int
    is_even: bool


def connected(engine: str) -> Any:
    """A connection of Ibis to an engine of this machine, with all clocks in UTC; ImportError without its extra."""
    import ibis

    if engine == "duckdb":
        connection = ibis.duckdb.connect(threads=2)
        connection.raw_sql("SET timezone = 'UTC'; SET memory_limit = '768MB'")
        return connection
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[2]").config("spark.sql.session.timeZone", "UTC")
    builder = builder.config("spark.ui.enabled", "false").config("spark.sql.ansi.enabled", "false")
    return ibis.pyspark.connect(builder.getOrCreate())


def read(source: Source, folder: Path) -> Reading:
    """What a Parquet file below a folder says."""
    path = folder / source.place
    if not path.is_file() or path.is_symlink():
        return unread(source, f"there is no file {source.place}")
    try:
        connection = connected(source.engine)
    except ImportError:
        return unread(
            source, f"Parquet files need more of the program: pip install 'itsm-as-code[{EXTRAS[source.engine]}]'"
        )
    try:
        table = connection.read_parquet(str(path))
        problem = _problem(table.schema())
        return unread(source, f"{source.place} {problem}") if problem else _read(samples(table, source), source)
    except Exception as error:  # each engine has its own, and a broken file is no bug
        return unread(source, f"{source.place} cannot be read: {str(error).splitlines()[0][:200]}")


def _problem(schema: Any) -> str:
    """What of a schema does not fit the table; empty where all does."""
    columns = dict(schema.items())
    missing = [name for name in (*_KEY, "instant") if name not in columns]
    values = {"up"} & columns.keys() or {"good", "total"} & columns.keys()
    unknown = sorted(columns.keys() - {*_KEY, "instant", "until", *values})
    if missing or values not in ({"up"}, {"good", "total"}):
        return f"lacks the column {(missing or ['up'])[0]}"
    if unknown:
        return f"has the unknown column {unknown[0]}"
    for name, type_ in columns.items():
        fits = type_.is_string() if name in _KEY else type_.is_timestamp() if name in ("instant", "until") else None
        if fits is None:
            fits = type_.is_integer() or (name == "up" and (type_.is_numeric() or type_.is_boolean()))
        if not fits:
            return f"has the column {name} as {type_}"
    return ""


def samples(table: Any, source: Source) -> Any:
    """The rows as numbers: ``at`` and ``end`` in microseconds since 1970, ``lost`` in billionths; null where bad.

    Shares as binary numbers are taken to the nearest billionth. Of no events, nothing is known.
    """
    import ibis

    step = source.interval // _TICK
    at = _microseconds(table.instant)
    end = at + step
    if "until" in table.columns:
        end = ibis.ifelse(table.until.isnull(), end, _microseconds(table.until))
    if "up" in table.columns:
        up = table.up.cast("int64") if table.up.type().is_boolean() else table.up
        share = ibis.ifelse(up.cast("float64").isnan(), None, up.cast("float64"))
        lost = BILLION - (share * BILLION).round().cast("int64")
        kept = table
    else:
        good, total = table.good.cast("int64"), table.total.cast("int64")
        fits = (good >= 0) & (good <= total) & (total < 9 * BILLION)
        lost = ibis.ifelse(fits, ((total - good) * BILLION + total - 1) // total.nullif(0), None).cast("int64")
        kept = table.filter((table.total != 0) | table.total.isnull())
    if source.threshold is not None:
        most = BILLION - int(source.threshold * BILLION)
        lost = ibis.ifelse(lost.isnull(), None, (lost > most).cast("int64") * BILLION)
    found = kept.select(*_KEY, at=at, end=end, lost=lost)
    is_bad = (
        found.service.isnull()
        | found.objective.isnull()
        | found.lost.isnull()
        | found.at.isnull()
        | (found.end <= found.at)
        | ~found.lost.between(0, BILLION)
    )
    return found.mutate(bad=is_bad.fill_null(True).cast("int64"))


def _microseconds(moment: Any) -> Any:
    """The one thing that engines have under different names."""
    import ibis

    name = {"duckdb": "epoch_us", "pyspark": "unix_micros"}[moment.get_backend().name]
    count = ibis.udf.scalar.builtin(name=name, signature=(("timestamp('UTC')",), "int64"))(lambda moment: ...)
    return count(moment.cast("timestamp('UTC')"))


def buckets(rows: Any, source: Source) -> Any:
    """For each service, objective and bucket: how many rows, on which instants, and whether they are even."""
    import ibis

    step = source.interval // _TICK
    on_grid = rows.at - rows.at % step
    numbered = rows.mutate(number=on_grid // step)  # whole multiples, which also a division of doubles gives exactly
    slot = numbered.number % SLOTS
    fine = numbered.bad == 0
    power = (ibis.literal(2.0, "float64") ** slot).cast("int64")  # exact, and of 64 bits everywhere
    bit = ibis.ifelse(fine, power, ibis.literal(0, "int64"))
    phase = ibis.ifelse(fine, rows.at % step, None)
    length = ibis.ifelse(fine, rows.end - rows.at, None)
    lost = ibis.ifelse(fine & (rows.lost > 0), rows.lost, None)
    failed = ibis.ifelse(lost.isnull(), ibis.literal(0, "int64"), bit)
    placed = numbered.mutate(
        bucket=(numbered.number - slot) // SLOTS, bit=bit, failed=failed, phase=phase, length=length, share=lost
    )  # fmt: skip
    told = placed.group_by(*_KEY, "bucket").aggregate(
        rows=placed.count(), bad=placed.bad.sum(), bits=placed.bit.sum(), phase=placed.phase.min(),
        last=placed.phase.max(), shortest=placed.length.min(), longest=placed.length.max(),
        failed=placed.failed.sum(), least=placed.share.min(), most=placed.share.max(),
    )  # fmt: skip
    is_even = (told.phase == told["last"]) & (told.shortest == step) & (told.longest == step)
    return told.select(*_KEY, "bucket", "rows", "bad", "bits", "failed", "least", "most", "phase", is_even=is_even)


def _read(rows: Any, source: Source) -> Reading:
    notes = Notes(source.name)
    by_key: dict[tuple[str, str], list[_Bucket]] = {}
    bad: Counter[str] = Counter()
    for item in _fetched(buckets(rows, source)):
        one = _Bucket(*item)
        bad[one.service or ""] += one.bad
        if one.rows > one.bad:
            by_key.setdefault((one.service, one.objective), []).append(one)
    for service in filter(bad.get, bad):
        message = f"{bad[service]:,} rows are no measurement: no or a wrong number, or no time"
        notes.add("bad rows", f"{message}. Nothing of them was used", 0, service)
    ragged = [key for key, found in by_key.items() if not _is_even(found)]
    known = {
        key: known_of(source.name, _even(found, source.interval // _TICK), notes, key[0])
        for key, found in by_key.items()
        if key not in ragged
    }
    uneven: dict[tuple[str, str], list[_Span]] = {}
    for service, objective, at, end, share in _fetched(_all_of(rows, ragged)) if ragged else ():
        uneven.setdefault((service, objective), []).append((at, end, share))
    for key, spans in uneven.items():
        known[key] = known_of(source.name, list(_uneven(spans, source.interval // _TICK)), notes, key[0])
    return Reading(known, notes)


_Span = tuple[int, int, int]
"""When it begins and ends, in microseconds since 1970, and how many billionths of it were lost."""


def _fetched(expression: Any) -> Iterator[tuple[Any, ...]]:
    table = expression.to_pyarrow()
    return zip(*(column.to_pylist() for column in table.columns), strict=True)


def _all_of(rows: Any, keys: list[tuple[str, str]]) -> Any:
    """The rows of some objectives, one by one; ValueError where they are too many for that."""
    named = (rows.service + "/" + rows.objective).isin(["/".join(key) for key in keys])
    found = rows.filter((rows.bad == 0) & named).select(*_KEY, "at", "end", "lost")
    count = int(found.count().to_pyarrow().as_py())
    if count > MOST_ROWS:
        message = f"{count:,} rows would be looked at one by one, and at most {MOST_ROWS:,} are"
        raise ValueError(f"{message}: let rows stand on a regular grid, or give the source a threshold")
    return found


def _is_even(found: list[_Bucket]) -> bool:
    """True where each instant of one grid stands there once, speaks of one interval, and failed like its neighbours."""
    each = all(
        item.is_even and item.least == item.most and item.rows - item.bad == item.bits.bit_count() for item in found
    )
    return each and len({item.phase for item in found}) == 1


def _even(found: list[_Bucket], step: int) -> list[Slice]:
    runs: list[tuple[int, int, int]] = []
    for item in sorted(found, key=lambda item: item.bucket):
        for bits, share in ((item.bits & ~item.failed, 0), (item.failed, item.least or 0)):
            for first, end in _ones(bits):
                runs.append((first + item.bucket * SLOTS, end + item.bucket * SLOTS, share))
    joined: list[tuple[int, int, int]] = []
    for first, end, share in sorted(runs):
        if joined and joined[-1][1:] == (first, share):
            joined[-1] = (joined[-1][0], end, share)
        else:
            joined.append((first, end, share))
    phase = found[0].phase
    return [
        Slice(_interval(first * step + phase, end * step + phase), Fraction(share, BILLION), 0)
        for first, end, share in joined
    ]


def _ones(bits: int) -> Iterator[tuple[int, int]]:
    """The runs of set bits, each as its first bit and the one after its last."""
    at = 0
    while bits:
        zeros = (bits & -bits).bit_length() - 1
        bits >>= zeros
        ones = (~bits & (bits + 1)).bit_length() - 1
        bits >>= ones
        yield at + zeros, at + zeros + ones
        at += zeros + ones


def _uneven(spans: list[_Span], step: int) -> Iterator[Slice]:
    """Rows one by one; one that did not say until when ends where a later one begins."""
    spans.sort()
    starts = [at for at, _, _ in spans]
    for index, (at, end, share) in enumerate(spans):
        if end - at == step:
            later = bisect_right(starts, at, index + 1)
            end = end if later == len(starts) else min(end, starts[later])
        yield Slice(_interval(at, end), Fraction(share, BILLION), 0)


def _interval(start: int, end: int) -> Interval:
    return Interval(_EPOCH + start * _TICK, _EPOCH + end * _TICK)
