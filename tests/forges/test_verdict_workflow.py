"""The workflows of a new repository: linted, and run as written against a forge on loopback and a bare remote."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from itsm_as_code.records.document import parse
from tests.conftest import ROOT, Run
from tests.forges.conftest import Shop
from tests.forges.fake import TOKEN, GitHubFace, State, serving

ADA = "Ada Example <ada@example.org> @ada"


@pytest.mark.parametrize("verdict", ["job", "status"])
def test_zizmor_and_the_schema_find_nothing_in_the_workflows(verdict: str, tmp_path: Path, itsm: Run) -> None:
    assert itsm("init", tmp_path, "--verdict", verdict, "--person", ADA)[0] == 0
    assert itsm("-C", tmp_path, "export", "issue-forms", "--forge", "github", "--into", ".")[0] == 0
    here = Path(sys.executable).parent
    flows = sorted(map(str, (tmp_path / ".github/workflows").iterdir()))
    zizmor = [str(here / "zizmor"), "--offline", "--no-progress", "--persona=pedantic", str(tmp_path / ".github")]
    schema = [str(here / "check-jsonschema"), "--builtin-schema", "vendor.github-workflows", *flows]
    for command in (zizmor, schema):
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_key_of_the_app_is_for_the_default_branch_alone(tmp_path: Path, itsm: Run) -> None:
    assert itsm("init", tmp_path, "--verdict", "status", "--person", ADA)[0] == 0
    flows: dict[str, Any] = {
        path.name: parse(path.read_bytes()) for path in (tmp_path / ".github/workflows").glob("*.yml")
    }
    assert "gate.yml" not in flows
    assert flows["verdict.yml"]["jobs"]["verdict"]["environment"] == "gate"
    assert "pull_request" not in flows["verdict.yml"]["on"]
    assert [name for name, flow in flows.items() if "ITSM_APP_KEY" in str(flow)] == ["verdict.yml"]
    assert (flows["reviewed.yml"]["permissions"], "uses" in str(flows["reviewed.yml"])) == ({}, False)


@dataclass
class Verdict:
    """The step of the workflow, in a clone of a bare remote."""

    path: Path
    state: State
    shop: Shop
    script: str
    variables: dict[str, str] = field(default_factory=dict)

    def push(self) -> None:
        """What is on the default branch and of the pull request, as the remote has it."""
        work = self.shop.work
        remote = str(self.path / "remote.git")
        work.git("push", "-q", "--force", remote, "main:main", "topic:refs/pull/17/head")

    def run(self, now: str = "2026-11-22T12:00:00Z", **event: str) -> tuple[int, str]:
        """A run for an event (none: for all): its exit code, and everything it said."""
        work = self.shop.work
        subprocess.run(["rm", "-rf", str(self.path / "clone")], check=True)
        work.git("clone", "-q", "--branch", "main", str(self.path / "remote.git"), str(self.path / "clone"))
        event = {"PULL": "", "HEAD_SHA": "", "GROUP_REF": "", "GROUP_BASE": "", **event}
        script = self.script.replace("itsm gate", f"{sys.executable} -m itsm_as_code gate --wait 0 --now {now}")
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", script],
            cwd=self.path / "clone",
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "src"), "HOME": os.devnull}
            | self.variables
            | event,
            capture_output=True,
            text=True,
            timeout=120,
        )
        return done.returncode, done.stdout + done.stderr

    @property
    def shown(self) -> list[str]:
        """The states that the commit had, oldest first."""
        found = [item["state"] for item in self.state.statuses]
        self.state.statuses.clear()
        return found


@pytest.fixture
def verdict(shop: Shop, tmp_path: Path, itsm: Run) -> Iterator[Verdict]:
    """Approved by bob."""
    assert itsm("init", tmp_path / "org", "--verdict", "status", "--person", ADA)[0] == 0
    steps = parse((tmp_path / "org/.github/workflows/verdict.yml").read_bytes())["jobs"]["verdict"]["steps"]
    (script,) = (step["run"] for step in steps if step["name"] == "Judge")
    state = shop.state("github")
    shop.approve(state)
    shop.work.git("init", "-q", "--bare", "-b", "main", str(tmp_path / "remote.git"))
    shop.work.git("-C", str(tmp_path / "remote.git"), "config", "uploadpack.allowAnySHA1InWant", "true")
    with serving(GitHubFace(state)) as server:
        variables = {"GH_TOKEN": TOKEN, "GITHUB_API_URL": server.base, "GITHUB_REPOSITORY": "shop/itsm"}
        variables |= {"RUNNER_TEMP": str(tmp_path), "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}
        made = Verdict(tmp_path, state, shop, script, variables)
        made.push()
        yield made


def test_every_verdict_has_its_status_and_none_is_green_but_approved(verdict: Verdict) -> None:
    event = {"PULL": "17", "HEAD_SHA": verdict.shop.head}
    code, said = verdict.run(**event)
    assert (code, verdict.shown) == (0, ["pending", "success"]), said
    given = list(verdict.state.reviews)
    verdict.state.reviews.clear()
    assert (verdict.run(**event)[0], verdict.shown) == (0, ["pending", "pending"])
    verdict.state.reviews[:] = given
    code, said = verdict.run(now="2026-12-01T21:00:00Z", **event)  # its window has begun
    assert (code, verdict.shown) == (0, ["pending", "failure"]), said
    verdict.state.pushes.clear()  # who pushed is not known: that is no verdict
    assert (verdict.run(**event)[0], verdict.shown) == (1, ["pending", "error"])


def test_time_and_a_base_that_moved_take_a_green_status_back(verdict: Verdict) -> None:
    assert (verdict.run()[0], verdict.shown) == (0, ["pending", "success"])
    assert (verdict.run(now="2026-12-01T21:00:00Z")[0], verdict.shown) == (0, ["pending", "failure"])
    work = verdict.shop.work
    work.git("checkout", "-q", "main")
    work.edit("services/newsletter.yaml", "tier: 4", "tier: 1")
    verdict.state.base = work.commit("Raise its tier", who="erin")
    verdict.push()
    code, said = verdict.run()
    assert (code, verdict.shown[0], "#17 " in said) == (0, "pending", True), said
    verdict.state.base = "3" * 40  # a forge that says something else than git: nothing stays green
    assert (verdict.run()[0], verdict.shown) == (1, ["pending", "error"])
