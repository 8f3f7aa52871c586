"""itsm init --forge gitlab: the pipeline it writes, run with git, jq and bash against recorded shapes of answers.

The answers have the fields of GitLab's API entities (lib/api/entities: merge_request_basic, merge_request_approvals,
merge_request_diff, merge_request_reviewer, note, event); a program named curl on the path gives them.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from itsm_as_code import __version__
from itsm_as_code.forges.interface import ReviewState
from itsm_as_code.forges.local import LocalForge
from itsm_as_code.records.document import parse
from tests.conftest import ROOT, Run

TOOLS = ("bash", "git", "jq")
ABSENT = [tool for tool in TOOLS if shutil.which(tool) is None]
SAID = "2026-11-20T10:00:00.250Z"
CURL = """\
#!{python}
import json, pathlib, sys, urllib.parse
url = urllib.parse.urlsplit(sys.argv[-1])
assert "PRIVATE-TOKEN: secret" in sys.argv
query = dict(urllib.parse.parse_qsl(url.query))
answers = json.loads(pathlib.Path(__file__).with_name("answers.json").read_text())
answer = answers.get(url.path.removeprefix("/api/v4/projects/"))
if answer is None:
    print("curl: (22) The requested URL returned error: 404", file=sys.stderr)
    sys.exit(22)
if "page" in query and isinstance(answer, list):
    answer = answer[int(query["page"]) - 1 : int(query["page"])]  # one on each page: pages must be asked for
