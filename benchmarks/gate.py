"""Measure the gate on a large repository: `python benchmarks/gate.py [--services N] [--changes N] [--rounds N]`.

`--keep FOLDER` leaves the repository there, and measures on it again when it is there already; `--only TEXT` runs the
commands whose names have the text (`warm`).

`--growth` does it all once more with twice the records, and says how much more the gate costs then.

A pull request touches three records. Each figure is the median of several rounds, whole processes one after another
in turn; the floor is what git and an interpreter with two imports take, in the same run, and the other measure is
PyYAML's CSafeLoader over the same files in one process. Ratios travel between machines; seconds do not.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import corpus

CSAFE = """
import pathlib, yaml
for path in pathlib.Path(".").rglob("*.yaml"):
    yaml.load(path.read_bytes(), yaml.CSafeLoader)
"""
REPOSITORY = Path(__file__).resolve().parent.parent
NOW = "2026-11-22T12:00:00Z"
PERSON = "person-0001"
CHANGE = f"""\
apiVersion: itsm/v1
kind: Change
metadata: {{name: chg-20261201-tune, title: Tune the queue}}
spec:
  type: normal
  services: [service-00005]
  requester: {PERSON}
  implementers: [{PERSON}]
  summary: Send in smaller batches.
  justification: The provider throttles large batches.
  schedule: {{start: "2026-12-01T20:00:00Z", end: "2026-12-01T22:00:00Z"}}
  implementation: {{steps: [Set the batch size to 500], minutes: 10}}
  test: {{summary: Sent to ourselves., passed: true, evidence: [{{title: Run, url: "https://ci.example.org/1"}}]}}
  backout: {{steps: [Set it back, Restart], minutes: 10, rehearsedOn: "2026-11-20"}}
  status: proposed
"""


def main() -> None:
    """Write the repository, open the pull request, measure."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--services", type=int, default=10_000)
    options.add_argument("--changes", type=int, default=100_000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--keep", type=Path, metavar="FOLDER")
    options.add_argument("--only", default="", metavar="TEXT")
    options.add_argument("--growth", action="store_true")
    chosen = options.parse_args()
    seconds = at_size(chosen, 1).get(WARM_GATE)
    if chosen.growth and seconds:
        print(f"with twice the records the gate costs {at_size(chosen, 2)[WARM_GATE] / seconds:.2f} times as much")


def at_size(chosen: argparse.Namespace, times: int) -> dict[str, float]:
    """Measure with so many times the records."""
    with tempfile.TemporaryDirectory(prefix="itsm-bench-") as name:
        folder = (chosen.keep or Path(name)).resolve() / (f"times-{times}" if times > 1 else "")
        root = folder / "repository"
        if not (folder / "reviews.json").exists():
            corpus.write(root, chosen.services * times, chosen.changes * times)
            shutil.copytree(REPOSITORY / "policies", root / "policies")
            pull_request(root)
        return measure(root, Path(name).resolve() / "cache", chosen.rounds, chosen.only)


PARSING = "PyYAML's CSafeLoader"


def git(root: Path, *arguments: str) -> None:
    """Run git as the author of the pull request."""
    who = ("-c", f"user.name={PERSON}", "-c", f"user.email={PERSON}@example.org")
    subprocess.run(["git", *who, *arguments], cwd=root, check=True, capture_output=True)


def pull_request(root: Path) -> None:
    """A branch that adds a change and edits two services."""
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "Base")
    git(root, "checkout", "-q", "-b", "topic")
    change = root / "changes/2026/12/01/chg-20261201-tune.yaml"
    change.parent.mkdir(parents=True)
    change.write_text(CHANGE)
    for number in (5, 6):
        service = root / f"services/service-{number:05d}.yaml"
        service.write_text(service.read_text().replace("rto: PT4H", "rto: PT3H"))
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "Tune")
    git(root, "checkout", "-q", "main")
    (root.parent / "reviews.json").write_text(json.dumps({"author": PERSON, "reviews": []}))


WARM_GATE = "itsm gate, warm cache"


def measure(root: Path, cache: Path, rounds: int, only: str) -> dict[str, float]:
    """Print the table, and stop when a cache made a difference to what was said. Gives the seconds by name."""
    itsm = [sys.executable, "-m", "itsm_as_code"]
    gate = [*itsm, "gate", "-q", "--now", NOW, "--base", "main", "--head", "topic", "--reviews", "../reviews.json"]
    gate += ["--format", "json"]
    validate = [*itsm, "validate", "-q", "--now", NOW, "--rev", "main"]
    of_files = [*itsm, "validate", "-q", "--now", NOW, "--cache", str(cache)]
    warm = ["--cache", str(cache)]
    commands = {
        "git diff --stat main...topic": ["git", "diff", "--stat", "main...topic"],
        "python -c 'import click, orjson'": [sys.executable, "-c", "import click, orjson"],
        PARSING: [sys.executable, "-c", CSAFE],
        "itsm validate, no cache": validate,
        "itsm gate, no cache": gate,
        "itsm validate, warm cache": [*validate, *warm],
        "itsm validate of files, warm cache": of_files,
        WARM_GATE: [*gate, *warm],
    }
    floor = list(commands)[:2]
    commands = {name: command for name, command in commands.items() if only in name or name in (*floor, PARSING)}
    run([*validate, *warm], root)  # fills the cache, as a run of the default branch would
    run(of_files, root)
    times: dict[str, list[float]] = {name: [] for name in commands}
    memory: dict[str, int] = {}
    said: dict[str, str] = {}
    for _ in range(rounds):
        for name, command in commands.items():
            seconds, said[name], memory[name] = run(command, root)
            times[name].append(seconds)
    found = {name: statistics.median(values) for name, values in times.items()}
    least = sum(found[name] for name in floor)
    for name, seconds in found.items():
        ratios = f"{seconds / least:7.1f} x  {seconds / found[PARSING]:6.2f} x parsing"
        print(f"  {name:<40} {seconds:8.2f} s  {ratios}  {memory[name] / 1024:7.0f} MB at most")
    cold, validating = (found.get(f"itsm {command}, no cache") for command in ("gate", "validate"))
    if cold and validating:
        print(f"  the gate without a cache costs {cold / validating:.2f} times what validating costs")
    for command in ("validate", "gate"):
        if len({text for name, text in said.items() if name.startswith(f"itsm {command},")}) > 1:
            sys.exit(f"itsm {command} says something else with a cache")
    return found


def run(command: list[str], root: Path) -> tuple[float, str, int]:
    """Seconds, standard output, and the most memory in kB. Exit codes 0 and 1 are both answers."""
    start = time.perf_counter()
    with tempfile.TemporaryFile("w+") as errors:  # a pipe that nobody reads would fill up
        process = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=errors, text=True)
        assert process.stdout is not None
        out = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        errors.seek(0)
        if process.returncode not in (0, 1):
            sys.exit(f"{' '.join(command)} failed: {errors.read()}")
    return seconds, out, _kilobytes(usage)


def _kilobytes(usage: resource.struct_rusage) -> int:
    return usage.ru_maxrss // (1024 if sys.platform == "darwin" else 1)


if __name__ == "__main__":
    main()
