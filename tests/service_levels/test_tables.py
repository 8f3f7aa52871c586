"""Measurements as Parquet: the same figures as by CSV, on DuckDB and on Spark; and what cannot be read."""

from __future__ import annotations

import importlib.util
import json
import random
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from itsm_as_code.clock import format_instant
from itsm_as_code.records.measured import Measured
from itsm_as_code.service_levels.measurements import csv_table, tables
from itsm_as_code.service_levels.measurements.samples import Notes, measured
from itsm_as_code.service_levels.measurements.settings import Source
from tests.attacks.tools import AGREEMENT, AGREEMENT_PATH
from tests.conftest import Run, Workshop

parquet = pytest.importorskip("pyarrow.parquet", reason="the extra 'measurements' is not installed")
pyarrow: Any = pytest.importorskip("pyarrow")
NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
Row = tuple[str, str, datetime, datetime | None, int, int]


def source(**more: Any) -> Source:
    return Source("lake", "parquet", "lake.parquet", MINUTE, **more)


def written(folder: Path, columns: dict[str, Any]) -> None:
    parquet.write_table(pyarrow.table(columns), folder / "lake.parquet")


def of_rows(rows: list[Row], form: str) -> dict[str, Any]:
    instant = pyarrow.timestamp("us", tz="UTC")
    found = {
        "service": [row[0] for row in rows],
        "objective": [row[1] for row in rows],
        "instant": pyarrow.array([row[2] for row in rows], instant),
        "until": pyarrow.array([row[3] for row in rows], instant),
    }
    if form == "up":
        return found | {"up": pyarrow.array([row[4] / row[5] for row in rows], pyarrow.float64())}
    return found | {
        "good": pyarrow.array([row[4] for row in rows], pyarrow.int64()),
        "total": pyarrow.array([row[5] for row in rows], pyarrow.int64()),
    }


def by_csv(rows: list[Row], form: str, chosen: Source) -> dict[tuple[str, str], Measured]:
    lines = ["service,objective,instant,until," + ("up" if form == "up" else "good,total")]
    for service, objective, instant, until, good, total in rows:
        values = str(good / total) if form == "up" else f"{good},{total}"
        end = format_instant(until) if until else ""
        lines.append(f"{service},{objective},{format_instant(instant)},{end},{values}")
    return measured(chosen, csv_table.read("\n".join(lines).encode(), Notes("lake")), Notes("lake"))


def rows_of(pick: random.Random) -> Iterator[Row]:
    """Objectives on a grid, with gaps and failures; some off the grid, doubled, contradictory, or of many shares."""
    for number in range(6):
        kind = pick.choice(["clean", "clean", "gaps", "doubled", "jitter", "until", "shares"])
        start = NOW - pick.randrange(3000) * MINUTE + timedelta(seconds=pick.choice([0, 0, 7.25]))
        for step in range(pick.randrange(400)):
            instant = start + step * MINUTE
            if kind == "gaps" and step % 97 < 5:
                continue
            if kind == "jitter" and pick.random() < 0.1:
                instant += timedelta(milliseconds=pick.randrange(90_000))
            good = pick.choice([4] * 30 + [0]) if kind != "shares" else pick.randint(0, 4)
            until = instant + 3 * MINUTE if kind == "until" and pick.random() < 0.05 else None
            yield f"svc-{number}", "up", instant, until, good, 4
            if kind == "doubled" and pick.random() < 0.05:
                yield f"svc-{number}", "up", instant, None, pick.choice([good, 0]), 4


@pytest.mark.parametrize("worlds", [3, pytest.param(100, marks=pytest.mark.deep)])
def test_parquet_says_what_csv_says(tmp_path: Path, worlds: int) -> None:
    count = 0
    for seed in range(worlds):
        pick = random.Random(seed)
        rows, form = list(rows_of(pick)), pick.choice(["up", "good"])
        chosen = source(threshold=pick.choice([None, Fraction(1, 2), Fraction(1)]))
        written(tmp_path, of_rows(rows, form))
        reading = tables.read(chosen, tmp_path)
        assert [note.message for note in reading.notes.told() if "read" in note.message] == [], seed
        assert reading.found == by_csv(rows, form, chosen), seed
        count += len(rows)
    print(f"{worlds:,} random tables: {count:,} rows, each the same as by CSV")


