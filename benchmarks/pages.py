"""Measure building a site: `python benchmarks/pages.py [--services N] [--changes N] [--processes N]`.

Prints the seconds of making and writing all files, and of doing so again over that site, divided by the processor
seconds of parsing the records in this run; how many pages were rendered; and by how much memory grew over that of the
judged records, that of all processes together as far as they share none.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import corpus

from itsm_as_code import site
from itsm_as_code.cache import Cache
from itsm_as_code.records.document import parse
from itsm_as_code.site.manifest import Memory
from itsm_as_code.snapshot import WorkTree
from itsm_as_code.validation import validate

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def main() -> None:
    """Make the corpus, judge it, build its site several times, print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--services", type=int, default=450)
    options.add_argument("--changes", type=int, default=4_300)
    options.add_argument("--processes", type=int, default=2)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="itsm-bench-") as name:
        root = Path(name)
        paths = corpus.write(root / "records", chosen.services, chosen.changes)
        start = time.process_time()
        for path in paths:
            parse(path.read_bytes())
        parsing = time.process_time() - start
        print(f"{len(paths)} services and changes: parsing takes {parsing:.2f} s")
        memory = site.memory(Cache(root / "cache"))
        three = (paths[chosen.services // 2], paths[chosen.services + 10], paths[-10])
        _build(root, "cold, one process", NOW, parsing)
        _build(root, "cold", NOW, parsing, chosen.processes, memory)
        _build(root, "nothing changed", NOW, parsing, chosen.processes, memory)
        for path in three:
            path.write_text(path.read_text().replace("title: ", "title: Other ", 1))
        _build(root, "three titles", NOW, parsing, chosen.processes, memory)
        _build(root, "a day later", NOW + timedelta(days=1), parsing, chosen.processes, memory)


def _build(
    root: Path, what: str, now: datetime, parsing: float, processes: int = 1, memory: Memory | None = None
) -> None:
    validation = validate(WorkTree(root / "records"), now)
    before, begun = _peak(), (time.monotonic(), _spent())
    built = site.publish(validation, "r", root / "site", remembered=memory, processes=processes)
    wall, spent = time.monotonic() - begun[0], _spent() - begun[1]
    print(
        f"  {what}: {built.rendered} pages rendered, {built.kept} kept; {spent:.2f} s of processors, "
        f"{spent / parsing:.2f} x parsing; {wall:.2f} s; {_peak() - before:.0f} MB more than {before:.0f}",
        flush=True,
    )


def _spent() -> float:
    """Processor seconds of this process and of those that it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(item.ru_utime + item.ru_stime for item in used)


def _peak() -> float:
    """The most memory that this process or one that it has waited for has had, in MB (ru_maxrss counts kB on Linux)."""
    return max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024


if __name__ == "__main__":
    main()
