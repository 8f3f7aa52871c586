"""itsm advance: records of every kind along their lifecycles, with flags and in a terminal, and mistakes."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest

from itsm_as_code.records.document import parse
from itsm_as_code.records.kinds import KindRegistry
from tests.cli.terminal import Agreeable
from tests.cli.test_new import FIRST, REQUIRED, answers, prepare
from tests.conftest import NORMAL_CHANGE, SMALL, Run, copy_tree

NOW = ("--now", "2026-12-02T12:00:00Z")
CHANGE = "changes/2026/11/22/chg-20261122-tune.yaml"
REGISTRY = KindRegistry.load()


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A copy of the small organisation, with a proposed change, and a comment in it."""
    copy_tree(SMALL, tmp_path / "small")
    file = tmp_path / "small" / CHANGE
    file.parent.mkdir(parents=True)
    text = NORMAL_CHANGE % {"name": "chg-20261122-tune"}
    file.write_text(text.replace("  summary:", "  # In a sentence.\n  summary:"))
    return tmp_path / "small"


@pytest.fixture
def scheduled(small: Path, itsm: Run) -> Path:
    """The same, with the change scheduled: the merge of that is behind it."""
    assert itsm("-C", small, "advance", "chg-20261122-tune", "--to", "scheduled", *NOW)[0] == 0
    return small


def change(small: Path) -> Any:
    return parse((small / CHANGE).read_bytes())["spec"]


def test_a_change_goes_to_its_end_by_two_commands(small: Path, itsm: Run) -> None:
    before = (small / CHANGE).read_text()
    assert itsm("-C", small, "advance", "chg-20261122-tune", "--to", "scheduled", *NOW)[0] == 0
    assert (small / CHANGE).read_text() == before.replace("status: proposed", "status: scheduled")
    given = ["actual={start: 2026-12-01 20:02, end: 2026-12-01 20:30}", "result=successful"]
    given += ["review.date=today", "review.by=bob", "review.findings=It went well."]
    code, out, err = itsm(
        "-C", small, "advance", "chg-20261122-tune", "--to", "closed", *(f"--set={item}" for item in given), *NOW
    )
    assert (code, out) == (0, f"{CHANGE}\n"), err
    assert "by way of implementing -> implemented\n" in err
    spec = change(small)
    assert (spec["status"], spec["actual"]["start"]) == ("closed", "2026-12-01T20:02:00+01:00")
    assert spec["review"]["date"] == "2026-12-02"
    assert "# In a sentence." in (small / CHANGE).read_text()
    assert itsm("-C", small, "validate", *NOW)[0] == 0


def test_a_rejected_change_says_by_whom_and_why(small: Path, itsm: Run) -> None:
    rejecting = ("-C", small, "advance", "chg-20261122-tune", "--to", "rejected", *NOW)
    code, _, err = itsm(*rejecting)
    assert code == 2
    assert "to be rejected, chg-20261122-tune needs 3 more values" in err
    given = ("rejection.by=bob", "rejection.on=today", "rejection.reason=It comes again in January.")
    assert itsm(*rejecting, *(f"--set={item}" for item in given))[0] == 0
    assert change(small)["rejection"] == {"by": "bob", "on": "2026-12-02", "reason": "It comes again in January."}
    assert itsm("-C", small, "validate", *NOW)[0] == 0
    (small / CHANGE).write_text((small / CHANGE).read_text().partition("  rejection:")[0])
    code, out, _ = itsm("-C", small, "validate", *NOW)
    assert code == 1
    assert "error[lifecycle-required]: a change that is rejected needs spec.rejection" in out


def test_what_is_missing_for_the_whole_way_is_said_at_once(scheduled: Path, itsm: Run) -> None:
    code, out, err = itsm("-C", scheduled, "advance", "chg-20261122-tune", "--to", "closed", *NOW)
    assert (code, out) == (2, "")
    assert "to be closed, chg-20261122-tune needs 2 more values" in err, "what went well needs no review"
    assert "spec.result=successful" in err
    assert "--set spec.actual.start=2026-12-01T20:00:00Z" in err, "as it was planned"
    assert change(scheduled)["status"] == "scheduled"
    failed = ("--to", "closed", "--set", "result=failed")
    err = itsm("-C", scheduled, "advance", "chg-20261122-tune", *failed, *NOW)[2]
    assert "needs 4 more values" in err
    assert "spec.review.findings=" in err
    code, _, err = itsm(
        "-C", scheduled, "advance", "chg-20261122-tune", "--to", "closed", "--now", "2026-11-30T00:00:00Z"
    )
    assert "--set spec.actual.start=2026-11-30T01:00:00+01:00" in err, "nothing was done yet at a time that is to come"


