"""What `itsm init --forge gitea` writes: valid at once, guarded, linted, and run as written against a bare remote."""

from __future__ import annotations

import os
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
from tests.forges.fake import TOKEN, GiteaFace, State, serving
from tests.forges.test_alert_door import DRAFT
from tests.program import put_program

PEOPLE = [part for name in ("Ada", "Ben", "Cleo") for part in ("--person", f"{name} <{name}@x.example> @{name}")]


@pytest.fixture(scope="module")
def organisation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made by the program, as an organisation of its own; forgejo is another name of gitea."""
    target = tmp_path_factory.mktemp("gitea") / "org"
    assert run(["init", str(target), "--forge", "forgejo", *PEOPLE]) == 0
    assert run(["-C", str(target), "export", "issue-forms", "--into", str(target)]) == 0
    return target


def step(organisation: Path, name: str = "Judge") -> dict[str, Any]:
    flows = [parse(path.read_bytes()) for path in (organisation / ".gitea/workflows").iterdir()]
    steps = [one for flow in flows for job in flow["jobs"].values() for one in job["steps"]]
    (found,) = [one for one in steps if one["name"] == name]
    return found


def test_the_repository_is_valid_and_its_workflows_are_governed(organisation: Path, itsm: Run) -> None:
    code, out, _ = itsm("-C", organisation, "validate")
    assert (code, out.strip().endswith("no findings")) == (0, True), out
    assert not (organisation / ".github").exists()
    assert "- forge: gitea\n      login: Ada\n" in (organisation / "people/ada.yaml").read_text()
    rules = parse((organisation / "policies/approvals/default.yaml").read_bytes())["spec"]["rules"]
    (rule,) = (rule for rule in rules if "**/.gitea/**" in rule["match"].get("paths", ()))
    assert rule["approvals"] == [{"from": {"role": "governance"}, "count": 1}]
    for path in (organisation / ".gitea/workflows").iterdir():
        text = path.read_text()
        assert "gh auth" not in text, path
        assert "--forge github" not in text, path
        assert "--require-hashes" in text, path


def test_zizmor_and_the_schema_find_nothing_in_the_workflows(organisation: Path) -> None:
    here = Path(sys.executable).parent
    flows = sorted(map(str, (organisation / ".gitea/workflows").iterdir()))
    zizmor = [str(here / "zizmor"), "--offline", "--no-progress", "--persona=pedantic", *flows]
    schema = [str(here / "check-jsonschema"), "--builtin-schema", "vendor.github-workflows", *flows]
    for command in (zizmor, schema):
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


STEPS = ("Judge", "Note", "Remind", "Make the record and open the pull request", "Tell the verdict", DRAFT)


@pytest.mark.parametrize("name", STEPS)
def test_git_is_told_the_token_without_a_program_of_github(organisation: Path, name: str) -> None:
    """And on no command line, where other processes would read it."""
    whole = step(organisation, name)
    assert "secrets." in whole["env"]["GITEA_TOKEN"] or "github.token" in whole["env"]["GITEA_TOKEN"]
    assert "TOKEN" not in whole["run"]
    given = {key: value for key, value in whole["env"].items() if key.startswith("GIT_CONFIG")}
    done = subprocess.run(
        ["git", "credential", "fill"],
        input="protocol=https\nhost=forge.example\n\n",
        env={"PATH": os.environ["PATH"], "GIT_TERMINAL_PROMPT": "0", "GITEA_TOKEN": TOKEN, **given},
        capture_output=True,
        text=True,
    )
    assert f"username=itsm\npassword={TOKEN}\n" in done.stdout, done.stderr


def test_in_a_larger_repository_they_stand_at_its_top(tmp_path: Path, itsm: Run) -> None:
    (tmp_path / ".git").mkdir()
    assert itsm("init", tmp_path / "services/records", "--forge", "gitea", *PEOPLE)[0] == 0
    names = sorted(path.name for path in (tmp_path / ".gitea/workflows").iterdir())
    assert names == ["itsm-evidence.yml", "itsm-gate.yml", "itsm-reminders.yml"]
    flow = parse((tmp_path / ".gitea/workflows/itsm-gate.yml").read_bytes())
    assert flow["defaults"]["run"]["working-directory"] == "services/records"


@dataclass
class Flow:
    """The step that judges, in a clone of a bare remote."""

    path: Path
    state: State
    script: str
    variables: dict[str, str] = field(default_factory=dict)
    told: int = 0

    def run(self, now: str = "2026-11-22T12:00:00Z", pull: str = "") -> tuple[int, str]:
        """The exit code for a pull request (none: for all), and everything it said."""
        subprocess.run(["rm", "-rf", str(self.path / "clone")], check=True)
        clone = ["git", "clone", "-q", "--branch", "main", str(self.path / "remote.git"), str(self.path / "clone")]
        subprocess.run(clone, check=True)
        itsm = put_program(self.path / "bin/itsm", "--wait", "0", "--now", now)
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", self.script],
            cwd=self.path / "clone",
            env={"PATH": f"{itsm.parent}:{os.environ['PATH']}", "HOME": os.devnull, "PULL": pull} | self.variables,
            capture_output=True,
            text=True,
            timeout=120,
        )
        return done.returncode, done.stdout + done.stderr

    @property
    def shown(self) -> list[str]:
        """The states that were set since it was last asked, oldest first."""
        found = [item["status"] for item in self.state.statuses[self.told :]]
        self.told = len(self.state.statuses)
        return found


@pytest.fixture
def flow(shop: Shop, tmp_path: Path, organisation: Path) -> Iterator[Flow]:
    """Approved by bob."""
    state = shop.state("gitea")
    shop.approve(state)
    work = shop.work
    work.git("init", "-q", "--bare", "-b", "main", str(tmp_path / "remote.git"))
    work.git("-C", str(tmp_path / "remote.git"), "config", "uploadpack.allowAnySHA1InWant", "true")
    work.git("push", "-q", str(tmp_path / "remote.git"), "main:main", "topic:refs/pull/17/head")
    with serving(GiteaFace(state)) as server:
        variables = {"GITEA_ACTIONS": "true", "GITEA_TOKEN": TOKEN, "GITHUB_API_URL": server.base}
        variables |= {"GITHUB_REPOSITORY": "shop/itsm"}
        yield Flow(tmp_path, state, step(organisation)["run"], variables)


def test_every_verdict_has_its_status_and_none_is_green_but_approved(flow: Flow) -> None:
    code, said = flow.run(pull="17")
    assert (code, flow.shown) == (0, ["pending", "success"]), said
    (comment,) = flow.state.comments
    assert "Approved" in comment["body"]
    flow.state.reviews.clear()
    assert (flow.run()[0], flow.shown[-1:]) == (0, ["pending"])  # by the clock
    assert (flow.run(now="2026-12-01T21:00:00Z")[0], flow.shown) == (0, ["failure"])  # its window has begun
    flow.state.pushes.clear()  # who pushed is not known: that is no verdict
    assert (flow.run(pull="17")[0], flow.shown[-1:]) == (1, ["error"])


def test_what_somebody_else_set_green_is_taken_back_by_the_next_run(flow: Flow) -> None:
    """A status has no source there: whoever may write can set it, until the clock comes by."""
    flow.state.reviews.clear()
    assert (flow.run(pull="17")[0], flow.shown) == (0, ["pending", "pending"])
    forged = {**flow.state.statuses[-1], "id": 50, "status": "success", "description": "Approved"}
    flow.state.statuses.append({**forged, "creator": {**forged["creator"], "id": 4711}})
    flow.told += 1
    assert (flow.run()[0], flow.shown[:1]) == (0, ["pending"])


def test_the_forms_lie_where_gitea_looks_and_the_door_beside_the_gate(organisation: Path) -> None:
    assert len(list((organisation / ".gitea/ISSUE_TEMPLATE").iterdir())) == 4
    assert not (organisation / ".github").exists()


def test_an_upgrade_for_another_forge_is_refused(organisation: Path, itsm: Run) -> None:
    code, _, err = itsm("init", organisation, "--upgrade", "--forge", "gitlab")
    assert (code, "itsm.yaml names the forge gitea, not gitlab" in err) == (2, True), err
    assert not (organisation / ".gitlab-ci.yml").exists()


def test_what_is_refused_says_nothing_of_what_it_would_install(tmp_path: Path, itsm: Run) -> None:
    code, _, err = itsm("init", tmp_path / "org", "--timezone", "Berlin")
    assert (code, "the workflows install" in err) == (1, False), err
