"""The GitLab jobs that make records of issues and tell verdicts: run as written, against a GitLab on loopback.

Nothing is played: git is real, and the merge request is opened by push options, which the remote notes down.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from itsm_as_code.forges.local import parse_pull_request
from itsm_as_code.gate import evaluate
from itsm_as_code.git.repository import Repository
from itsm_as_code.interchange import Known
from itsm_as_code.interchange._request_form import Forge
from itsm_as_code.records.document import parse
from itsm_as_code.shipped import starter
from tests.attacks.scenarios_doors import DOOR, door
from tests.attacks.tools import on_main
from tests.conftest import NOW, ROOT, Run, Workshop, codes
from tests.forges.conftest import Shop
from tests.forges.fake import TOKEN, Said, State, serving
from tests.forges.test_gitlab_job import Project
from tests.interchange.request_shop import gitlab
from tests.interchange.test_issue import ANSWERS, body
from tests.program import put_program

ME = {"id": 99, "username": "gatekeeper", "name": "Gatekeeper", "state": "active"}
MINE = "For the account gitlab/7, issue #1."


class DoorFace(Project):
    """GitLab with the door's account, and merge requests of issues."""

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> Any:
        if path == "/user":
            return ME
        found = super().answer(method, path, query, body)
        if path.endswith("/merge_requests"):
            return [one | {"author": ME} for one in found[: len(self.state.others)]]
        return found


def script(job: str) -> str:
    """All that a runner runs of a job of the template, but for installing."""
    lab: Any = parse(starter("gitlab-issue.yml").encode())
    return "\n".join([lab[".door"]["before_script"][-1], *lab[job]["script"]])


def run(job: str, folder: Path, variables: dict[str, str], *more: str) -> str:
    """What a job said in a new folder; it has to end well."""
    here = folder / f"run-{len(list(folder.iterdir()))}"
    put_program(here / "bin/itsm", *more)
    python = here / "bin/python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    done = subprocess.run(
        ["bash", "-c", script(job)],
        cwd=here,
        env={"PATH": f"{here / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT / "src"), "HOME": str(here)}
        | variables,
        capture_output=True,
        text=True,
        timeout=120,
    )
    said = done.stdout + done.stderr
    assert (done.returncode, TOKEN in said) == (0, False), said
    return said


@dataclass
class Job:
    shop: Workshop
    folder: Path
    state: State
    variables: dict[str, str]

    def submit(self, text: str, number: int = 12, account: int = 7, action: str = "open", **issue: Any) -> list[str]:
        """Run the job for an issue; what was said in the issue."""
        who = {"id": account, "username": "bob-lab", "name": "Bob", "state": "active"}
        told = {"labels": ["itsm"], "author": who, "state": "opened", "id": 900 + number, **issue}
        self.state.issues[:] = [{**json.loads(gitlab(text, iid=number)), **told}]
        event = {"object_kind": "issue", "object_attributes": {"iid": number, "action": action, "author_id": 8}}
        (self.folder / "event.json").write_text(json.dumps(event))
        self.state.comments.clear()
        run("record", self.folder, self.variables)
        return [str(note["body"]) for note in self.state.comments]

    def branches(self) -> list[str]:
        return self.shop.git("-C", str(self.folder / "remote.git"), "branch", "--format=%(refname:short)").split()

    def options(self) -> list[str]:
        """With which the branch was pushed."""
        return (self.folder / "options").read_text().splitlines()


