"""34: a standard change that was scheduled ahead reads as closed by its statement, and by nobody else's word."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from itsm_as_code import signing
from itsm_as_code.assurance import verified
from itsm_as_code.records.document import parse
from tests.attacks.test_34_deployments import AT, Say, rewritten, say, shop
from tests.attacks.tools import STANDARD, STANDARD_PATH
from tests.conftest import Run, Workshop
from tests.signing import make_key

__all__ = ["say", "shop"]
RESTART = "chg-20261122-restart"
NOW = ("--now", "2026-12-02T09:00:00Z")


@pytest.fixture
def ahead(shop: Workshop) -> Workshop:
    """The standard change is on main, scheduled."""
    shop.write(STANDARD_PATH, STANDARD)
    shop.commit("Restart", who="erin")
    return shop


def state(shop: Workshop, itsm: Run) -> str:
    """How `itsm list` reads it."""
    columns = ("--columns", "status,result,actual.start,actual.end")
    out = itsm("-C", shop.path, "list", "Change", "--format", "csv", *columns, *NOW)[1]
    return out.splitlines()[1].partition(",")[2]


def test_it_reads_as_closed_wherever_people_read_it(ahead: Workshop, say: Say, itsm: Run, tmp_path: Path) -> None:
    assert state(ahead, itsm) == "scheduled,,,"
    assert say(change=RESTART)[0] == 0
    assert state(ahead, itsm) == "closed,successful,2026-12-01T20:05:00Z,2026-12-01T20:15:00Z"
    code, out, err = itsm("-C", ahead.path, "show", RESTART)
    assert (code, "  closed; then nothing: its life has ended" in out) == (0, True), out
    assert f"{STANDARD_PATH} says scheduled; it reads as closed by what was deployed" in err
    shown = json.loads(itsm("-C", ahead.path, "calendar", "--from", "2026-12-01", "--format", "json", *NOW)[1])
    assert [entry["status"] for entry in shown["entries"] if RESTART in entry["record"]] == ["closed"]
    assert itsm("-C", ahead.path, "build", "-o", tmp_path / "site", "--history", "0", *NOW)[0] == 0
    page = next((tmp_path / "site").rglob(f"*{RESTART}*.html")).read_text()
    assert 'aria-current="step">Closed' in page
    assert ahead.git("status", "--porcelain") == ""


def test_a_site_that_is_there_reads_as_one_made_anew(ahead: Workshop, say: Say, itsm: Run, tmp_path: Path) -> None:
    """The file of the change is what it was; what it reads as is not."""
    told = ("-C", ahead.path, "build", "--history", "0", *NOW)
    again, anew = tmp_path / "again", tmp_path / "anew"
    assert itsm(*told, "-o", again, "--cache", tmp_path / "cache")[0] == 0
    assert say(change=RESTART)[0] == 0
    assert itsm(*told, "-o", again, "--cache", tmp_path / "cache")[0] == 0
    assert itsm(*told, "-o", anew, "--no-cache")[0] == 0
    files = {path.relative_to(anew): path.read_bytes() for path in anew.rglob("*") if path.is_file()}
    assert files == {path.relative_to(again): path.read_bytes() for path in again.rglob("*") if path.is_file()}


def test_what_failed_reads_as_failed(ahead: Workshop, say: Say, itsm: Run) -> None:
    _, line, _ = say(change=RESTART, result="failed")
    assert state(ahead, itsm).startswith("failed,failed,")
    assert say(change=RESTART, supersedes=line.strip())[0] == 0
    assert state(ahead, itsm).startswith("closed,successful,")


@pytest.mark.parametrize(
    "given",
    [
        {"key": "stranger"},
        {"service": "orders"},
        {"environment": "vault"},
        {"change": "chg-20261122-other"},
        {"start": "2026-11-30T10:00:00Z", "end": "2026-11-30T10:05:00Z"},
    ],
    ids=["key", "service", "environment", "other", "before-its-window"],
)
def test_what_does_not_hold_closes_nothing(given: dict[str, str], ahead: Workshop, say: Say, itsm: Run) -> None:
    make_key(ahead.path.parent, "stranger")
    assert say(**{"change": RESTART} | given)[0] == 0
    assert state(ahead, itsm) == "scheduled,,,"


def test_all_of_its_services_are_stated(shop: Workshop, say: Say, itsm: Run) -> None:
    shop.write(STANDARD_PATH, STANDARD.replace("[newsletter]", "[newsletter, orders]"))
    shop.commit("Restart", who="erin")
    assert say(change=RESTART)[0] == 0
    assert state(shop, itsm) == "scheduled,,,"


def test_nothing_that_judges_reads_it_so(ahead: Workshop, say: Say, itsm: Run) -> None:
    """Not the gate, nor the model's history, nor whoever asks whether it may be deployed."""
    ahead.git("checkout", "-q", "-B", "topic", "main")
    ahead.edit(STANDARD_PATH, "status: scheduled", "status: cancelled")
    ahead.commit()
    ask = ("authorise", RESTART, "--at", AT, "--rev", "main", "--format", "json")
    before = (ahead.judge().digest, itsm("-C", ahead.path, *ask))
    assert say(change=RESTART, result="failed")[0] == 0
    assert (ahead.judge().digest, itsm("-C", ahead.path, *ask)) == before


