"""Measure, and print ratios: `make bench`, or `python benchmarks/run.py [--records N] [--rounds N]`.

Each figure is the median of several rounds, whole processes one after another in turn, so that what is compared ran
under the same conditions. Ratios travel between machines; seconds do not.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import corpus

CSAFE = """
import sys, yaml
for path in sys.stdin.read().split("\\n"):
    with open(path, "rb") as file:
        yaml.load(file.read(), yaml.CSafeLoader)
"""
REPOSITORY = Path(__file__).resolve().parent.parent


def measure(commands: dict[str, tuple[list[str], str | None]], rounds: int, cwd: Path) -> dict[str, float]:
    """Median wall time of each command in seconds; the commands take turns. Exit codes 0 and 1 are both answers."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds + 1):
        for name, (command, feed) in commands.items():
            start = time.perf_counter()
            done = subprocess.run(command, input=feed, cwd=cwd, capture_output=True, text=True)
            times[name].append(time.perf_counter() - start)
            if done.returncode not in (0, 1):
                sys.exit(f"{name} failed: {done.stderr[-2000:]}")
    return {name: statistics.median(found[1:]) for name, found in times.items()}


def main() -> None:
    """Run the benchmarks."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--records", type=int, default=5000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--without-check-jsonschema", action="store_true", help="it takes minutes")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="itsm-bench-") as name:
        root = Path(name)
        services = chosen.records // 5
        paths = corpus.write(root, services, chosen.records - services)
        size = sum(path.stat().st_size for path in paths) / len(paths)
        print(f"{len(paths)} records ({services} services), {size:.0f} bytes each on average, seed {corpus.SEED}")
        validate_and_compare(root, paths, chosen)
    start_up(chosen.rounds)


def validate_and_compare(root: Path, paths: list[Path], chosen: argparse.Namespace) -> None:
    """itsm validate, with all this repository's packs and with none, beside PyYAML and check-jsonschema."""
    itsm = [sys.executable, "-m", "itsm_as_code", "validate", "-q", "--now", "2026-11-22T12:00:00Z"]
    files = "\n".join(map(str, paths))
    parse = [sys.executable, "-c", CSAFE]
    commands: dict[str, tuple[list[str], str | None]] = {
        "parse with PyYAML's CSafeLoader": (parse, files),
        "itsm validate": (itsm, None),
    }
    found = measure(commands, chosen.rounds, root)
    floor = found["parse with PyYAML's CSafeLoader"]
    for name, seconds in found.items():
        print(f"  {name:<52} {seconds:7.2f} s  {seconds / floor:5.2f} x")
    for pack in ("change-enablement", "operations", "organisation", "service-design"):
        shutil.copytree(REPOSITORY / "policies" / pack, root / "policies" / pack)
    shutil.copytree(REPOSITORY / "policies/controls", root / "policies/controls")
    with_policies = measure({"itsm validate": (itsm, None)}, chosen.rounds, root)["itsm validate"]
    count = sum(1 for _ in (root / "policies").rglob("*.yaml"))
    label = f"itsm validate with {count} policy and control files"
    print(f"  {label:<52} {with_policies:7.2f} s  {with_policies / floor:5.2f} x")
    if not chosen.without_check_jsonschema:
        seconds = check_jsonschema(root)
        print(f"  {'check-jsonschema, schemas alone':<52} {seconds:7.2f} s  {seconds / floor:5.2f} x")


def check_jsonschema(root: Path) -> float:
    """Seconds that check-jsonschema takes for the same files, one run for each kind."""
    total = 0.0
    for kind, pattern in (("service", "services/*.yaml"), ("change", "changes/2026/*/*/*.yaml")):
        schema = root / f"{kind}.json"
        bundled = [sys.executable, "-m", "itsm_as_code", "schema", kind]
        schema.write_text(subprocess.run(bundled, check=True, capture_output=True, text=True, cwd=root).stdout)
        files = [str(path) for path in sorted(root.glob(pattern))]
        start = time.perf_counter()
        command = [sys.executable, "-m", "check_jsonschema", "--schemafile", str(schema), *files]
        done = subprocess.run(command, capture_output=True, text=True)
        total += time.perf_counter() - start
        if done.returncode != 0:
            sys.exit(f"check-jsonschema: {(done.stdout + done.stderr)[-2000:]}")
    return total


def start_up(rounds: int) -> None:
    """How long the program takes to say its version, beside the interpreter alone."""
    program = shutil.which("itsm", path=str(Path(sys.executable).parent))
    version = [program, "--version"] if program else [sys.executable, "-m", "itsm_as_code", "--version"]
    commands: dict[str, tuple[list[str], str | None]] = {
        "python -c pass": ([sys.executable, "-c", "pass"], None),
        "itsm --version": (version, None),
    }
    found = measure(commands, max(rounds * 5, 10), Path.cwd())
    floor = found["python -c pass"]
    for name, seconds in found.items():
        print(f"  {name:<52} {seconds * 1000:6.1f} ms  {seconds / floor:5.2f} x")


if __name__ == "__main__":
    main()