@pytest.fixture
def job(workshop: Workshop, tmp_path: Path) -> Iterator[Job]:
    folder = tmp_path / "job"
    folder.mkdir()
    key = door(workshop)
    with on_main(workshop):
        for path in (f"people/{DOOR}.yaml", "people/bob.yaml", "people/carol.yaml", "itsm.yaml"):
            workshop.edit(path, "forge: github, ", "forge: gitlab, ")
    remote = folder / "remote.git"
    workshop.git("clone", "-q", "--bare", str(workshop.path), str(remote))
    workshop.git("-C", str(remote), "branch", "-D", "topic")
    workshop.git("-C", str(remote), "config", "receive.advertisePushOptions", "true")
    hook = remote / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\nenv | sed -n 's/^GIT_PUSH_OPTION_[0-9]*=//p' >>{folder / 'options'}\n")
    hook.chmod(0o755)
    address = f"https://door:{TOKEN}@gitlab.example:443/shop/itsm.git"
    (folder / "config").write_text(f'[url "{remote}"]\n  insteadOf = "{address}"\n')
    commits = workshop.git("rev-list", "main").split()
    state = State(suffix="", ids={}, base=commits[0], head=commits[0], commits=commits)
    with serving(DoorFace(state)) as server:
        variables = {"CI_SERVER_PROTOCOL": "https", "CI_SERVER_HOST": "gitlab.example", "CI_SERVER_PORT": "443"}
        variables |= {"CI_PROJECT_PATH": "shop/itsm", "CI_DEFAULT_BRANCH": "main", "CI_API_V4_URL": server.base}
        variables |= {"CI_PROJECT_ID": "1", "ITSM_DOOR_TOKEN": TOKEN, "ITSM_DOOR_KEY": str(key)}
        variables |= {"ITSM_DOOR_NAME": "Gatekeeper", "ITSM_DOOR_EMAIL": f"{DOOR}@shop.example"}
        variables |= {"TRIGGER_PAYLOAD": str(folder / "event.json"), "GIT_CONFIG_GLOBAL": str(folder / "config")}
        yield Job(workshop, folder, state, variables)


def form(job: Job, **answers: Any) -> str:
    return body(Known.read(job.shop.path), "Incident", ANSWERS["Incident"] | answers, Forge.GITLAB)


def test_an_issue_becomes_a_merge_request_that_its_author_cannot_approve(job: Job) -> None:
    """The account is that of the issue as GitLab gives it, whatever the event says."""
    assert job.submit(form(job)) == [
        "A merge request was opened with the record. What is decided of it will be told here.\n"
    ]
    assert job.branches() == ["issue-12", "main"]
    assert "merge_request.create" in job.options()
    assert "merge_request.description=For the account gitlab/7, issue #12." in job.options()
    job.shop.git("fetch", "-q", str(job.folder / "remote.git"), "issue-12:issue-12", "main:refs/heads/base")
    head = job.shop.tip("refs/heads/issue-12")
    reviews = [{"reviewer": "bob", "state": "approved", "commit": head, "at": "2026-11-22T10:00:00Z"}]
    told = parse_pull_request({"author": DOOR, "reviews": reviews}, "reviews")
    decision = evaluate(Repository(job.shop.path), "base", "issue-12", told, NOW)
    assert "door-unsigned" not in codes(decision)
    assert set(decision.evidence["pullRequest"]["contributors"]) == {"bob", DOOR}
    assert [row["name"] for row in decision.evidence["records"]] == ["inc-20261109-12"]
    assert job.submit(form(job)) == [], "an issue gets one merge request"


def test_what_does_not_fit_is_asked_back(job: Job) -> None:
    (said,) = job.submit(form(job, service="no-such"))
    assert ("submit the form again" in said, "    'service' is not" in said) == (True, True), said
    assert job.branches() == ["main"]


@pytest.mark.parametrize(
    ("issue", "is_answered"),
    [
        ({"account": 4711}, True),  # nobody in people/
        ({"labels": []}, False),
        ({"action": "update"}, False),
        ({"action": "close"}, False),
    ],
)
def test_no_other_issue_comes_in(issue: dict[str, Any], is_answered: bool, job: Job) -> None:
    assert bool(job.submit(form(job), **issue)) is is_answered
    assert job.branches() == ["main"]


@pytest.mark.parametrize(
    "event", [{"object_kind": "note"}, {"object_kind": "issue", "object_attributes": {"iid": "1 x", "action": "open"}}]
)
def test_an_event_is_a_number_or_nothing(event: dict[str, Any], job: Job) -> None:
    """Whoever has the trigger token can send what they like."""
    (job.folder / "event.json").write_text(json.dumps(event))
    run("record", job.folder, job.variables)
    assert job.branches() == ["main"]


