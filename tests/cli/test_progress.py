"""Work over a second says how far it has come, on a terminal alone."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest

from itsm_as_code.cli import _progress
from itsm_as_code.cli.program import run
from itsm_as_code.progress import watched, watching
from tests.cli.terminal import Terminal
from tests.conftest import SMALL, Run

NOW = ("--now", "2026-11-22T12:00:00Z")


def clock(step: float) -> Iterator[float]:
    now = 0.0
    while True:
        yield now
        now += step


def shown(step: float, count: int) -> list[str]:
    """What a terminal shows of so many items, each of which takes some seconds."""
    stream, ticks = io.StringIO(), clock(step)
    with watching(_progress.Bar(stream, lambda: next(ticks)).over):
        assert list(watched("files read", range(count))) == list(range(count))
    return [line for line in stream.getvalue().split("\r") if line.strip()]


def test_within_a_second_nothing_is_shown() -> None:
    assert shown(0.001, 900) == []


def test_beyond_it_counts_and_takes_the_line_away() -> None:
    lines = shown(0.3, 1200)
    assert lines[0] == "3 of 1,200 files read"
    assert lines[-1].strip() == "1,199 of 1,200 files read"
    assert len(set(shown(0.01, 1200))) < 130, "ten times a second, and not more"


def test_nobody_watches_where_nobody_was_asked_to() -> None:
    items = [1, 2]
    assert watched("files", items) is items


@pytest.mark.parametrize(
    ("arguments", "is_seen"), [(("validate",), True), (("fmt", "--check"), True), (("validate", "-q"), False)]
)
def test_a_terminal_is_told(arguments: tuple[str, ...], is_seen: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_progress, "PATIENCE", -1.0)
    monkeypatch.setattr(_progress, "_PAUSE", -1.0)
    terminal = Terminal({})
    with terminal.attached(monkeypatch):
        assert run(["-C", str(SMALL), *arguments, *NOW]) == 0, terminal.seen
    assert (f"{19 if arguments[0] == 'validate' else 20} of 2" in terminal.seen) == is_seen
    assert terminal.seen.rstrip().splitlines()[-1].strip(), "the last line is the result's"


def test_a_pipe_is_not(itsm: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_progress, "PATIENCE", -1.0)
    assert itsm("-C", SMALL, "validate", *NOW)[2] == ""