def test_what_is_given_and_does_not_fit_is_said_beside_what_is_missing(scheduled: Path, itsm: Run) -> None:
    given = ["--set", "result=splendid", "--set", "review.by=alicia"]
    code, out, err = itsm("-C", scheduled, "advance", "chg-20261122-tune", "--to", "closed", *given, *NOW)
    assert (code, out) == (2, "")
    assert "spec.result is 'splendid', not one of" in err
    assert "no Person named 'alicia'" in err
    assert "more values\n  = --set spec" in err


KINDS = sorted(kind.name for kind in REGISTRY if kind.lifecycle)


def begin(kind: str, small: Path, itsm: Run) -> tuple[Path, list[str]]:
    """Write a record of a kind; its file, and where the longest way without a turn leads, a merge at a time."""
    prepare(kind, small, itsm)
    code, out, err = itsm("-C", small, "new", kind, "something-new", *answers(kind), "--now", "2026-11-22T12:00:00Z")
    assert code == 0, err
    file = small / out.strip()
    lifecycle: Any = REGISTRY[kind].lifecycle
    state = parse(file.read_bytes())["spec"][lifecycle["field"].removeprefix("/spec/")]
    states = [state]
    while following := [step for step in lifecycle["transitions"][states[-1]] if isinstance(step, str)]:
        fresh = [step for step in following if step not in states]
        if not fresh:
            break
        states.append(fresh[0])
    behind = {state for border in lifecycle.get("borders", ()) for state in border["after"]}
    before = [state for state in states if state not in behind][-1]
    return file, list(dict.fromkeys((before, states[-1])))


