"""Measure the checks across records against parsing: `python benchmarks/checks.py [--services N] [--changes N]`.

Every service has an agreement, and most of their promises cannot be kept, which is the dearest case; ``--kept`` leaves
the agreements out. Prints one ratio for the checks together and one for each of the slowest: processor seconds of
checking a catalogue in memory, divided by those of parsing its files, both in this process and this run.
"""

from __future__ import annotations

import argparse
import gc
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import corpus

from itsm_as_code.checks import Situation, all_checks
from itsm_as_code.configuration import Configuration
from itsm_as_code.records.document import parse
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.reading import load_catalogue
from itsm_as_code.snapshot import WorkTree

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def main() -> None:
    """Make the corpus, parse it, check it, print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--services", type=int, default=10_000)
    options.add_argument("--changes", type=int, default=100_000)
    options.add_argument("--kept", action="store_true", help="without agreements")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="itsm-bench-") as name:
        root = Path(name)
        paths = corpus.write(root, chosen.services, chosen.changes, agreements=not chosen.kept)
        sources = [path.read_bytes() for path in paths]
        gc.disable()
        start = time.process_time()
        for source in sources:
            parse(source)
        parsing = time.process_time() - start
        print(f"{chosen.services} services, {chosen.changes} changes: parsing takes {parsing:.2f} s")
        facts = Facts.of(load_catalogue(WorkTree(root), KindRegistry.load()))
    situation = Situation(NOW, Configuration())
    times: dict[str, float] = {}
    for check in all_checks():
        start = time.process_time()
        found = sum(1 for _ in check.run(facts, situation))
        times[f"{check.rule.id} ({found} problems)"] = time.process_time() - start
    total = sum(times.values())
    print(f"  {len(times)} checks together {total:.2f} s, {total / parsing:.2f} x parsing")
    for rule, seconds in sorted(times.items(), key=lambda item: -item[1])[:5]:
        print(f"    {rule:<52} {seconds:.2f} s, {seconds / parsing:.3f} x")


if __name__ == "__main__":
    main()
