"""Measure `itsm audit` and `report kpi`: `python benchmarks/history.py [--merges N] [--keep FOLDER]`.

A history of merges with signed approvals and evidence, one an hour, is built as that of demo/history is: each merge
plans a change or closes one. Then every merge is judged again without a cache, and once more with what that kept, and
both are divided by `git log --name-only` of the same range.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from measuring import program, run

from itsm_as_code.clock import format_instant as text

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "demo/history"))

import build
from story import CHANGE, DONE, FIRST, HOUR, SERVICES, Files, Landing

_LATER = 40
"""So many plans after a change was planned, it is closed: its window is over by then."""


def landings(count: int) -> list[Landing]:
    """Plans of changes in turns with the closing of earlier ones, an hour apart: windows do not overlap."""
    found = []
    for number in range(count):
        plan = number // 2
        is_done = bool(number % 2) and plan >= _LATER
        planned = plan - _LATER if is_done else plan if not number % 2 else number + count
        files = _change(planned, FIRST + 2 * HOUR * planned, is_done=is_done)
        owner = "cora" if SERVICES[planned % 3] == "stock-database" else "ben"
        found.append(Landing(f"Change {planned}", files, reviewer=owner, at=FIRST + HOUR * (number + 1)))
    return found


def _change(number: int, planned: datetime, *, is_done: bool) -> Callable[[datetime], Files]:
    start = planned + timedelta(days=2)
    service, title = SERVICES[number % 3], f"Version {number}"
    told = {"name": f"chg-{start:%Y%m%d}-{service}-{number}", "title": title, "service": service}
    told |= {"start": text(start), "end": text(start + HOUR), "rehearsed": f"{planned:%Y-%m-%d}"}
    whole = CHANGE.format(status="closed" if is_done else "scheduled", **told)
    whole += DONE.format(start=text(start), end=text(start + HOUR / 2), result="successful") if is_done else ""
    return lambda at: {f"changes/{start:%Y/%m/%d}/{told['name']}.yaml": whole}


def _processor() -> float:
    """Seconds that processors have worked for all that this process started and that has ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Build, measure, print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--merges", type=int, default=1_000)
    options.add_argument("--keep", type=Path, metavar="FOLDER")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="itsm-bench-") as name:
        folder = (chosen.keep or Path(name) / "history").resolve()
        if not folder.exists():
            build.with_evidence(folder, landings(chosen.merges))
        records, cache = folder / "records", Path(name) / "cache"
        floor = run(["git", "log", "--first-parent", "--name-only", "main"], records).seconds
        for label in ("cold", "warm"):
            before = _processor()
            told = run(program("audit", "--cache", cache), records, memory=True)
            work, ratio = _processor() - before, told.seconds / floor
            print(f"{chosen.merges:,} merges, {label}: {told.seconds:,.1f} s, {work:,.1f} s of processors, "
                  f"{told.megabytes:,.0f} MB, {ratio:,.1f} x git log --name-only ({floor:.2f} s)")  # fmt: skip
            print(*told.out.splitlines()[:3], sep="\n")


if __name__ == "__main__":
    main()