def test_bad_rows_are_counted_and_not_used(tmp_path: Path) -> None:
    values = [1.0, float("nan"), -0.5, 1.5, None, 0.0]
    instants = [NOW + number * MINUTE for number in range(6)]
    columns = {"service": ["shop"] * 6, "objective": ["up"] * 6, "instant": instants, "up": values}
    written(tmp_path, columns)
    reading = tables.read(source(), tmp_path)
    (note,) = reading.notes.told()
    assert (note.service, note.message.split(":")[0]) == ("shop", "4 rows are no measurement")
    found = reading.found["shop", "up"]
    assert [(span.start.minute, span.end.minute) for span in found.known] == [(0, 1), (5, 6)]
    assert [(loss.span.start.minute, loss.share) for loss in found.losses] == [(5, Fraction(1))]


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no instant": ({"instant": None}, "lacks the column instant"),
    "no values": ({"up": None}, "lacks the column up"),
    "a column more": ({"note": ["x"]}, "has the unknown column note"),
    "text for a time": ({"instant": ["2026-11-22"]}, "has the column instant as string"),
    "text for a number": ({"up": ["1"]}, "has the column up as string"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_table_says_what_is_wrong(tmp_path: Path, name: str) -> None:
    change, why = WRONG[name]
    columns = {"service": ["shop"], "objective": ["up"], "instant": [NOW], "up": [1.0]} | change
    written(tmp_path, {key: value for key, value in columns.items() if value is not None})
    (note,) = tables.read(source(), tmp_path).notes.told()
    assert why in note.message
    assert note.message.endswith("Nothing was used")


def test_what_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "there is no file lake.parquet" in tables.read(source(), tmp_path).notes.told()[0].message
    (tmp_path / "lake.parquet").write_bytes(b"PAR1 and then nothing")
    (note,) = tables.read(source(), tmp_path).notes.told()
    assert "lake.parquet cannot be read: " in note.message
    monkeypatch.setitem(sys.modules, "ibis", None)
    (note,) = tables.read(source(), tmp_path).notes.told()
    assert note.message == (
        "Parquet files need more of the program: pip install 'itsm-as-code[measurements]'. Nothing was used"
    )


def test_itsm_sla_reads_it(itsm: Run, workshop: Workshop) -> None:
    workshop.write(AGREEMENT_PATH, AGREEMENT)
    source = "  measurements: {sources: [{name: lake, type: parquet, path: lake.parquet, interval: PT1M}]}\n"
    workshop.write("itsm.yaml", (workshop.path / "itsm.yaml").read_text() + source)
    start = datetime(2026, 11, 20, tzinfo=UTC)
    instants = [start + number * MINUTE for number in range(1440)]
    names = {"service": ["newsletter"] * 1440, "objective": ["availability"] * 1440}
    written(workshop.path, names | {"instant": instants, "up": [0] * 30 + [1] * 1410})
    now = ("--now", "2026-11-21T00:00:00Z", "--format", "json")
    (row,) = json.loads(itsm("-C", workshop.path, "sla", "newsletter", *now)[1])["objectives"]
    assert (row["lostSeconds"], row["servedSeconds"]) == ("1800", "86400")
    workshop.commit()
    code, out, _ = itsm("-C", workshop.path, "sla", "newsletter", "--rev", "topic", *now)
    assert code == 2
    assert "read from the work tree alone" in json.loads(out)["notes"][0]["message"]
    assert itsm("-C", workshop.path, "validate", *now)[0] == 0, "it only informs"


@pytest.mark.deep
@pytest.mark.skipif(importlib.util.find_spec("pyspark") is None, reason="the extra 'spark' is not installed")
def test_spark_and_duckdb_give_the_same_rows(tmp_path: Path) -> None:
    pick = random.Random(7)
    start = NOW - timedelta(days=30)
    count, chosen = 1_000_000, source()
    numbers = [pick.randrange(10**9) for _ in range(1000)]
    service = [f"svc-{number % 40:03d}" for number in range(count)]
    at = [start + (number // 40) * MINUTE + timedelta(seconds=numbers[number % 40] % 3 == 0) for number in range(count)]
    total = [numbers[number % 1000] % 50 for number in range(count)]
    good = [max(value - (numbers[number % 997] % 100 == 0), 0) for number, value in enumerate(total)]
    columns = {"service": service, "objective": ["up"] * count, "instant": at, "good": good, "total": total}
    written(tmp_path, columns)
    found = []
    for engine in ("duckdb", "pyspark"):
        table = tables.connected(engine).read_parquet(str(tmp_path / "lake.parquet"))
        rows = tables.buckets(tables.samples(table, chosen), chosen)
        answer = rows.order_by(["service", "objective", "bucket"]).to_pyarrow().to_pylist()
        found.append([{key: None if value is None else int(value) if key not in ("service", "objective") else value
                       for key, value in row.items()} for row in answer])  # fmt: skip
    assert found[0] == found[1]
    print(f"{count:,} rows on DuckDB and on Spark: {len(found[0]):,} buckets, each the same")
