"""Reminders: what they hold, and the scheduled jobs that `init` writes, run as written against forges on loopback."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from itsm_as_code.forges.reminder import MARKER
from itsm_as_code.records.document import parse
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.schemas import Validator
from itsm_as_code.shipped import starter
from tests.conftest import ROOT, SMALL, Run
from tests.forges.conftest import FACES, Shop
from tests.forges.fake import TOKEN, Said, State, serving
from tests.program import put_program

NOW = "2026-11-24T12:00:00Z"


def test_by_the_records_alone(itsm: Run) -> None:
    code, out, err = itsm("report", "reminders", "-C", ROOT, "--now", "2026-11-22T12:00:00Z")
    assert (code, err) == (0, "")
    assert "Within 30 days:\n" in out
    assert "  2026-12-19  Waiver/one-way-audio-waits-for-trunks: Waiver ends\n" in out
    assert "Emergency changes to be reviewed:\n  by 2026-11-25T23:00:00Z  Change/" in out


def test_for_programs(itsm: Run) -> None:
    out = itsm("report", "reminders", "-C", ROOT, "--now", "2026-11-22T12:00:00Z", "--format", "json")[1]
    schema = KindRegistry.load().bundled("reports/reminders-report.schema.json")
    assert Validator("reminders-report", schema).problems(found := json.loads(out)) == []
    assert "one-way-audio-waits-for-trunks" in [row["name"] for row in found["deadlines"]]
    assert found["reviews"][0]["due"] == "2026-11-25T23:00:00Z"


def test_nothing_is_due(itsm: Run, tmp_path: Path) -> None:
    assert itsm("init", tmp_path, "--forge", "local")[0] == 0
    assert itsm("report", "reminders", "-C", tmp_path, "--now", NOW)[1] == "nothing is due, and nobody waits\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--publish",), "--publish needs a forge"),
        (("--forge", "bitbucket"), "is not one of"),
        (("--publish", "--forge", "github", "--repo", "shop"), "'shop' is not a repository"),
        (("--pr", "17"), "No such option"),
    ],
)
def test_what_it_says_to_mistakes(arguments: tuple[str, ...], said: str, itsm: Run) -> None:
    code, out, err = itsm("report", "reminders", "-C", SMALL, "--now", NOW, *arguments)
    assert (code, out, said in err) == (2, "", True), err


@dataclass
class Job:
    """The scheduled job of a forge, in a clone of the default branch; the pull request of the shop waits for bob."""

    forge: str
    state: State
    shop: Shop
    folder: Path
    variables: dict[str, str]

    def run(self, now: str = NOW) -> str:
        """What it said; it ends well."""
        folder = self.folder / f"run-{len(list(self.folder.iterdir()))}"
        program = put_program(folder / "bin/itsm", "--wait", "0", "--now", now)
        where = folder
        if self.forge == "github":
            where = folder / "clone"
            self.shop.work.git("clone", "-q", "-b", "main", "--no-local", str(self.shop.work.path), str(where))
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", script(self.forge)],
            cwd=where,
            env={"PATH": f"{program.parent}:{os.environ['PATH']}", "HOME": os.devnull} | self.variables,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def texts(self, state: str = "open") -> list[str]:
        """Of the issues in a state."""
        return [
            str(item["body" if self.forge == "github" else "description"])
            for item in self.state.issues
            if item["state"].removesuffix("ed") == state.removesuffix("ed")
        ]


def script(forge: str) -> str:
    if forge == "gitlab":
        lab: Any = parse(starter("gitlab-ci.yml").encode())
        return str(lab["reminders"]["script"][0])
    steps: Any = parse(starter("reminders.yml").encode())["jobs"]["remind"]["steps"]
    (found,) = (step["run"] for step in steps if step["name"] == "Remind")
    return str(found)


@pytest.fixture(params=["github", "gitlab"])
def job(request: pytest.FixtureRequest, shop: Shop, tmp_path: Path) -> Iterator[Job]:
    work = shop.work
    for heads in ("refs/pull/17/head", "refs/merge-requests/17/head"):
        work.git("update-ref", heads, "topic")
    work.git("config", "uploadpack.allowAnySHA1InWant", "true")
    work.git("checkout", "-q", "--detach", "main")
    state = shop.state(request.param)
    state.reviews.clear()
    with serving(FACES[request.param](state)) as server:
        variables = {"GH_TOKEN": TOKEN, "GITHUB_API_URL": server.base, "GITHUB_REPOSITORY": "shop/itsm"}
        if request.param == "gitlab":
            variables = {"CI_API_V4_URL": server.base, "CI_PROJECT_ID": "shop/itsm", "ITSM_REMINDER_TOKEN": TOKEN}
            variables |= {"CI_REPOSITORY_URL": str(work.path), "CI_DEFAULT_BRANCH": "main"}
        (tmp_path / "job").mkdir()
        yield Job(request.param, state, shop, tmp_path / "job", variables)


def test_one_issue_is_kept_up_to_date_and_closed_when_nothing_is_left(job: Job) -> None:
    mark = "!" if job.forge == "gitlab" else "#"
    assert f"{mark}17" in job.run()
    (text,) = job.texts()
    assert text.startswith(f"{MARKER}\nAs of {NOW}.")
    assert f"- {mark}17 since 2026-11-22T08:00:00Z: " in text
    job.run("2026-11-24T13:00:00Z")
    (text,) = job.texts()
    assert "As of 2026-11-24T13:00:00Z." in text
    job.state.reviews.append(Said("bob", "approved", job.shop.head, "2026-11-22T10:20:00Z"))
    assert job.run() == "nothing is due, and nobody waits\n"
    assert (job.texts(), len(job.texts("closed"))) == ([], 1)
    job.state.reviews.clear()
    job.run()
    assert (len(job.texts()), len(job.texts("closed"))) == (1, 1)


def test_within_a_day_nobody_is_reminded(job: Job) -> None:
    assert job.run("2026-11-23T07:59:59Z") == "nothing is due, and nobody waits\n"
    assert job.state.issues == []


def test_an_issue_of_somebody_else_is_left_alone(job: Job) -> None:
    job.run()
    author = "user" if job.forge == "github" else "author"
    job.state.issues[0][author] = {**job.state.issues[0][author], "login": "mallory", "username": "mallory"}
    before = job.texts()
    job.run("2026-11-24T13:00:00Z")
    assert job.texts()[:1] == before
    assert len(job.texts()) == 2


def test_what_could_not_be_judged_is_said_and_stops_nothing(job: Job) -> None:
    job.state.pushes.clear()
    job.run()
    if job.forge == "github":
        assert "could not be judged" in job.texts()[0]


def test_the_jobs_run_on_the_default_branch_alone_with_the_least_rights(itsm: Run, tmp_path: Path) -> None:
    assert itsm("init", tmp_path / "hub", "--forge", "github")[0] == 0
    flow: Any = parse((tmp_path / "hub/.github/workflows/reminders.yml").read_bytes())
    assert (set(flow["on"]), flow["permissions"]) == ({"schedule", "workflow_dispatch"}, {})
    assert flow["jobs"]["remind"]["permissions"] == {
        "contents": "read", "pull-requests": "read", "issues": "write",
    }  # fmt: skip
    assert itsm("init", tmp_path / "lab", "--forge", "gitlab")[0] == 0
    lab: Any = parse((tmp_path / "lab/.gitlab-ci.yml").read_bytes())
    (rule,) = lab["reminders"]["rules"]
    assert '$CI_PIPELINE_SOURCE == "schedule"' in rule["if"]
