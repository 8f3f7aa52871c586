"""Ctrl-C at any moment: 130, one line at most, nothing half-written, also where the exception is swallowed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import SMALL, Workshop, copy_tree

SAID = "itsm: interrupted; nothing was left half-written\n"
AT_CALL = """
import os, signal, sys
from itsm_as_code import cli
from itsm_as_code.cli import _streams
number, left = int(sys.argv[1]), [int(sys.argv[1])]
def count(frame, event, argument):
    if event == "call":
        left[0] -= 1
        if left[0] == 0:
            sys.setprofile(None)
            os.kill(os.getpid(), signal.SIGINT)
prepare = _streams.prepare
def prepared():
    prepare()
    sys.setprofile(count)
_streams.prepare = prepared
cli.main(sys.argv[2:])
"""
"""Interrupted at its n-th call of a Python function after Ctrl-C is listened to."""


def interrupted(number: int, *arguments: str | Path) -> tuple[int, str, str]:
    words = [sys.executable, "-c", AT_CALL, str(number), *map(str, arguments)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def check(arguments: tuple[str | Path, ...], number: int) -> int:
    code, _, err = interrupted(number, *arguments)
    assert code in (0, 1, 130), (number, err)
    if code == 130:
        assert err.replace(SAID, "", 1) in ("", err), (number, err)
        assert "Traceback" not in err
        assert "Exception ignored" not in err
    return code


@pytest.mark.parametrize("number", [1, 40, 1_500, 20_000])
def test_validate(number: int) -> None:
    assert check(("validate", "-C", SMALL), number) == 130


def _children(parent: int) -> list[str]:
    """The processes that a process has started, by the table of processes."""
    told = subprocess.run(["ps", "-A", "-o", "ppid=,pid="], capture_output=True, text=True).stdout.split("\n")
    return [line for line in told if line.split()[:1] == [str(parent)]]


def test_a_child_that_answers_expressions_does_not_take_over(tmp_path: Path) -> None:
    """Ctrl-C goes to the whole group of processes: the child of the runtime ignores it, and ends with its parent."""
    copy_tree(SMALL, tmp_path)
    slow = "'aaaaaaaaaa'" + ".replace('a', 'aaaaaaaaaa')" * 9 + ".size() > 0"  # stopped after half a second
    policy = (SMALL / "policies/backout-is-planned.yaml").read_text()
    match, message = policy.index("match:"), policy.index("message:")
    rule = f'match: {{kinds: [Service]}}\n  require: "{slow}"\n  '
    (tmp_path / "policies/backout-is-planned.yaml").write_text(policy[:match] + rule + policy[message:])
    process = subprocess.Popen(
        [sys.executable, "-m", "itsm_as_code", "validate", "-C", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while process.poll() is None and not _children(process.pid):
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, SAID)


HELD = """
import os, pathlib, signal, sys
from itsm_as_code.cli import _streams
from itsm_as_code.cli.output import write_file
_streams.prepare()
with _streams.held():
    for name in "abc":
        write_file(pathlib.Path(sys.argv[1]) / name, b"x")
        os.kill(os.getpid(), signal.SIGINT)
print("never")
"""


def test_what_belongs_together_is_written_whole(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", HELD, str(tmp_path)], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", SAID)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "c"]


def test_a_build_clears_away_what_it_began(tmp_path: Path) -> None:
    copy_tree(SMALL, tmp_path / "r")
    code = AT_CALL.replace('if event == "call":', 'if event == "call" and frame.f_code.co_name == "put":')
    words = [sys.executable, "-c", code, "1", "build", "-C", str(tmp_path / "r"), "-o", str(tmp_path / "out/site")]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (130, SAID)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.deep
@pytest.mark.parametrize("command", ["validate", "build", "gate", "init"])
def test_anywhere(
    command: str, workshop: Workshop, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    chance, codes = random.Random(command), Counter[int]()
    reviews = tmp_path / "reviews.json"
    reviews.write_text('{"author": "alice", "reviews": []}')
    out = tmp_path / "out"
    calls: dict[str, tuple[str | Path, ...]] = {
        "validate": ("validate", "-C", workshop.path),
        "build": ("build", "-C", workshop.path, "-o", out / "site", "--history", "1"),
        "gate": (
            "gate",
            "-C",
            workshop.path,
            "--base",
            "main",
            "--head",
            "topic",
            "--reviews",
            tmp_path / "reviews.json",
        ),
        "init": ("init", out / "new", "--organisation", "X", "--person", "Ada Example <ada@shop.example>"),
    }
    for turn in range(60):
        codes[check(calls[command], int(1.25 ** chance.uniform(0, 66)))] += 1
        made = out / "new"
        if command == "init" and made.exists():
            assert (made / "itsm.yaml").is_file(), turn
            assert len(list(made.rglob("*.schema.json"))) > 20
            made.rename(tmp_path / f"kept{turn}")
    record_property("interrupted", f"{command}|{dict(codes)}")
