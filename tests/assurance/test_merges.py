"""Evidence of merges in every way there is, found in a fresh clone, and what `itsm authorise` makes of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.assurance.tools import INSIDE, NAME, Firm
from tests.attacks.tools import CHANGE
from tests.conftest import Run, Workshop


def clone(firm: Firm, folder: Path) -> Path:
    """A fresh clone, as a pipeline makes it: branches only, no notes, no heads of pull requests."""
    firm.git("branch", "-q", "-D", "topic")
    firm.git("clone", "-q", "--single-branch", "--no-local", str(firm.shop.path), str(folder))
    return folder


def ask(itsm: Run, path: Path, *more: str) -> tuple[int, list[str]]:
    code, out, err = itsm("authorise", "-C", path, NAME, "--at", INSIDE, "--format", "json", *more)
    assert code in (0, 1), err
    return code, [reason["code"] for reason in json.loads(out)["reasons"]]


@pytest.mark.parametrize("how", ["merge", "squash", "rebase", "fast-forward"])
def test_every_way_of_merging(firm: Firm, itsm: Run, tmp_path: Path, how: str) -> None:
    firm.change()
    firm.merge(how)
    (noted,) = firm.note().statements
    assert noted.data["verdict"] == "approved", noted.data
    assert len(noted.covers) == {"rebase": 2, "fast-forward": 2}.get(how, 1)
    assert firm.codes() == []
    assert firm.codes("main~1" if len(noted.covers) > 1 else "main") == []
    path = clone(firm, tmp_path / "clone")
    assert ask(itsm, path) == (0, [])
    assert firm.note().statements == ()


def test_pushed_past_the_gate(firm: Firm, itsm: Run) -> None:
    firm.git("checkout", "-q", "main")
    firm.shop.edit(CHANGE, "status: proposed", "status: authorised")
    firm.shop.commit("Straight to main", who="erin")
    assert ask(itsm, firm.shop.path) == (1, ["evidence-missing"])
    assert [item.data["verdict"] for item in firm.note().statements] == ["none"]
    assert ask(itsm, firm.shop.path) == (1, ["evidence-no-pull-request"])


def test_merged_before_anybody_approved(firm: Firm, itsm: Run) -> None:
    firm.topic()
    firm.shop.edit(CHANGE, "status: proposed", "status: authorised")
    firm.shop.commit()
    firm.merge()
    firm.note()
    assert ask(itsm, firm.shop.path) == (1, ["evidence-not-approved"])


def test_before_since_nothing_is_asked(firm: Firm, itsm: Run, workshop: Workshop) -> None:
    workshop.git("checkout", "-q", "main")
    workshop.change(**{"status: proposed": "status: scheduled"})
    workshop.commit(who="erin")
    code, out, _ = itsm("authorise", "-C", workshop.path, NAME, "--at", INSIDE)
    assert (code, "evidence not asked for: itsm.yaml names no evidence.since" in out) == (0, True)
    code, out, _ = itsm("authorise", "-C", workshop.path, NAME, "--at", INSIDE, "--require-evidence")
    assert (code, "itsm.yaml named no key" in out) == (1, True)