@pytest.mark.parametrize(("who", "comes_in"), [(7, True), (8, False)])
def test_what_somebody_else_wrote_is_not_its_authors(who: int, comes_in: bool, job: Job) -> None:
    """Carol edits the issue of bob; as nobody would know, she could approve what she wrote."""
    author = {"id": who, "username": "x", "name": "X", "state": "active"}
    times = dict.fromkeys(("created_at", "updated_at"), "2026-11-22T09:00:00.000Z")
    note = {"id": 1, "body": "changed the description", "author": author, "system": True, **times}
    job.state.issue_notes.append(note)
    job.submit(form(job))
    assert (job.branches() == ["issue-12", "main"]) is comes_in


@pytest.mark.parametrize(
    ("opened", "comes_in"), [(4, True), (5, False), pytest.param(100, False, marks=pytest.mark.deep)]
)
def test_one_person_does_not_flood_the_reviewers(opened: int, comes_in: bool, job: Job) -> None:
    job.state.others = [(number, "a" * 40) for number in range(20, 20 + opened)]
    job.state.text = MINE
    said = job.submit(form(job))
    assert (job.branches() == ["issue-12", "main"]) is comes_in
    assert ("Too many proposals" in said[0]) is not comes_in


@pytest.mark.parametrize(
    "text",
    [
        "$(touch owned) `touch owned`; touch owned '; touch owned # \"; touch owned; print(1) #",
        *(pytest.param(text, marks=pytest.mark.deep) for text in ["$(touch owned)", "'; id #", '"; print(1) #']),
    ],
)
def test_what_was_typed_reaches_no_shell(job: Job, text: str) -> None:
    job.submit(form(job, description=text), title=text)
    assert job.branches() == ["issue-12", "main"]
    assert not any(text in option for option in job.options())
    assert list(job.folder.rglob("owned")) == []


def test_the_verdict_is_told_in_the_issue(shop: Shop, tmp_path: Path) -> None:
    state = shop.state("gitlab")
    state.branch = "issue-12"
    state.reviews[:] = [Said("bob", "approved", shop.head, "2026-11-22T10:20:00Z")]
    work = shop.work
    work.git("update-ref", "refs/merge-requests/17/head", "topic")
    work.git("config", "uploadpack.allowAnySHA1InWant", "true")
    folder = tmp_path / "job"
    folder.mkdir()
    with serving(Project(state)) as server:
        variables = {"CI_API_V4_URL": server.base, "CI_PROJECT_ID": "1", "ITSM_DOOR_TOKEN": TOKEN}
        variables |= {"CI_REPOSITORY_URL": str(work.path), "CI_DEFAULT_BRANCH": "main"}
        for _ in range(2):
            run("verdicts", folder, variables, "--now", "2026-11-22T12:00:00Z", "--wait", "0")
        (comment,) = state.comments
        assert "Approved: may be merged" in comment["body"]
        assert any("/issues/12/notes/" in line for line in server.log if line.startswith("PUT"))
        state.comments.clear()
        state.branch = "issue-12; touch owned"
        run("verdicts", folder, variables)
        assert state.comments == []


@pytest.mark.parametrize("place", ["", "ops/itsm"])
def test_export_writes_it_where_the_pipeline_includes_it(place: str, itsm: Run, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    top, records = tmp_path, tmp_path / place
    assert itsm("init", records, "--forge", "gitlab")[0] == 0
    assert itsm("export", "issue-forms", "-C", records, "--into", ".")[0] == 0
    lab: Any = parse((records / ("ci/gitlab.yml" if place else ".gitlab-ci.yml")).read_bytes())
    (included,) = lab["include"]
    assert included["rules"] == [{"exists": [included["local"]]}]
    jobs: Any = parse((top / included["local"]).read_bytes())
    assert (f"-C records{'/' if place else ''}{place} import issue" in str(jobs["record"])) is True
    assert f"-C records{'/' if place else ''}{place} report reminders" in str(lab["reminders"])
    assert (top / ".gitlab/issue_templates/incident.md").is_file()
