"""The workflow that makes records of issues: its own steps, on real git with a local remote and a real key.

Only `gh` is played: what it was asked is written down. The verdict is asked of a GitHub on loopback.
"""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from itsm_as_code.forges.local import parse_pull_request
from itsm_as_code.gate import evaluate
from itsm_as_code.git.repository import Repository
from itsm_as_code.interchange import Known
from itsm_as_code.records.document import parse
from itsm_as_code.shipped import starter
from tests.attacks.scenarios_doors import DOOR, door
from tests.conftest import NOW, Workshop, codes
from tests.forges.conftest import Shop
from tests.forges.fake import TOKEN, GitHubFace, serving
from tests.interchange.request_shop import github
from tests.interchange.test_issue import ANSWERS, body
from tests.program import put_program

GH = """#!/bin/sh
printf '%s\\n' "$*" >>"$CALLS"
if [ "$1 $2" = "pr list" ]; then printf '%b' "$OPEN"; exit 0; fi
while [ $# -gt 0 ]; do if [ "$1" = --body-file ]; then cat "$2" >>"$CALLS"; fi; shift; done
"""


def script(job: str, step: str, name: str = "issue.yml") -> str:
    steps = parse(starter(name).encode())["jobs"][job]["steps"]
    (found,) = (item["run"] for item in steps if item["name"] == step)
    return str(found)


def programs(folder: Path, *more: str) -> None:
    """What the steps call: `gh`, which is played, and the real `itsm`, with ``more`` at its end."""
    folder.mkdir()
    put_program(folder / "itsm", *more)
    for name, text in {"gh": GH, "python": f'#!/bin/sh\nexec {sys.executable} "$@"\n'}.items():
        place = folder / name
        place.write_text(text)
        place.chmod(place.stat().st_mode | stat.S_IXUSR)


