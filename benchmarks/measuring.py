"""Whole processes, timed in turns so that what is compared ran under the same conditions, and the memory they take."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

FLOOR = [sys.executable, "-c", "import click, yaml, git"]
"""What the small rows are divided by: an interpreter with three of the libraries that the program uses."""
CSAFE = """
import pathlib, yaml
for path in pathlib.Path(".").rglob("*.yaml"):
    yaml.load(path.read_bytes(), yaml.CSafeLoader)
"""
PARSING = [sys.executable, "-c", CSAFE]
"""What rows about reading everything are divided by: PyYAML's fast parser over the same files, in one process."""
_EVERY = 0.25
"""Seconds between two looks at how much memory is taken."""


def program(*arguments: object) -> list[str]:
    """A command of the program, as it is called: by its script where there is one."""
    script = shutil.which("itsm", path=str(Path(sys.executable).parent))
    return [*([script] if script else [sys.executable, "-m", "itsm_as_code"]), *map(str, arguments)]


@dataclass(frozen=True, slots=True)
class Told:
    """What a process took: seconds, MB of all its processes together (0 where that was not asked for), what it said."""

    seconds: float
    megabytes: float
    out: str
    talk: str


@dataclass(frozen=True, slots=True)
class Timed:
    """A command that is timed in a folder, after something that is not."""

    command: list[str]
    cwd: Path
    before: Callable[[], object] = lambda: None


def in_turns(timed: Mapping[str, Timed], rounds: int, *, memory: bool = False, warm: bool = False) -> dict[str, Told]:
    """Each command with the least seconds of some rounds, after one that fills caches of files and looks at memory.

    ``warm`` leaves that one out, where what ran before has filled them and a round takes minutes. The least, for
    whatever disturbs a run makes it longer: it is what other load on the machine changes least.
    """
    found: dict[str, Told] = {}
    for turn in range(1 if warm else 0, rounds + 1):
        for name, item in timed.items():
            item.before()
            told = run(item.command, item.cwd, memory=memory and not turn)
            best = found.get(name)
            if best is None or turn == 1:
                found[name] = Told(told.seconds, best.megabytes if best else told.megabytes, told.out, told.talk)
            elif told.seconds < best.seconds:
                found[name] = Told(told.seconds, best.megabytes, told.out, told.talk)
    return found


def run(command: list[str], cwd: Path, *, memory: bool = False) -> Told:
    """Run a process to its end. Exit codes 0 and 1 are both answers."""
    # A program that was installed has its byte code, whatever the environment of whoever measures says.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
        start = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=cwd, stdout=out, stderr=errors, env=environment, start_new_session=memory
        )
        most = [0.0]
        if memory:
            threading.Thread(target=_watch, args=(process, most), daemon=True).start()
        process.wait()
        seconds = time.perf_counter() - start
        said = [file.read() for file in (out, errors) if file.seek(0) == 0]
    if process.returncode not in (0, 1):
        sys.exit(f"{' '.join(command)} failed: {said[1][-2000:]}")
    return Told(seconds, most[0], *said)


def _watch(process: subprocess.Popen[bytes], most: list[float]) -> None:
    while process.poll() is None:
        most[0] = max(most[0], sum(_megabytes(folder, process.pid) for folder in Path("/proc").glob("[0-9]*")))
        time.sleep(_EVERY)


def _megabytes(folder: Path, session: int) -> float:
    """A process's share of memory, pages of several counted in parts (proc_pid_smaps_rollup(5)); 0 for others."""
    try:
        if int((folder / "stat").read_text().rpartition(")")[2].split()[3]) != session:
            return 0
        lines = (folder / "smaps_rollup").read_text().splitlines()
    except (OSError, ValueError):
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