print(json.dumps(answer))
"""


@pytest.fixture
def organisation(tmp_path: Path, itsm: Run) -> Path:
    assert itsm("init", tmp_path / "org", "--forge", "gitlab")[0] == 0
    return tmp_path / "org"


def pipeline(organisation: Path) -> dict[str, Any]:
    return parse((organisation / ".gitlab-ci.yml").read_bytes())


def test_the_repository_is_valid_at_once(organisation: Path, itsm: Run) -> None:
    code, out, _ = itsm("-C", organisation, "validate")
    assert (code, out.strip().endswith("no findings")) == (0, True), out
    assert not (organisation / ".github").exists()
    assert 'type: "gitlab"' in (organisation / "itsm.yaml").read_text()
    assert '{forge: "gitlab", login: ' in (organisation / "people/ada-example.yaml").read_text()


def test_other_forges_get_no_pipeline(tmp_path: Path, itsm: Run) -> None:
    for forge in ("github", "local"):
        assert itsm("init", tmp_path / forge, "--forge", forge)[0] == 0
        assert not (tmp_path / forge / ".gitlab-ci.yml").exists()


def test_the_pipeline_fits_gitlabs_schema(organisation: Path) -> None:
    check = Path(sys.executable).with_name("check-jsonschema")
    arguments = [str(check), "--builtin-schema", "vendor.gitlab-ci", str(organisation / ".gitlab-ci.yml")]
    done = subprocess.run(arguments, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_gate_runs_for_merge_requests_and_the_site_is_of_the_default_branch(organisation: Path) -> None:
    jobs = pipeline(organisation)
    assert jobs["gate"]["rules"] == [{"if": '$CI_PIPELINE_SOURCE == "merge_request_event"'}]
    assert jobs["pages"]["rules"] == [{"if": "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH"}]
    assert jobs["pages"]["artifacts"]["paths"] == ["public"]
    assert "itsm build -o public" in jobs["pages"]["script"]
    for job in ("gate", "pages"):
        assert jobs[job]["before_script"][-1].endswith(f'"itsm-as-code=={__version__}"')
    assert jobs["gate"]["variables"] == {"GIT_STRATEGY": "none"}


def test_the_starter_rules_protect_the_pipeline(organisation: Path) -> None:
    rules = parse((organisation / "policies/approvals/default.yaml").read_bytes())["spec"]["rules"]
    (rule,) = (rule for rule in rules if ".gitlab-ci.yml" in rule["match"].get("paths", ()))
    assert rule["approvals"] == [{"from": {"role": "governance"}, "count": 1}]


def user(name: str) -> dict[str, Any]:
    return {"id": len(name), "username": name, "name": name.title(), "state": "active", "locked": False}


@dataclass
class Forge:
    """A GitLab of one project with the merge request !7, and the job that judges it."""

    path: Path
    jobs: dict[str, Any]
    answers: dict[str, Any] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)

    def git(self, *arguments: str) -> str:
        environment = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": os.devnull, "HOME": str(self.path)}
        for role in ("AUTHOR", "COMMITTER"):
            environment |= {f"GIT_{role}_NAME": "Ada", f"GIT_{role}_EMAIL": "ada@example.org"}
        done = subprocess.run(
            ["git", *arguments], cwd=self.path / "org", env=environment, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def run(self) -> subprocess.CompletedProcess[str]:
        """The script of the job, as a runner runs it."""
        programs, work = self.path / "bin", self.path / "work"
        for folder in (programs, work, self.path / "project"):
            folder.mkdir(exist_ok=True)
        self._program(programs / "curl", CURL.format(python=sys.executable))
        self._program(programs / "itsm", f'#!/bin/sh\nexec {sys.executable} -m itsm_as_code "$@"\n')
        (programs / "answers.json").write_text(json.dumps(self.answers))
        environment = {"PATH": f"{programs}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT / "src"), "HOME": os.devnull}
        script = "\n".join(self.jobs["gate"]["script"])
        return subprocess.run(
            ["bash", "-c", script], cwd=work, env=environment | self.variables, capture_output=True, text=True
        )

    @staticmethod
    def _program(path: Path, text: str) -> None:
        path.write_text(text)
        path.chmod(0o755)

    @property
    def evidence(self) -> Path:
        return self.path / "project/evidence"

    def reviews(self) -> list[tuple[str, str, str, str]]:
        assert self.run().returncode in (0, 1)
        pull_request = LocalForge(self.evidence / "reviews.json").pull_request()
        return [(item.reviewer, item.state.value, item.commit, item.at.isoformat()) for item in pull_request.reviews]


@pytest.fixture
def forge(tmp_path: Path, organisation: Path) -> Forge:
    """!7 by ada changes what the first service is described as; ben approved its newest version."""
    if ABSENT:
        assert not os.environ.get("CI"), f"missing here: {', '.join(ABSENT)} (.ci/run installs them)"
        pytest.skip(f"the job needs {', '.join(ABSENT)}")
    made = Forge(tmp_path, pipeline(organisation))
    made.git("init", "-q", "-b", "main")
    made.git("add", "-A")
    made.git("commit", "-q", "-m", "Start")
    made.git("checkout", "-q", "-b", "topic")
    service = organisation / "services/first-service.yaml"
    service.write_text(service.read_text().replace("Replace this by what", "This is what"))
    made.git("commit", "-q", "-a", "-m", "Describe")
    head = made.git("rev-parse", "HEAD")
    made.git("update-ref", "refs/merge-requests/7/head", head)
    made.git("update-ref", "refs/merge-requests/9/head", "main")
    request = {"id": 70, "iid": 7, "state": "opened", "source_branch": "topic", "source_project_id": 1}
    request |= {"target_branch": "main", "sha": head, "author": user("ada-example"), "created_at": SAID}
    push = {"commit_count": 1, "action": "created", "ref_type": "branch", "ref": "topic", "ref_count": None}
    event = {"action_name": "pushed new", "author": user("ada-example"), "created_at": SAID}
    elsewhere = {**event, "author": user("eve"), "push_data": {**push, "ref": "other", "commit_to": "1" * 40}}
    made.answers = {
        "1/merge_requests/7": request,
        "1/merge_requests/7/approvals": {
            "approved": True,
            "approved_by": [{"user": user("ben-example"), "approved_at": "2026-11-20T12:00:00.750+01:00"}],
        },
        "1/merge_requests/7/reviewers": [],
        "1/merge_requests/7/versions": [
            {"id": 12, "head_commit_sha": head, "created_at": SAID, "state": "collected"},
            {"id": 11, "head_commit_sha": "1" * 40, "created_at": "2026-11-19T10:00:00.000Z", "state": "collected"},
        ],
        "1/merge_requests/7/notes": [],
        "1/merge_requests": [request, {**request, "id": 90, "iid": 9}],
        "1/events": [elsewhere, {**event, "push_data": {**push, "commit_from": None, "commit_to": head}}],
    }
    made.variables = {
        "CI_API_V4_URL": "https://gitlab.example.org/api/v4",
        "CI_COMMIT_SHA": head,
        "CI_DEFAULT_BRANCH": "main",
        "CI_MERGE_REQUEST_IID": "7",
        "CI_MERGE_REQUEST_PROJECT_ID": "1",
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
        "CI_PROJECT_DIR": str(tmp_path / "project"),
        "CI_PROJECT_ID": "1",
        "CI_REPOSITORY_URL": str(organisation),
        "ITSM_READ_TOKEN": "secret",
    }
    return made


def test_an_approved_merge_request(forge: Forge) -> None:
    done = forge.run()
    assert done.returncode == 0, done.stdout + done.stderr
    head = forge.variables["CI_COMMIT_SHA"]
    found = LocalForge(forge.evidence / "reviews.json").pull_request()
    assert (found.author, found.forge, found.pushers) == ("ada-example", "gitlab", ("ada-example",))
    assert [(item.reviewer, item.state, item.commit) for item in found.reviews] == [
        ("ben-example", ReviewState.APPROVED, head)
    ]
    assert found.reviews[0].at.isoformat() == "2026-11-20T11:00:00+00:00"
    assert [item.number for item in found.open_pull_requests] == [9]
    assert json.loads((forge.evidence / "gate.json").read_text())["verdict"] == "approved"
    assert (forge.evidence / "gate.md").read_text() in done.stdout


def test_an_approval_before_the_newest_version_is_void(forge: Forge) -> None:
    for at in (SAID, "2026-11-20T09:59:59.999Z"):
        forge.answers["1/merge_requests/7/approvals"]["approved_by"][0]["approved_at"] = at
        assert [commit for _, _, commit, _ in forge.reviews()] == ["0" * 40]
        assert json.loads((forge.evidence / "gate.json").read_text())["verdict"] == "pending"


def test_an_older_gitlab_tells_the_time_in_a_note(forge: Forge) -> None:
    approved = forge.answers["1/merge_requests/7/approvals"]["approved_by"][0]
    del approved["approved_at"]
    note = {"system": True, "author": user("ben-example"), "body": "approved this merge request"}
    forge.answers["1/merge_requests/7/notes"] = [
        {**note, "created_at": "2026-11-20T09:00:00.000Z"},
        {**note, "created_at": "2026-11-20T10:30:00.000Z"},
        {**note, "created_at": "2026-11-20T11:30:00.000Z", "system": False},
    ]
    head = forge.variables["CI_COMMIT_SHA"]
    assert forge.reviews() == [("ben-example", "approved", head, "2026-11-20T10:30:00+00:00")]
    forge.answers["1/merge_requests/7/notes"] = []
    refused(forge, "when an approval was given is not known")


def test_a_request_for_changes_outweighs_an_approval(forge: Forge) -> None:
    forge.answers["1/merge_requests/7/reviewers"] = [
        {"user": user("ben-example"), "state": "requested_changes", "created_at": SAID},
        {"user": user("cleo-example"), "state": "unreviewed", "created_at": SAID},
    ]
    head = forge.variables["CI_COMMIT_SHA"]
    assert forge.reviews() == [("ben-example", "changes-requested", head, "2026-11-20T10:00:00+00:00")]
    assert json.loads((forge.evidence / "gate.json").read_text())["verdict"] == "pending"


def test_a_push_of_many_branches_counts_as_one_of_this(forge: Forge) -> None:
    event = {"author": user("ben-example"), "push_data": {"ref_type": "branch", "ref": None, "ref_count": 5}}
    forge.answers["1/events"].append(event)
    assert forge.run().returncode == 1
    assert LocalForge(forge.evidence / "reviews.json").pull_request().pushers == ("ada-example", "ben-example")


def refused(forge: Forge, message: str) -> None:
    """The job fails without any verdict."""
    done = forge.run()
    assert done.returncode != 0, done.stdout
    assert message in done.stderr
    assert not (forge.evidence / "gate.json").exists()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "release", "into the default branch only"),
        ("CI_PROJECT_ID", "2", "runs in a fork"),
        ("ITSM_READ_TOKEN", "", "ITSM_READ_TOKEN is missing"),
        ("CI_COMMIT_SHA", "2" * 40, "has moved on"),
    ],
)
def test_what_the_job_refuses_to_judge(name: str, value: str, message: str, forge: Forge) -> None:
    forge.variables[name] = value
    refused(forge, message)


@pytest.mark.parametrize(
    ("answer", "value", "message"),
    [
        ("1/merge_requests/7/versions", [{"id": 1, "head_commit_sha": "1" * 40, "created_at": SAID}], "not known yet"),
        ("1/merge_requests/7/versions", {"message": "500"}, ""),
        ("1/merge_requests/7/approvals", None, "404"),
        ("1/events", None, "404"),
        ("1/events", [], "who pushed the head is not known yet"),
        ("1/merge_requests/7/reviewers", [{"user": user("eve"), "state": "vetoed"}], "unknown state of a reviewer"),
    ],
)
def test_an_incomplete_answer_is_no_verdict(answer: str, value: Any, message: str, forge: Forge) -> None:
    forge.answers[answer] = value
    refused(forge, message)
