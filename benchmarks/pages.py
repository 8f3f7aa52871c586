"""Measure building a site: `python benchmarks/pages.py [--services N] [--changes N] [--rounds N]`.

Prints for each round the processor seconds of making and writing all files, divided by those of parsing the records in
this run, and by how much memory grew over that of the judged records. From the second round on nothing but the page
about the build has changed.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import corpus

from itsm_as_code import site
from itsm_as_code.records.document import parse
from itsm_as_code.snapshot import WorkTree
from itsm_as_code.validation import validate

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def main() -> None:
    """Make the corpus, judge it, build its site, print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--services", type=int, default=450)
    options.add_argument("--changes", type=int, default=4_300)
    options.add_argument("--rounds", type=int, default=2)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="itsm-bench-") as name:
        root = Path(name)
        sources = [path.read_bytes() for path in corpus.write(root / "records", chosen.services, chosen.changes)]
        start = time.process_time()
        for source in sources:
            parse(source)
        parsing = time.process_time() - start
        validation = validate(WorkTree(root / "records"), NOW)
        before = _peak()
        print(f"{len(validation.catalogue)} records: parsing takes {parsing:.2f} s, judging leaves {before:.0f} MB")
        for number in range(chosen.rounds):
            start = time.process_time()
            pages = site.write(site.build(validation, f"round {number}"), root / "site")
            taken = time.process_time() - start
            print(
                f"  {pages} pages: {taken:.2f} s, {taken / parsing:.2f} x parsing; "
                f"{_peak() - before:.0f} MB more, {_peak() / before:.2f} x the records"
            )


def _peak() -> float:
    """The most memory that this process has had, in MB (ru_maxrss counts kB on Linux)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
