"""The job "gate" that `itsm init --forge gitlab` writes, run by bash as a runner does, against a GitLab on loopback."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from itsm_as_code import shipped
from itsm_as_code.records.document import parse
from tests.forges.conftest import Shop
from tests.forges.fake import TOKEN, GitLabFace, State, serving
from tests.program import put_program


class Project(GitLabFace):
    """The project, by its number, as a job knows it."""

    repository = "1"


@dataclass
class Job:
    """The job of the shop's merge request."""

    path: Path
    state: State
    shop: Shop
    variables: dict[str, str] = field(default_factory=dict)

    def run(self) -> tuple[int, str]:
        """The exit code, and everything it said."""
        bin_, work = self.path / "bin", self.path / "work"
        for folder in (bin_, work, self.path / "project"):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
        put_program(bin_ / "itsm", "--wait", "0", "--now", "2026-11-22T12:00:00Z")
        environment = {"PATH": f"{bin_}:{os.environ['PATH']}", "HOME": os.devnull, **self.variables}
        script = "\n".join(parse(shipped.starter("gitlab-ci.yml").encode())["gate"]["script"])
        done = subprocess.run(
            ["bash", "-c", script], cwd=work, env=environment, capture_output=True, text=True, timeout=120
        )
        return done.returncode, done.stdout + done.stderr

    @property
    def evidence(self) -> Path:
        return self.path / "project/evidence"


@pytest.fixture
def job(shop: Shop, tmp_path: Path) -> Iterator[Job]:
    """Approved by bob."""
    state = shop.state("gitlab")
    shop.approve(state)
    shop.work.git("update-ref", "refs/merge-requests/17/head", "topic")
    shop.work.git("config", "uploadpack.allowAnySHA1InWant", "true")
    with serving(Project(state)) as server:
        yield Job(
            tmp_path,
            state,
            shop,
            {
                "CI_API_V4_URL": server.base,
                "CI_COMMIT_SHA": shop.head,
                "CI_MERGE_REQUEST_IID": "17",
                "CI_MERGE_REQUEST_PROJECT_ID": "1",
                "CI_PROJECT_DIR": str(tmp_path / "project"),
                "CI_PROJECT_ID": "1",
                "CI_REPOSITORY_URL": str(shop.work.path),
                "ITSM_READ_TOKEN": TOKEN,
            },
        )


def test_an_approved_merge_request(job: Job) -> None:
    code, said = job.run()
    assert code == 0, said
    evidence = json.loads((job.evidence / "gate.json").read_text())
    assert (evidence["verdict"], evidence["pullRequest"]["number"]) == ("approved", 17)
    assert (job.evidence / "gate.md").read_text() in said
    assert json.loads((job.evidence / "reviews.json").read_text())["forge"] == "gitlab"
    assert TOKEN not in said


def test_one_that_waits(job: Job) -> None:
    job.state.reviews.clear()
    assert job.run()[0] == 1
    assert json.loads((job.evidence / "gate.json").read_text())["verdict"] == "pending"


def test_a_merge_train(job: Job) -> None:
    work = job.shop.work
    work.git("checkout", "-q", "--detach", "main")
    work.git("merge", "-q", "--no-ff", "-m", "Merge !17", "topic", who="erin")
    job.variables |= {"CI_COMMIT_SHA": work.git("rev-parse", "HEAD"), "CI_MERGE_REQUEST_EVENT_TYPE": "merge_train"}
    work.git("update-ref", "refs/merge-requests/17/train", "HEAD")
    code, said = job.run()
    assert code == 0, said
    assert [row["number"] for row in json.loads((job.evidence / "gate.json").read_text())["queue"]] == [17]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("CI_PROJECT_ID", "2", "runs in a fork"),
        ("ITSM_READ_TOKEN", "", "ITSM_READ_TOKEN is missing"),
        ("ITSM_READ_TOKEN", "wrong", "could not judge"),
        ("CI_COMMIT_SHA", "2" * 40, "could not judge"),
        ("CI_MERGE_REQUEST_IID", "18", "could not judge"),
    ],
)
def test_what_the_job_refuses_to_judge(name: str, value: str, message: str, job: Job) -> None:
    job.variables[name] = value
    code, said = job.run()
    assert (code, message in said) == (2, True), said


def test_another_branch_is_not_judged(job: Job) -> None:
    job.state.base_ref = "release"
    assert job.run()[0] == 2
