"""Every option that takes an instant takes it as people say it, by the one function; but for --now, which is exact."""

from __future__ import annotations

from typing import Any, Final

import click
import pytest

from itsm_as_code.cli._times import BORDER, INSTANT, Said
from itsm_as_code.cli.output import Session
from itsm_as_code.clock import format_instant
from itsm_as_code.configuration import Configuration
from itsm_as_code.errors import UsageError
from tests.conftest import SMALL, Run
from tests.sweeps.commands import commands

TIMES: Final = ("instant", "when", "time", "date", "day", "at", "from", "to", "since", "start", "end")
NO_TIMES: Final = {
    ("advance", "--to"),
    ("evidence setup", "--since"),
    ("policy hindsight", "--at"),
    ("import people", "--from"),
}
"""A state, a revision, which of several, and a forge."""
CALLS: Final[dict[str, list[str]]] = {
    "audit deployments": [],
    "audit merges": [],
    "authorise": ["chg-20261122-tune"],
    "calendar": [],
    "deployed": [*(f"--{name}=x" for name in ("service", "environment", "artifact", "as", "key")), "--start", "now"],
    "export oscal": ["--model", "assessment-results"],
    **{
        f"import {name}": ["README.md", "--into", ".", "--propose", "proposed"]
        for name in ("backstage", "cstate", "openslo", "upptime")
    },
    "import csv": ["README.md", "--map", "servicenow-cmdb", "--into", ".", "--propose", "proposed"],
    "import issue": ["README.md", "--into", "."],
    "import request": ["README.md", "--into", "."],
    "oncall": [],
    "policy hindsight": ["backout-is-planned"],
    **{f"report {name}": [] for name in ("adoption", "calibration", "compliance", "kpi", "value")},
}


def of_time() -> list[tuple[str, click.Option]]:
    """Options that take an instant, by what they call it."""
    return [
        (name, option)
        for name, command in commands()
        for option in command.params
        if isinstance(option, click.Option) and not option.is_flag and option.opts[0] != "--now"
        if {str(option.metavar).lower(), *(opt.lstrip("-") for opt in option.opts)} & set(TIMES)
        and (name, option.opts[0]) not in NO_TIMES
    ]


OPTIONS: Final = of_time()


def test_each_command_with_one_has_a_call_here() -> None:
    assert {name for name, _ in OPTIONS} == set(CALLS)


@pytest.mark.parametrize(("name", "option"), OPTIONS, ids=[f"{name} {option.opts[0]}" for name, option in OPTIONS])
def test_all_take_the_same_forms(
    name: str, option: click.Option, workshop: Any, itsm: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert option.type in (INSTANT, BORDER)
    assert option.metavar == ("WHEN" if option.type is BORDER else "INSTANT")
    monkeypatch.chdir(workshop.path)
    workshop.write("README.md", "x")
    code, out, err = itsm(*name.split(), *CALLS[name], option.opts[0], "soonish")
    assert (code, out) == (2, "")
    assert f"{option.opts[0]}: 'soonish' is not an instant such as" in err
    for form in ("2026-12-01T20:00:00Z", "2026-12-01 20:00", "tomorrow 20:00"):
        assert form in err
    assert ("a day such as 2026-12-01" in err) == (option.type is BORDER)
    err = itsm(*name.split(), *CALLS[name], option.opts[0], "2026-11-25 03:00")[2]
    assert "is not an instant" not in err


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2026-11-25T03:00", "2026-11-25T02:00:00Z"),
        ("2026-11-25 03:00", "2026-11-25T02:00:00Z"),
        ("2026-11-25T03:00:00Z", "2026-11-25T03:00:00Z"),
        ("tomorrow 20:00", "2026-11-23T19:00:00Z"),
        ("now", "2026-11-22T12:00:00Z"),
        ("2026-07-01", "2026-06-30T22:00:00Z"),
        ("tomorrow", "2026-11-22T23:00:00Z"),
    ],
)
def test_what_is_meant(said: str, meant: str) -> None:
    session = Session(SMALL, "2026-11-22T12:00:00Z", quiet=False, verbose=False)
    berlin = Configuration(timezone="Europe/Berlin")
    assert format_instant(Said("--from", said, is_border=True).at(session, berlin)) == meant
    if ":" not in said and said != "now":
        with pytest.raises(UsageError, match=f"--at: '{said}' is not an instant such as"):
            Said("--at", said, is_border=False).at(session, berlin)


@pytest.mark.parametrize("said", ["2026-03-29 02:30", "2026-10-25 02:30", "2026-02-30 10:00", "0001-01-01 00:00"])
def test_what_cannot_be_meant_names_its_option(said: str) -> None:
    session = Session(SMALL, "2026-11-22T12:00:00Z", quiet=False, verbose=False)
    with pytest.raises(UsageError, match=r"^--at: "):
        Said("--at", said, is_border=False).at(session, Configuration(timezone="Europe/Berlin"))


def test_what_may_be_judged_again_is_exact(itsm: Run) -> None:
    code, out, err = itsm("-C", SMALL, "validate", "--now", "2026-11-25 03:00")
    assert (code, out) == (2, "")
    assert "--now: '2026-11-25 03:00' is not an instant such as 2026-11-22T08:00:00Z, with its offset" in err
