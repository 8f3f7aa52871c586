"""The workflow of Gitea and Forgejo that makes records of issues and alerts: its steps as written, on real git with a
local remote and a real key, against a Gitea on loopback. Nothing is played.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from itsm_as_code.forges.local import parse_pull_request
from itsm_as_code.gate import evaluate
from itsm_as_code.git.repository import Repository
from itsm_as_code.records.document import parse
from itsm_as_code.shipped import starter
from tests.attacks.scenarios_doors import DOOR
from tests.attacks.tools import on_main
from tests.conftest import NOW, Workshop, codes
from tests.forges.conftest import Shop
from tests.forges.fake import TOKEN, GiteaFace, Server, State, serving
from tests.forges.test_alert_door import DRAFT, ENDED, FIRED, ON, OTHER, Door
from tests.forges.test_issue_job import Job, form, programs
from tests.forges.test_issue_job import job as of_github
from tests.interchange.test_alerts import alerting

__all__ = ["of_github"]


class DoorFace(GiteaFace):
    """Gitea with what the door opens, and what others did."""

    def __init__(self, state: State) -> None:
        super().__init__(state)
        self.opened: list[dict[str, Any]] = []

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> Any:
        if not path.endswith("/pulls"):
            return super().answer(method, path, query, body)
        if method == "GET":
            assert query["state"] == "open"
            return self.opened
        assert body["base"] == "main"
        return self.open(body["head"], body["title"], body["body"])

    def open(self, branch: str, title: str = "", text: str = "", repo: int = 1) -> dict[str, Any]:
        made = self.pull(30 + len(self.opened), "a" * 40) | {"title": title, "body": text}
        made["head"] |= {"ref": branch, "repo_id": repo}
        self.opened.append(made)
        return made


class GiteaJob(Job):
    face: DoorFace

    def said(self) -> list[str]:
        """In the issue, since it was last asked."""
        found = [str(one["body"]) for one in self.face.state.comments]
        self.face.state.comments.clear()
        return found

    def order(self, text: str, **more: Any) -> list[str]:
        """Submit an issue, as Gitea gives it; what was said in it."""
        self.submit(text, original_author="", original_author_id=0, pull_request=None, **more)
        return self.said()


@pytest.fixture
def job(of_github: Job, workshop: Workshop) -> Iterator[GiteaJob]:
    """The door, and bob with the number 7, have their accounts at Gitea."""
    with on_main(workshop):
        for path in (f"people/{DOOR}.yaml", "people/bob.yaml", "itsm.yaml"):
            workshop.edit(path, "forge: github, ", "forge: gitea, ")
    remote = of_github.folder / "remote.git"
    workshop.git("push", "-q", "--force", str(remote), "main")
    (of_github.folder / "bin/gh").unlink()
    made = GiteaJob(workshop, of_github.folder, of_github.key, "gitea-issue.yml")
    commits = workshop.git("rev-list", "main").split()
    made.face = DoorFace(State(suffix="", ids={}, base=commits[0], head=commits[0], commits=commits))
    with serving(made.face) as server:
        server.page_size = 2  # many pages
        made.variables = variables_of(server)
        yield made


def variables_of(server: Server) -> dict[str, str]:
    """What a runner and the workflow give each step."""
    known = {"GITEA_TOKEN": TOKEN, "GITHUB_API_URL": server.base, "GITHUB_REPOSITORY": "shop/itsm"}
    return known | {"API": parse(starter("gitea-issue.yml").encode())["env"]["API"], "GITEA_ACTIONS": "true"}


def test_an_issue_becomes_a_pull_request_that_its_submitter_cannot_approve(job: GiteaJob) -> None:
    assert job.order(form(job)) == [
        "A pull request was opened with the record. What is decided of it will be told here.\n"
    ]
    (opened,) = job.face.opened
    assert (opened["head"]["ref"], opened["body"]) == ("issue-12", "For the account gitea/7, issue #12.\n")
    assert job.branches() == ["issue-12", "main"]
    job.shop.git("fetch", "-q", str(job.folder / "remote.git"), "issue-12:issue-12", "main:refs/heads/base")
    told = parse_pull_request({"author": DOOR, "reviews": []}, "reviews")
    decision = evaluate(Repository(job.shop.path), "base", "issue-12", told, NOW)
    assert "door-unsigned" not in codes(decision)
    assert set(decision.evidence["pullRequest"]["contributors"]) == {"bob", DOOR}
    assert job.order(form(job)) == [], "an issue gets one pull request"


def test_what_does_not_fit_is_asked_back_and_nobody_floods(job: GiteaJob) -> None:
    (said,) = job.order(form(job, service="no-such"))
    assert ("submit the form again" in said, "    'service' is not" in said) == (True, True), said
    (said,) = job.order(form(job), user=4711)
    assert "This cannot become a record yet" in said
    for number in range(20, 24):
        job.face.open(f"issue-{number}", text=f"For the account gitea/7, issue #{number}.")
    job.face.open("issue-24", text="For the account gitea/7, issue #24.", repo=2)  # a fork's
    job.face.open("issue-25", text="For the account gitea/77, issue #25.")
    assert "A pull request was opened" in job.order(form(job, description="$(touch owned) `touch owned`"))[0]
    assert "Five of your proposals are open" in job.order(form(job), number=13)[0]
    assert job.branches() == ["issue-12", "main"]


def test_what_monitoring_sends_gathers_in_one_pull_request(job: GiteaJob) -> None:
    door = Door(job.shop, job.folder / "remote.git", None)

    def send(payload: Any, event: str = "workflow_dispatch", **more: str) -> None:
        told = {"inputs": {"payload": json.dumps(payload)}} if payload else {}
        given = {"EVENT": event, "ALERTMANAGER": "", "ACCOUNT": "7", "RUN": "4711"}
        job.step("alerts", DRAFT, told, **{**given, **more})

    job.face.open("alerts", repo=2)  # a fork's branch of that name
    send(FIRED)
    send(ENDED)
    _, opened = job.face.opened
    assert opened["body"].startswith("For the account gitea/7: what monitoring sent.\n")
    assert door.drafted()["outages"][0]["end"] == "2026-11-20T09:09:00Z"
    tip = door.git("rev-parse", "alerts")
    send(OTHER)
    assert door.git("rev-parse", "alerts^") == tip, "and what it says reaches no shell"
    people, reasons = door.contributors()
    assert (people, "door-unsigned" in reasons) == ({DOOR, "bob"}, False)
    assert door.branches() == ["alerts", "main"]


def test_an_alertmanager_is_asked_by_the_clock_where_there_is_one(job: GiteaJob) -> None:
    given = {"EVENT": "schedule", "ACCOUNT": "7", "RUN": "4711"}
    job.step("alerts", DRAFT, {}, **given, ALERTMANAGER="")
    assert job.branches() == ["main"]
    with alerting([ON]) as address:
        job.step("alerts", DRAFT, {}, **given, ALERTMANAGER=address)
    assert Door(job.shop, job.folder / "remote.git", None).drafted()["services"] == ["orders"]


def test_the_verdict_is_told_in_the_issue(shop: Shop, tmp_path: Path) -> None:
    state = shop.state("gitea")
    shop.approve(state)
    state.branch = "issue-12"
    folder = tmp_path / "job"
    folder.mkdir()
    programs(folder / "bin", "--now", "2026-11-22T12:00:00Z", "--wait", "0")
    remote = folder / "remote.git"
    shop.work.git("update-ref", "refs/pull/17/head", "topic")
    shop.work.git("clone", "-q", "--mirror", str(shop.work.path), str(remote))
    shop.work.git("-C", str(remote), "config", "uploadpack.allowAnySHA1InWant", "true")
    with serving(GiteaFace(state)) as server:
        job = GiteaJob(shop.work, folder, folder / "bin/itsm", "gitea-issue.yml", variables_of(server))
        job.step("verdict", "Tell the verdict", {})
        (comment,) = state.comments
        assert "Approved: may be merged" in comment["body"]
        state.comments.clear()
        state.branch = "issue-12; touch owned"
        job.step("verdict", "Tell the verdict", {})
        assert state.comments == []
