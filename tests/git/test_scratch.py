"""A gate that was killed leaves its folder to the next one, which removes it: that, and no other."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from itsm_as_code.git.repository import Repository
from tests.conftest import ROOT, Workshop

MERGE = """
import sys, time
from pathlib import Path
from itsm_as_code.git.repository import Repository
repository = Repository(Path(sys.argv[1]))
repository.merge_tree("main", "topic")
print(repository._scratch, flush=True)
time.sleep(60)
"""
HOUR_AGO = time.time() - 3700


def merging(workshop: Workshop, place: Path) -> tuple[subprocess.Popen[str], Path]:
    """A process that has merged and holds its folder."""
    environment = {**os.environ, "TMPDIR": str(place), "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-c", MERGE, str(workshop.path)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_what_a_killed_process_left_is_removed_and_nothing_else(
    workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "temporary"
    place.mkdir()
    killed, left = merging(workshop, place)
    living, held = merging(workshop, place)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    try:
        early = place / "itsm-merge-early"  # killed before it was locked
        early.mkdir()
        (place / "itsm-merge-new").mkdir()
        (place / "other").mkdir()
        (place / "itsm-merge-link").symlink_to(place / "other")
        assert len(list(left.rglob("objects"))) == 1
        for folder in (left, held, early, place / "other"):
            os.utime(folder, (HOUR_AGO, HOUR_AGO))
        monkeypatch.setattr("tempfile.tempdir", str(place))
        repository = Repository(workshop.path)
        there = {"itsm-merge-new", "itsm-merge-link", "other"}
        assert {path.name for path in place.iterdir()} == {held.name, left.name, early.name, *there}
        own = repository._scratch
        assert {path.name for path in place.iterdir()} == {held.name, own.name, *there}
        assert (held / "objects").is_dir()
    finally:
        living.kill()
        living.communicate()
