"""Records judged by several processes: findings, outcomes and what rests on time are those of one process."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from itsm_as_code import processes, validation
from itsm_as_code.policies.cel import bounded
from itsm_as_code.policies.engine import PolicyEngine
from itsm_as_code.progress import listening
from itsm_as_code.snapshot import WorkTree
from itsm_as_code.validation import Timing, assess_catalogue, load_rule_set
from tests.conftest import ROOT, SMALL

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def judged(folder: Path, timing: Timing | None) -> list[Any]:
    """All that is said of the records of a folder, and what of it rests on time."""
    rule_set = load_rule_set(WorkTree(folder))
    found = assess_catalogue(rule_set.catalogue, rule_set, NOW, timing=timing)
    noted = [timing.horizons, timing.found, timing.outcomes, timing.risks] if timing else []
    return [found.findings, found.outcomes, found.waivers, *noted]


@pytest.fixture
def together(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Has two processes judge seven records at a time from then on."""

    def start() -> None:
        monkeypatch.setattr(validation, "_WORTH_PROCESSES", 2)
        monkeypatch.setattr(validation, "_CHUNK", 7)
        monkeypatch.setattr(validation, "cores", lambda: 2)

    return start


@pytest.mark.parametrize(("folder", "is_timed"), [(SMALL, False), (ROOT, True)], ids=["untimed", "timed"])
def test_several_processes_say_what_one_says(folder: Path, is_timed: bool, together: Callable[[], None]) -> None:
    alone = judged(folder, Timing(NOW) if is_timed else None)
    together()
    assert judged(folder, Timing(NOW) if is_timed else None) == alone
    assert len(alone[1]) > (20 if folder == ROOT else -1), "policies say something"


@pytest.mark.parametrize("how", ["dies", "cannot be copied"])
def test_what_no_process_could_judge_is_judged_by_this_one(
    how: str, together: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    alone, judge, here = judged(SMALL, Timing(NOW)), PolicyEngine.judge, os.getpid()

    def dying(engine: PolicyEngine, record: Any, **context: Any) -> Any:
        if os.getpid() != here and record.name == "orders":
            os._exit(9)
        return judge(engine, record, **context)

    together()
    monkeypatch.setattr(PolicyEngine, "judge", dying)
    if how == "cannot be copied":
        monkeypatch.setattr(processes, "_can_copy", lambda: False)
    notes: list[str] = []
    with listening(lambda note, _: notes.append(note)):
        assert judged(SMALL, Timing(NOW)) == alone
    assert len(notes) == 1
    assert "judged by one process" in notes[0]


def test_a_copy_of_a_process_does_not_ask_the_child_of_the_first() -> None:
    asked = bounded.Bounded(lambda question: (question, os.getppid()))
    assert asked.ask("here") == ("here", os.getpid())
    copies = processes.spread(["a", "b"], lambda items: [(item, asked.ask(item), os.getpid()) for item in items], 2)
    answers = [answer for found in copies for answer in found]
    assert sorted(item for item, _, _ in answers) == ["a", "b"]
    assert all(answer == (item, owner) for item, answer, owner in answers)
    assert asked.ask("again") == ("again", os.getpid()), "the child of this process still answers"
