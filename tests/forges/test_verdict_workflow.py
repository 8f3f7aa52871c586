"""The workflows of a new repository: linted, and run as written against a forge on loopback and a bare remote."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from itsm_as_code.cli.program import run
from itsm_as_code.records.document import parse
from tests.conftest import Run
from tests.forges.conftest import Shop
from tests.forges.fake import TOKEN, GitHubFace, State, serving
from tests.program import put_program

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
    assert [name for name, flow in flows.items() if "ITSM_APP_KEY" in str(flow)] == ["verdict.yml"]
    assert (flows["asked.yml"]["permissions"], "uses" in str(flows["asked.yml"])) == ({}, False)


ON_A_PULL_REQUEST = {"pull_request", "pull_request_target", "pull_request_review"}
"""Events whose runs are shown on a pull request, where a ruleset may require them."""


@pytest.mark.parametrize("verdict", ["job", "status"])
def test_no_run_on_a_pull_request_is_green_or_left_out_for_what_is_not_approved(
    verdict: str, tmp_path: Path, itsm: Run
) -> None:
    """What knows the verdict there fails with it; what a ruleset could take for it knows none and is never skipped."""
    assert itsm("init", tmp_path, "--verdict", verdict, "--person", ADA)[0] == 0
    knows = {}
    for path in sorted((tmp_path / ".github/workflows").glob("*.yml")):
        flow: dict[str, Any] = parse(path.read_bytes())
        if not ON_A_PULL_REQUEST & set(flow["on"]):
            continue
        for name, job in flow["jobs"].items():
            assert job.get("if") in (None, "${{ always() }}"), name
            assert "continue-on-error" not in str(job), name
            knows[f"{path.name}/{name}"] = [step["run"] for step in job["steps"] if "itsm" in step.get("run", "")]
    if verdict == "status":
        assert list(knows) == ["asked.yml/asked"]
        assert not any("itsm gate --" in text for text in knows["asked.yml/asked"])
    else:
        assert list(knows) == ["gate.yml/gate", "gate.yml/comment"]  # their steps are run in test_github_job


@dataclass
class Verdict:
    """The step of the workflow, in a clone of a bare remote."""

    path: Path
    state: State
    shop: Shop
    script: str
    variables: dict[str, str] = field(default_factory=dict)
    told: int = 0

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
        event = {"ASKED": "", "GROUP_HEAD": "", "GROUP_REF": "", "GROUP_BASE": "", **event}
        itsm = put_program(self.path / "bin/itsm", "--wait", "0", "--now", now)
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", self.script],
            cwd=self.path / "clone",
            env={"PATH": f"{itsm.parent}:{os.environ['PATH']}", "HOME": os.devnull} | self.variables | event,
            capture_output=True,
            text=True,
            timeout=120,
        )
        return done.returncode, done.stdout + done.stderr

    @property
    def shown(self) -> list[str]:
        """The states that were set since it was last asked, oldest first."""
        found = [item["state"] for item in self.state.statuses[self.told :]]
        self.told = len(self.state.statuses)
        return found


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the step that judges runs, in a new repository."""
    folder = tmp_path_factory.mktemp("verdict") / "org"
    assert run(["init", str(folder), "--verdict", "status", "--person", ADA]) == 0
    steps = parse((folder / ".github/workflows/verdict.yml").read_bytes())["jobs"]["verdict"]["steps"]
    (found,) = (step["run"] for step in steps if step["name"] == "Judge")
    return str(found)


@pytest.fixture
def verdict(shop: Shop, tmp_path: Path, script: str) -> Iterator[Verdict]:
    """Approved by bob."""
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


ASKED = "Asked for #17"


