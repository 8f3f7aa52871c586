"""The door of monitoring at GitHub and GitLab: its steps as written, on real git with a local remote and a real key."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from itsm_as_code.forges.local import parse_pull_request
from itsm_as_code.gate import evaluate
from itsm_as_code.git.repository import Repository
from itsm_as_code.records.document import parse
from tests.attacks.scenarios_doors import DOOR
from tests.conftest import NOW, Workshop, codes
from tests.forges import test_gitlab_issue_job as gitlab
from tests.forges import test_issue_job as github
from tests.forges.test_gitlab_issue_job import job as gitlab_job
from tests.forges.test_issue_job import job as github_job
from tests.interchange.test_alerts import FIRST, OVER, alert, alerting, alertmanager

__all__ = ["github_job", "gitlab_job"]
FILE = "operations/incidents/inc-20261120-ordersdown-1a30ba71cca2921f.yaml"
FIRED = json.loads(alertmanager(alert()))
ENDED = json.loads(OVER)
OTHER = json.loads(alertmanager(alert(mark="b" * 16, labels={"alertname": "$(touch owned)", "service": "`id`"})))


@dataclass
class Door:
    """A door of a forge: ``send`` runs it on a payload, ``opened`` says whether its pull request is open."""

    shop: Workshop
    remote: Path
    send: Any

    def git(self, *arguments: str) -> str:
        return self.shop.git("-C", str(self.remote), *arguments)

    def branches(self) -> list[str]:
        return self.git("branch", "--format=%(refname:short)").split()

    def drafted(self, branch: str = "alerts") -> Any:
        return parse(self.git("show", f"{branch}:{FILE}").encode())["spec"]

    def contributors(self) -> tuple[set[str], set[str]]:
        """Who contributed to the branch by the gate, and the codes of its reasons."""
        self.shop.git("fetch", "-q", str(self.remote), "+alerts:refs/heads/alerts", "+main:refs/heads/base")
        told = parse_pull_request({"author": DOOR, "reviews": []}, "reviews")
        decision = evaluate(Repository(self.shop.path), "base", "alerts", told, NOW)
        return set(decision.evidence["pullRequest"]["contributors"]), set(codes(decision))


GH = github.GH.replace('"$1 $2" = "pr list"', '"$1 $2 $6" = "pr list alerts"').replace(
    "fi\n", "elif [ $2 = list ]; then exit 0; fi\n", 1
)


DRAFT = "Draft the incidents and open the pull request"


def of_github(job: github.Job) -> Door:
    (job.folder / "bin/gh").write_text(GH)

    def send(payload: Any, opened: bool = False, way: str = "client_payload", code: int = 0, **more: str) -> str:
        told = {way: payload} if way == "client_payload" else {"inputs": {"payload": json.dumps(payload)}}
        return job.step("alerts", DRAFT, told, code, **{"OPEN": "1\\n" * opened, "ACCOUNT": "7", "RUN": "4711", **more})

    return Door(job.shop, job.folder / "remote.git", send)


def test_what_monitoring_sends_gathers_in_one_pull_request(github_job: github.Job) -> None:
    door = of_github(github_job)
    said = door.send(FIRED)
    assert "pr create --head alerts --base main" in said
    assert "For the account github/7" in said
    assert "end" not in door.drafted()["outages"][0]
    main = door.git("rev-parse", "main")
    assert "pr create" not in door.send(ENDED, opened=True)
    assert door.drafted()["outages"][0]["end"] == "2026-11-20T09:09:00Z"
    assert (door.branches(), door.git("rev-parse", "main")) == (["alerts", "main"], main)
    tip = door.git("rev-parse", "alerts")
    door.send(FIRED, opened=True)  # late, and no news
    assert door.git("rev-parse", "alerts") == tip
    people, reasons = door.contributors()
    assert people == {DOOR, "bob"}  # whose account sent it
    assert "door-unsigned" not in reasons


ON: dict[str, Any] = FIRED["alerts"][0] | {"status": {"state": "active", "silencedBy": [], "inhibitedBy": []}}


def test_an_alertmanager_is_asked_on_a_schedule_at_github(github_job: github.Job) -> None:
    """There is no payload then; asked twice, there is no news."""
    door = of_github(github_job)
    with alerting([ON]) as address:
        assert "pr create --head alerts" in door.send(None, ALERTMANAGER=address)
        tip = door.git("rev-parse", "alerts")
        door.send(None, opened=True, ALERTMANAGER=address)
    assert door.git("rev-parse", "alerts") == tip
    assert door.drafted()["services"] == ["orders"]


def test_an_alertmanager_is_asked_on_a_schedule_at_gitlab(gitlab_job: gitlab.Job) -> None:
    job = gitlab_job
    with alerting([ON]) as address:
        scheduled = {"ITSM_ALERTS": "1", "ITSM_ALERTMANAGER": address, "TRIGGER_PAYLOAD": ""}
        gitlab.run("alerts", job.folder, {**job.variables, **scheduled, "GITLAB_USER_ID": "7", "CI_PIPELINE_ID": "1"})
    assert Door(job.shop, job.folder / "remote.git", None).drafted()["services"] == ["orders"]


@pytest.mark.deep
def test_a_branch_that_was_merged_is_begun_anew_and_an_edited_one_left(github_job: github.Job) -> None:
    door = of_github(github_job)
    door.send(FIRED)
    door.git("update-ref", "refs/heads/main", "alerts")
    assert "pr create" in door.send(ENDED)
    assert door.drafted()["outages"][0]["end"] == "2026-11-20T09:09:00Z"
    work = door.shop
    work.git("fetch", "-q", str(door.remote), "main")
    work.git("checkout", "-q", "--detach", "FETCH_HEAD")
    (work.path / FILE).write_text((work.path / FILE).read_text().replace(FIRST, "2026-11-20T08:05:00Z"))
    work.commit("Correct when it began")
    work.git("push", "-q", str(door.remote), "HEAD:main")
    assert "pr create --head alerts-4711" in door.send(OTHER, opened=True, way="inputs")
    assert door.branches() == ["alerts", "alerts-4711", "main"]


@pytest.mark.deep
def test_what_cannot_be_taken_is_red_and_the_rest_is_drafted(github_job: github.Job) -> None:
    door = of_github(github_job)
    door.send({**FIRED, "alerts": [*FIRED["alerts"], {"status": "firing"}]}, code=1)
    assert door.drafted()["services"] == ["orders"]
    door.send(None, code=1)
    assert door.branches() == ["alerts", "main"]


@pytest.mark.deep
def test_a_branch_that_another_run_moved_is_read_again(github_job: github.Job) -> None:
    door = of_github(github_job)
    hook = door.remote / "hooks/pre-receive"
    hook.write_text("#!/bin/sh\nif [ ! -f once ]; then touch once; git update-ref refs/heads/alerts main; fi\n")
    hook.chmod(0o755)
    assert "pr create" in door.send(FIRED)
    assert door.drafted()["services"] == ["orders"]


def test_gitlab_takes_the_payload_of_the_webhook(gitlab_job: gitlab.Job) -> None:
    job = gitlab_job
    door = Door(job.shop, job.folder / "remote.git", None)

    def send(payload: Any) -> str:
        (job.folder / "event.json").write_text(json.dumps(payload))
        return gitlab.run("alerts", job.folder, {**job.variables, "GITLAB_USER_ID": "7", "CI_PIPELINE_ID": "4711"})

    send(FIRED)
    assert {"merge_request.create", "merge_request.description=For the account gitlab/7."} <= set(job.options())
    job.state.branch = "alerts"
    send(ENDED)
    assert door.drafted()["outages"][0]["end"] == "2026-11-20T09:09:00Z"
    assert door.branches() == ["alerts", "main"]
    people, reasons = door.contributors()
    assert (people, "door-unsigned" in reasons) == ({DOOR, "bob"}, False)
    send({"object_kind": "issue", "object_attributes": {"iid": 1}})
    assert list(job.folder.rglob("owned")) == []
