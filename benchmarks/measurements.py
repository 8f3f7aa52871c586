"""Measure service levels: `python benchmarks/measurements.py [--services N] [--rounds N]` (the extra `measurements`).

Two ratios of one run. Parquet with 90 days of each service, every 26 minutes, read and made into the attainment of each
service, with hours and maintenance, divided by a hand-written SQL aggregation of the same file by service and day,
without calendars. And the attainment of ten times as many services from incidents alone, divided by PyYAML's
CSafeLoader parsing the same incidents.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import yaml

from itsm_as_code.clock import Interval, format_instant
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.measured import Measurements, Monitoring
from itsm_as_code.service_levels.attainment import attainment
from itsm_as_code.service_levels.measurements import tables
from itsm_as_code.service_levels.measurements.settings import Source
from itsm_as_code.service_levels.windows import Window

NOW = datetime(2026, 11, 22, tzinfo=UTC)
SPAN = Interval(NOW - timedelta(days=90), NOW)
HAND = "SELECT service, objective, date_trunc('day', instant), sum(up), count(*) FROM read_parquet(?) GROUP BY ALL"
WRITE = """
COPY (SELECT 'svc-' || lpad(CAST(s AS VARCHAR), 5, '0') AS service, 'availability' AS objective,
      TIMESTAMPTZ '2026-08-24 00:00:00+00' + INTERVAL (i * 26) MINUTE AS instant,
      CASE WHEN hash(s * 100003 + i // 12) %% 2000 = 0 THEN 0 ELSE 1 END AS up
      FROM range(%d) t(s), range(4984) u(i) ORDER BY s, i) TO '%s' (FORMAT parquet)
"""
OBJECTIVE = {"name": "availability", "hours": "hours", "exclude": ["upkeep"], "target": "99.9"}


def best(rounds: int, work: Callable[[], object]) -> float:
    """The least seconds of some rounds."""
    found = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return min(found)


def calendars() -> Iterator[dict[str, Any]]:
    weekly = {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "06:00", "to": "22:00"}
    upkeep = {"rrule": "FREQ=WEEKLY;BYDAY=SU", "dtstart": "2026-01-04T01:00:00", "duration": "PT4H"}
    for name, entry in (("hours", {"weekly": weekly}), ("upkeep", upkeep)):
        spec = {"kind": "service-hours", "timezone": "Europe/Berlin", "entries": [entry]}
        yield {"kind": "Calendar", "metadata": {"name": name}, "spec": spec}


def attained(facts: Facts, services: list[str]) -> list[Any]:
    """What each service attained in 90 days."""
    found = []
    for service in services:
        spec = {"type": "sla", "service": service, "effective": {"from": "2026-01-01"}}
        agreement = {"metadata": {"name": f"{service}-sla"}, "spec": spec}
        found.append(attainment(facts, agreement, OBJECTIVE, Window(SPAN, SPAN), NOW).attained)
    return found


def from_parquet(folder: Path) -> None:
    """Read the file, and work out every figure."""
    source = Source("lake", "parquet", "lake.parquet", timedelta(minutes=26))
    reading = tables.read(source, folder)
    assert reading.notes.told() == ()
    known = Measurements({key: (one,) for key, one in reading.found.items()})
    facts = Facts.from_records(calendars(), "Europe/Berlin", Monitoring(lambda: known))
    assert None not in attained(facts, sorted({service for service, _ in reading.found}))


def incidents(count: int) -> str:
    """As YAML, one document each."""
    parts = []
    for number in range(count):
        start = SPAN.start + timedelta(minutes=number * 12)
        outage = {"service": f"svc-{number:05d}", "start": format_instant(start), "kind": "full"}
        outage["end"] = format_instant(start + timedelta(minutes=number % 90 + 1))
        spec = {"services": [outage["service"]], "detectedAt": outage["start"], "status": "closed", "outages": [outage]}
        parts.append({"kind": "Incident", "metadata": {"name": f"inc-{number}"}, "spec": spec})
    return yaml.dump_all(parts)


def main() -> None:
    """Run the benchmarks."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--services", type=int, default=1000)
    options.add_argument("--rounds", type=int, default=3)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="itsm-bench-") as name:
        path = Path(name) / "lake.parquet"
        connection = duckdb.connect()
        connection.execute("SET threads = 2; SET timezone = 'UTC'")
        connection.execute(WRITE % (chosen.services, path))
        tables.connected("duckdb")  # what importing costs is paid once, whatever the size
        floor = best(chosen.rounds, lambda: connection.execute(HAND, [str(path)]).fetchall())
        taken = best(chosen.rounds, lambda: from_parquet(path.parent))
        rows = chosen.services * 4984
        print(f"  {rows:,} samples of {chosen.services:,} services: hand-written SQL {floor:.2f} s, "
              f"attainment with calendars {taken:.2f} s, {taken / floor:.2f} x, "
              f"at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10:,} MiB")  # fmt: skip
    count = chosen.services * 10
    text = incidents(count)
    floor = best(1, lambda: list(yaml.load_all(text, yaml.CSafeLoader)))
    records = list(yaml.load_all(text, yaml.CSafeLoader))
    services = [f"svc-{number:05d}" for number in range(count)]
    taken = best(chosen.rounds, lambda: attained(Facts.from_records([*calendars(), *records]), services))
    print(
        f"  {count:,} services from incidents alone: {taken:.2f} s, {taken / floor:.2f} x parsing them ({floor:.2f} s)"
    )


if __name__ == "__main__":
    main()