@pytest.mark.parametrize("kind", KINDS)
def test_in_a_terminal_whoever_takes_what_is_offered_comes_to_the_end(
    kind: str, small: Path, itsm: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from itsm_as_code.cli.program import run

    file, states = begin(kind, small, itsm)
    for state in states:
        terminal = Agreeable()
        with terminal.attached(monkeypatch):
            code = run(["-C", str(small), "advance", f"{kind}/something-new", "--to", state, *NOW])
        assert code == 0, terminal.seen
    field = (REGISTRY[kind].lifecycle or {})["field"].removeprefix("/spec/")
    assert parse(file.read_bytes())["spec"][field] == states[-1]
    assert itsm("-C", small, "fmt", "--check")[0] == 0


@pytest.mark.parametrize("kind", KINDS)
def test_what_it_suggests_is_enough(kind: str, small: Path, itsm: Run) -> None:
    file, states = begin(kind, small, itsm)
    for state in states:
        given: list[str] = []
        for _ in range(4):
            code, _, err = itsm("-C", small, "advance", f"{kind}/something-new", "--to", state, *given, *NOW)
            if code != 2:
                break
            given += shlex.split(err.strip().splitlines()[-1].removeprefix("  = "))
        assert code == 0, err
    field = (REGISTRY[kind].lifecycle or {})["field"].removeprefix("/spec/")
    assert parse(file.read_bytes())["spec"][field] == states[-1]


def test_in_a_terminal_it_asks_where_to_and_again_until_it_fits(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from itsm_as_code.cli.program import run

    replies = {"to": ["clsed", "rejected"]}
    terminal = Agreeable(replies)
    with terminal.attached(monkeypatch):
        assert run(["-C", str(small), "advance", "chg-20261122-tune", *NOW]) == 0, terminal.seen
    assert "'clsed' is none of: authorised, rejected, cancelled" in terminal.seen
    assert change(small)["status"] == "rejected"


def test_in_a_terminal_a_name_that_nobody_has_is_refused_at_once(
    scheduled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from itsm_as_code.cli.program import run

    replies = {"spec.review.by": ["alicia", "alice"], "spec.actual.start": ["yesterday", "2026-12-01 20:00"]}
    terminal = Agreeable({"spec.result": ["failed"], **replies})
    with terminal.attached(monkeypatch):
        assert run(["-C", str(scheduled), "advance", "chg-20261122-tune", "--to", "closed", *NOW]) == 0, terminal.seen
    assert "no Person named 'alicia'; did you mean 'alice'?" in terminal.seen
    assert "spec.actual.start" in terminal.seen
    assert change(scheduled)["review"]["by"] == "alice"


def test_in_a_terminal_what_went_well_is_not_asked_for_its_review(
    scheduled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How it went is asked first, for it says by which way the change goes."""
    from itsm_as_code.cli.program import run

    terminal = Agreeable()
    with terminal.attached(monkeypatch):
        assert run(["-C", str(scheduled), "advance", "chg-20261122-tune", "--to", "closed", *NOW]) == 0, terminal.seen
    assert "review" not in change(scheduled)


def test_at_the_end_of_input_nothing_is_written(scheduled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from itsm_as_code.cli.program import run

    before = (scheduled / CHANGE).read_bytes()
    terminal = Agreeable({"spec.result": ["\x04"]})
    with terminal.attached(monkeypatch):
        assert run(["-C", str(scheduled), "advance", "chg-20261122-tune", "--to", "closed", *NOW]) == 130
    assert (scheduled / CHANGE).read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("chg-20261122-tun", "--to", "closed"), "did you mean 'chg-20261122-tune'?"),
        (("chg-20261122-tune",), "say which: --to authorised"),
        (("chg-20261122-tune", "--to", "sceduled"), "did you mean 'scheduled'?"),
        (("chg-20261122-tune", "--to", "done"), "states: draft, proposed, authorised"),
        (("chg-20261122-tune", "--to", "draft"), "no way leads from proposed to draft"),
        (("chg-20261122-tune", "--to", "proposed"), "is proposed already"),
        (("chg-20261122-tune", "--to", "scheduled", "--set", "status=closed"), "name it with --to STATE"),
        (("chg-20261122-tune", "--to", "scheduled", "--set", "sumary=x"), "did you mean 'summary'?"),
        (("chg-20261122-tune", "--to", "scheduled", "--set", "summary"), "'summary' is no PATH=VALUE"),
        (("chg-20261122-tune", "scheduled"), "unexpected extra argument"),
        (("team-shop",), "a team has no states"),
        (("team-shop", "--to", "closed"), "itsm set team-shop PATH=VALUE"),
        (("chg-20261122-tune", "--to", "closed"), "cannot go from proposed to closed in one pull request"),
        (("chg-20261122-tune", "--to", "closed"), "merge it as scheduled first"),
        (("chg-20261122-tune", "--to", "scheduled", "--set", "schedule.start=2026-03-29 02:30"), "skip that time"),
    ],
)
def test_what_it_says_to_mistakes(arguments: tuple[str, ...], said: str, small: Path, itsm: Run) -> None:
    before = {path: path.read_bytes() for path in small.rglob("*.yaml")}
    code, out, err = itsm("-C", small, "advance", *arguments, *NOW)
    assert (code, out) == (2, ""), err
    assert said in err
    assert {path: path.read_bytes() for path in small.rglob("*.yaml")} == before


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("requester=alicia", "no Person named 'alicia'"),
        ("schedule.start=soon", "spec.schedule.start"),
        ("type=usual", "not one of: standard, normal, emergency"),
    ],
)
def test_what_would_not_be_valid_is_not_written(given: str, said: str, small: Path, itsm: Run) -> None:
    before = (small / CHANGE).read_bytes()
    code, out, err = itsm("-C", small, "advance", "chg-20261122-tune", "--to", "scheduled", "--set", given, *NOW)
    assert (code, out) == (1, ""), err
    assert said in err
    assert (small / CHANGE).read_bytes() == before


def test_where_its_life_has_ended(small: Path, itsm: Run) -> None:
    itsm("-C", small, "advance", "chg-20261122-tune", "--to", "cancelled", *NOW)
    code, _, err = itsm("-C", small, "advance", "chg-20261122-tune", "--to", "scheduled", *NOW)
    assert (code, "is cancelled, where its life ends" in err) == (2, True)


def test_the_kinds_that_have_to_be_there_first_are_kinds() -> None:
    assert set(FIRST) <= set(REQUIRED)