@dataclass
class Job:
    """The jobs of a door; ``starter`` is the workflow, ``variables`` are those of its forge."""

    shop: Workshop
    folder: Path
    key: Path
    starter: str = "issue.yml"
    variables: dict[str, str] = field(default_factory=dict)

    def step(self, job: str, name: str, event: Any, code: int = 0, **more: str) -> str:
        """Run a step on an event, in a clone of its own; what gh was asked."""
        runs = self.folder / f"run-{len(list(self.folder.iterdir()))}"
        runs.mkdir()
        self.shop.git("clone", "-q", "-b", "main", str(self.folder / "remote.git"), str(runs / "clone"))
        (runs / "event.json").write_text(json.dumps(event))
        (runs / "calls").write_text("")
        environment = {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            **dict.fromkeys(("HOME", "RUNNER_TEMP"), str(runs)),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GITHUB_EVENT_PATH": str(runs / "event.json"),
            "CALLS": str(runs / "calls"),
            "KEY": self.key.read_text().rstrip("\n"),
            "NAME": "Gatekeeper",
            "EMAIL": f"{DOOR}@shop.example",
            "BASE": "main",
            **self.variables,
            **more,
        }
        command = ["bash", "-e", "-o", "pipefail", "-c", script(job, name, self.starter)]
        done = subprocess.run(command, cwd=runs / "clone", env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        assert list(self.folder.rglob("owned")) == []
        return (runs / "calls").read_text()

    def submit(self, text: str, user: int = 7, number: int = 12, opened: int = 0, **issue: Any) -> str:
        """Run the step on an issue; what gh was asked."""
        told = json.loads(github(text, number=number, user={"login": "bob-gh", "id": user}, **issue))
        asked = {"OPEN": "1\\n" * opened, "NUMBER": str(number), "ACCOUNT": str(user)}
        return self.step("record", "Make the record and open the pull request", {"issue": told}, **asked)

    def branches(self) -> list[str]:
        return self.shop.git("-C", str(self.folder / "remote.git"), "branch", "--format=%(refname:short)").split()


@pytest.fixture
def job(workshop: Workshop, tmp_path: Path) -> Job:
    folder = tmp_path / "job"
    folder.mkdir()
    key = door(workshop)
    workshop.git("clone", "-q", "--bare", str(workshop.path), str(folder / "remote.git"))
    workshop.git("-C", str(folder / "remote.git"), "branch", "-D", "topic")
    programs(folder / "bin")
    return Job(workshop, folder, key)


def form(job: Job, **answers: Any) -> str:
    return body(Known.read(job.shop.path), "Incident", ANSWERS["Incident"] | answers)


def test_an_issue_becomes_a_pull_request_that_its_submitter_cannot_approve(job: Job) -> None:
    said = job.submit(form(job))
    assert "pr create --head issue-12 --base main" in said
    assert "For the account github/7, issue #12." in said
    assert job.branches() == ["issue-12", "main"]
    job.shop.git("fetch", "-q", str(job.folder / "remote.git"), "issue-12:issue-12", "main:refs/heads/base")
    head = job.shop.tip("refs/heads/issue-12")
    reviews = [{"reviewer": "bob", "state": "approved", "commit": head, "at": "2026-11-22T10:00:00Z"}]
    told = parse_pull_request({"author": DOOR, "reviews": reviews}, "reviews")
    decision = evaluate(Repository(job.shop.path), "base", "issue-12", told, NOW)
    assert "door-unsigned" not in codes(decision)
    assert set(decision.evidence["pullRequest"]["contributors"]) == {"bob", DOOR}
    assert [row["name"] for row in decision.evidence["records"]] == ["inc-20261109-12"]


def test_an_issue_gets_one_pull_request(job: Job) -> None:
    job.submit(form(job))
    assert job.submit(form(job, description="Once more")) == ""


def test_what_does_not_fit_is_asked_back(job: Job) -> None:
    said = job.submit(form(job, service="no-such"))
    assert ("issue comment 12" in said, "    'service' is not" in said, "pr create" in said) == (True, True, False), (
        said
    )
    assert job.branches() == ["main"]


def test_a_stranger_gets_an_answer_and_no_pull_request(job: Job) -> None:
    assert "pr create" not in job.submit(form(job), user=4711)
    assert job.branches() == ["main"]


def test_one_person_does_not_flood_the_reviewers(job: Job) -> None:
    assert "pr create" not in job.submit(form(job), opened=5)
    assert "pr create" in job.submit(form(job), number=13, opened=4)


@pytest.mark.parametrize(
    "text",
    [
        '$(touch owned) `touch owned`; touch owned \'; touch owned # "; id # " --title "x ${{ github.token }}',
        *(pytest.param(text, marks=pytest.mark.deep) for text in ['" --title "x', "${{ github.token }}", "'; id #"]),
    ],
)
def test_what_was_typed_reaches_no_shell(job: Job, text: str) -> None:
    said = job.submit(form(job, description=text))
    assert ("pr create" in said, text in said) == (True, False)


@pytest.fixture
def pulls(shop: Shop, tmp_path: Path) -> Iterator[Callable[[str, str], tuple[int, list[str]]]]:
    """Runs the step that tells the verdict after a run of a branch, with open pull requests; comments on issue 12."""
    state = shop.state("github")
    shop.approve(state)
    work = shop.work
    work.git("update-ref", "refs/pull/17/head", "topic")
    work.git("config", "uploadpack.allowAnySHA1InWant", "true")
    work.git("clone", "-q", "-b", "main", "--no-local", str(work.path), str(tmp_path / "clone"))
    programs(tmp_path / "bin", "--now", "2026-11-22T12:00:00Z", "--wait", "0")
    with serving(GitHubFace(state)) as server:

        def run(branch: str, opened: str) -> tuple[int, list[str]]:
            environment = {
                "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
                "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
                "HOME": os.devnull,
                "RUNNER_TEMP": str(tmp_path),
                "GH_TOKEN": TOKEN,
                "GITHUB_API_URL": server.base,
                "GITHUB_REPOSITORY": "shop/itsm",
                "CALLS": os.devnull,
                "OPEN": opened,
                "BRANCH": branch,
            }
            command = ["bash", "-e", "-o", "pipefail", "-c", script("verdict", "Tell the verdict")]
            done = subprocess.run(command, cwd=tmp_path / "clone", env=environment, capture_output=True, text=True)
            return done.returncode, [str(comment["body"]) for comment in state.comments]

        yield run


Pulls = Callable[[str, str], tuple[int, list[str]]]


@pytest.mark.parametrize("branch", ["issue-12", "main"], ids=["Gate", "Verdict"])
def test_the_verdict_is_told_in_the_issue(branch: str, pulls: Pulls) -> None:
    code, told = pulls(branch, "17\\tissue-12\\tfalse\\n")
    assert (code, len(told)) == (0, 1)
    assert "Approved: may be merged" in told[0]
    assert pulls(branch, "17\\tissue-12\\tfalse\\n") == (0, told), "one comment, kept up to date"


@pytest.mark.parametrize(
    "opened",
    [
        "17\\tissue-12\\ttrue\\n",  # a fork's branch of that name
        "17\\tissue-12x\\tfalse\\n",
        "17\\tissue-0\\tfalse\\n",
        "17\\tissue-$(touch owned)\\tfalse\\n",
        "17\\tissue-13\\tfalse\\n",  # the run was about another one
        "",
    ],
)
def test_nothing_is_told_of_what_is_not_the_doors(opened: str, pulls: Pulls, tmp_path: Path) -> None:
    assert pulls("issue-12", opened) == (0, [])
    assert list(tmp_path.rglob("owned")) == []


def test_what_could_not_be_judged_stops_no_other(pulls: Pulls) -> None:
    code, told = pulls("main", "18\\tissue-13\\tfalse\\n17\\tissue-12\\tfalse\\n")
    assert (code, ["Approved" in text for text in told]) == (2, [True])