def test_every_verdict_has_its_status_and_none_is_green_but_approved(verdict: Verdict) -> None:
    code, said = verdict.run(ASKED=ASKED)
    assert (code, verdict.shown) == (0, ["pending", "success"]), said
    given = list(verdict.state.reviews)
    verdict.state.reviews.clear()
    assert (verdict.run(ASKED=ASKED)[0], verdict.shown) == (0, ["pending", "pending"])
    verdict.state.reviews[:] = given
    code, said = verdict.run(now="2026-12-01T21:00:00Z", ASKED=ASKED)  # its window has begun
    assert (code, verdict.shown) == (0, ["failure"]), said
    verdict.state.pushes.clear()  # who pushed is not known: that is no verdict
    assert (verdict.run(ASKED=ASKED)[0], verdict.shown) == (1, ["error"])


def test_time_and_a_base_that_moved_take_a_green_status_back(verdict: Verdict) -> None:
    assert (verdict.run()[0], verdict.shown) == (0, ["pending", "success"])
    assert (verdict.run(now="2026-12-01T21:00:00Z")[0], verdict.shown) == (0, ["pending", "failure"])
    assert (verdict.run()[0], verdict.shown) == (0, ["success"])
    work = verdict.shop.work
    work.git("checkout", "-q", "main")
    work.edit("services/newsletter.yaml", "tier: 4", "tier: 1")
    verdict.state.base = work.commit("Raise its tier", who="erin")
    verdict.push()
    code, said = verdict.run()
    assert (code, verdict.shown[0], "#17 " in said) == (0, "pending", True), said
    verdict.state.base = "3" * 40  # a forge that says something else than git: nothing stays green
    assert (verdict.run()[0], verdict.shown[-1:]) == (1, ["error"])


def test_what_says_nothing_new_is_not_said_again(verdict: Verdict) -> None:
    """GitHub takes 1,000 statuses of a name on a commit: five days of one that repeats itself."""
    assert (verdict.run()[0], verdict.shown) == (0, ["pending", "success"])
    assert (verdict.run()[0], verdict.shown) == (0, [])
    assert re.fullmatch(f"Approved: may be merged into {verdict.state.base[:12]} until 2026-12-.*Z",
                        verdict.state.statuses[-1]["description"])  # fmt: skip
    verdict.state.reviews.clear()
    assert (verdict.run()[0], verdict.shown) == (0, ["pending"])
    assert (verdict.run()[0], verdict.shown) == (0, [])


def test_what_others_say_under_its_name_keeps_no_approval_alive(verdict: Verdict) -> None:
    """Any workflow may set a status of this name; a ruleset takes that of the App, which has to be taken back."""
    assert (verdict.run()[0], verdict.shown) == (0, ["pending", "success"])
    ours = verdict.state.statuses[-1]
    said = {"id": 50, "state": "pending", "description": "Pending: waits for people"}
    verdict.state.statuses.append({**ours, **said, "creator": {**ours["creator"], "id": 4711}})
    verdict.told += 1
    verdict.state.reviews.clear()
    assert (verdict.run()[0], verdict.shown) == (0, ["pending"])


def test_an_untitled_run_is_one_for_all(verdict: Verdict) -> None:
    """The title comes from a workflow that a pull request may bring: a number is taken from it, or nothing."""
    code, said = verdict.run(ASKED="Asked for #17; touch owned")
    assert (code, "#17 approved" in said, verdict.shown) == (0, True, ["pending", "success"]), said
    assert not (verdict.path / "clone/owned").exists()


@pytest.mark.parametrize("approved", [True, False])
def test_a_group_of_the_queue_fails_unless_all_of_it_is_approved(approved: bool, verdict: Verdict) -> None:
    work = verdict.shop.work
    if not approved:
        verdict.state.reviews.clear()
    work.git("checkout", "-q", "--detach", "main")
    work.git("merge", "-q", "--no-ff", "-m", "Merge #17", "topic", who="erin")
    group = f"refs/heads/gh-readonly-queue/main/pr-17-{verdict.shop.base}"
    work.git("push", "-q", str(verdict.path / "remote.git"), f"HEAD:{group}")
    event = {"GROUP_REF": group, "GROUP_BASE": verdict.shop.base, "GROUP_HEAD": work.git("rev-parse", "HEAD")}
    code, said = verdict.run(**event)
    shown = ["pending", "success" if approved else "pending"]
    assert (code, verdict.shown) == (0 if approved else 1, shown), said