def test_advance_takes_times_and_result_from_statements(ahead: Workshop, say: Say, itsm: Run) -> None:
    _, line, _ = say(change=RESTART)
    code, _, err = itsm("-C", ahead.path, "advance", RESTART, "--to", "closed", *NOW)
    assert (code, f"as was stated when it was deployed: {line.strip()}" in err) == (0, True), err
    spec = parse((ahead.path / STANDARD_PATH).read_bytes())["spec"]
    times = {"start": "2026-12-01T20:05:00Z", "end": "2026-12-01T20:15:00Z"}
    assert (spec["status"], spec["actual"], spec["result"]) == ("closed", times, "successful")


def test_what_people_say_themselves_stays(ahead: Workshop, say: Say, itsm: Run) -> None:
    assert say(change=RESTART)[0] == 0
    given = ("--set", "result=successful-with-issues", "--set", "review={date: 2026-12-02, by: alice, findings: Slow.}")
    code, _, err = itsm("-C", ahead.path, "advance", RESTART, "--to", "closed", *given, *NOW)
    assert code == 0, err
    assert parse((ahead.path / STANDARD_PATH).read_bytes())["spec"]["result"] == "successful-with-issues"


@pytest.mark.parametrize(
    "command",
    [
        ("list", "Change"),
        pytest.param(("show", RESTART), marks=pytest.mark.deep),
        pytest.param(("calendar",), marks=pytest.mark.deep),
        ("build", "--history", "0"),
    ],
)
def test_a_signature_is_checked_once(
    command: tuple[str, ...], ahead: Workshop, say: Say, itsm: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Those of the changes that wait, with a cache; what is no longer by a deployer's key is refused all the same."""
    for minute in ("10", "20"):
        assert say(change=RESTART, end=f"2026-12-01T20:{minute}:00Z")[0] == 0
    assert say(change="chg-20261122-other")[0] == 0
    assert say(change=RESTART)[0] == 0
    rewritten(ahead, lambda rows: [*rows[:-1], rows[-1].replace(b"T20:15", b"T20:16")])
    asked: list[bytes] = []
    real = signing._ssh_keygen
    monkeypatch.setattr(signing, "_ssh_keygen", lambda *given, feed: asked.append(feed) or real(*given, feed=feed))
    there = ("--output", tmp_path / "site" if command[0] == "build" else tmp_path / "out")

    def calls(*more: str | Path) -> int:
        asked.clear()
        verified._asked.cache_clear()  # each call is a run of its own
        assert itsm("-C", ahead.path, *command, *there, *NOW, *more)[0] == 0
        return len(asked)

    cached = ("--cache", tmp_path / "cache")
    every = 4 if command[0] == "build" else 3  # a site shows the deployments of all changes
    assert [calls(), calls()] == [every, every]
    assert [calls(*cached), calls(*cached)] == [every, 1], "a bad one is asked about again"
    ahead.edit("itsm.yaml", "name: pipeline", "name: another")
    assert calls(*cached) == 0
    assert state(ahead, itsm) == "scheduled,,,"


def test_a_signature_that_was_good_is_good_for_nothing_else(
    ahead: Workshop, say: Say, itsm: Run, tmp_path: Path
) -> None:
    """What is remembered is the signature with what was signed: a line that is altered afterwards says nothing."""
    cached = ("--cache", tmp_path / "cache", "--columns", "status", "--format", "csv", *NOW)
    assert say(change=RESTART, result="failed")[0] == 0
    assert f"{RESTART},failed" in itsm("-C", ahead.path, "list", "Change", *cached)[1]
    rewritten(ahead, lambda rows: [rows[0].replace(b'"failed"', b'"successful"')])
    assert f"{RESTART},scheduled" in itsm("-C", ahead.path, "list", "Change", *cached)[1]
