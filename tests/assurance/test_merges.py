"""Evidence of merges in every way there is, found in a fresh clone, and what `itsm authorise` makes of it."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import jsonschema
import pytest

from itsm_as_code.records.kinds import KindRegistry
from tests.assurance.tools import INSIDE, LATER, NAME, Firm
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
    data = json.loads(out)
    schema = KindRegistry.load().bundled("reports/authorise-report.schema.json")
    jsonschema.Draft202012Validator(schema).validate(data)
    return code, [reason["code"] for reason in data["reasons"]]


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


@pytest.mark.parametrize("how", ["merge", "squash", "rebase"])
def test_a_queue_notes_each_of_its_group(firm: Firm, itsm: Run, tmp_path: Path, how: str) -> None:
    """Two pull requests land at once; the second is judged on top of the first, and a fresh clone finds both."""
    firm.change()
    firm.topic("docs")
    firm.shop.write("docs/a.md", "A\n")
    firm.shop.commit("Docs")
    firm.approve("bob", head="docs")
    before = firm.git("rev-parse", "main")
    first, second = firm.merge(how), firm.merge(how, head="docs")
    one, two = firm.note().statements
    assert [(item.commit, item.data["base"], item.data["verdict"]) for item in (one, two)] == [
        (first, before, "approved"),
        (second, first, "approved"),
    ]
    assert ask(itsm, clone(firm, tmp_path / "clone")) == (0, [])


def test_a_blobless_clone(firm: Firm, itsm: Run, tmp_path: Path) -> None:
    firm.change()
    firm.merge("squash")
    firm.note()
    firm.git("config", "uploadpack.allowFilter", "true")
    firm.git("config", "uploadpack.allowAnySHA1InWant", "true")
    firm.git("clone", "-q", "--filter=blob:none", "--no-checkout", f"file://{firm.shop.path}", str(tmp_path / "clone"))
    assert ask(itsm, tmp_path / "clone") == (0, [])


@pytest.mark.parametrize("stamp", ["2001-01-01T00:00:00Z", "2090-01-01T00:00:00Z"])
def test_dates_of_commits_are_claims(firm: Firm, itsm: Run, stamp: str) -> None:
    """What no forge dates lies between the merge before and now; nothing is noted twice because of it."""
    firm.change()
    firm.merge()
    before = firm.note().statements[0].merged_at
    firm.shop.write("docs/a.md", "A\n")
    firm.git("add", "-A")
    tree, parent = firm.git("write-tree"), firm.git("rev-parse", "main")
    raw = f"tree {tree}\nparent {parent}\nauthor Erin <erin@shop.example> {{0}} +0000\ncommitter Erin "
    raw += "<erin@shop.example> {0} +0000\n\nPush\n"
    seconds = int(datetime.fromisoformat(stamp).timestamp())
    (firm.folder / "raw").write_text(raw.format(seconds))
    commit = firm.git("hash-object", "-t", "commit", "-w", str(firm.folder / "raw"))
    firm.git("reset", "-q", "--hard", commit)
    (noted,) = firm.note().statements
    assert before <= noted.merged_at <= LATER
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
