"""The steps of .github/workflows/gate.yml that judge and comment, run by bash against a GitHub on loopback."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from itsm_as_code.records.document import parse
from tests.conftest import ROOT
from tests.forges.conftest import Shop
from tests.forges.fake import TOKEN, GitHubFace, State, serving
from tests.program import put_program

AS_OF = ("--wait", "0", "--now", "2026-11-22T12:00:00Z")


@dataclass
class Workflow:
    """A run of the workflow for the shop's pull request, in a clone of its base."""

    path: Path
    state: State
    variables: dict[str, str]

    def run(self, job: str, step: str) -> tuple[int, str]:
        """The exit code of a step, and everything it said."""
        steps = parse((ROOT / ".github/workflows/gate.yml").read_bytes())["jobs"][job]["steps"]
        (script,) = [item["run"] for item in steps if item["name"] == step]
        itsm = put_program(self.path / "bin/itsm", *AS_OF)
        done = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", script],
            cwd=self.path / "clone",
            env={"PATH": f"{itsm.parent}:{os.environ['PATH']}", "HOME": os.devnull, **self.variables},
            capture_output=True,
            text=True,
            timeout=120,
        )
        return done.returncode, done.stdout + done.stderr


@pytest.fixture
def workflow(shop: Shop, tmp_path: Path) -> Iterator[Workflow]:
    """Approved by bob."""
    state = shop.state("github")
    shop.approve(state)
    work = shop.work
    work.git("update-ref", "refs/pull/17/head", "topic")
    work.git("config", "uploadpack.allowAnySHA1InWant", "true")
    work.git(
        "clone", "-q", "--single-branch", "--branch", "main", "--no-local", str(work.path), str(tmp_path / "clone")
    )
    with serving(GitHubFace(state)) as server:
        variables = {"GH_TOKEN": TOKEN, "GITHUB_API_URL": server.base, "GITHUB_REPOSITORY": "shop/itsm"}
        variables |= {"PULL": "17", "HEAD_SHA": shop.head, "GROUP_REF": "", "GROUP_BASE": ""}
        variables |= {"RUNNER_TEMP": str(tmp_path), "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}
        yield Workflow(tmp_path, state, variables)


def test_an_approved_pull_request(workflow: Workflow) -> None:
    code, said = workflow.run("gate", "Judge")
    assert code == 0, said
    assert "::notice title=change gate%3A approved::" in said
    assert json.loads((workflow.path / "gate.json").read_text())["verdict"] == "approved"
    assert (workflow.path / "summary.md").read_text().startswith("# ")
    assert (workflow.path / "reviews.json").is_file()
    assert workflow.state.comments == []


def test_one_that_waits(workflow: Workflow) -> None:
    workflow.state.reviews.clear()
    assert workflow.run("gate", "Judge")[0] == 1
    code, said = workflow.run("comment", "Comment")
    assert code == 0, said
    assert "Pending" in workflow.state.comments[0]["body"]


def test_a_merge_queue(workflow: Workflow, shop: Shop) -> None:
    work = shop.work
    work.git("checkout", "-q", "--detach", "main")
    work.git("merge", "-q", "--no-ff", "-m", "Merge #17", "topic", who="erin")
    group = f"refs/heads/gh-readonly-queue/main/pr-17-{shop.base}"
    work.git("update-ref", group, "HEAD")
    workflow.variables |= {"PULL": "", "HEAD_SHA": work.git("rev-parse", "HEAD")}
    workflow.variables |= {"GROUP_REF": group, "GROUP_BASE": shop.base}
    code, said = workflow.run("gate", "Judge")
    assert code == 0, said
    assert json.loads((workflow.path / "gate.json").read_text())["queue"][0]["verdict"] == "approved"


@pytest.mark.parametrize(("name", "value"), [("HEAD_SHA", "2" * 40), ("PULL", "18"), ("GH_TOKEN", "wrong")])
def test_what_the_workflow_does_not_judge(name: str, value: str, workflow: Workflow) -> None:
    workflow.variables[name] = value
    assert workflow.run("gate", "Judge")[0] == 2
    assert workflow.run("comment", "Comment")[0] != 0
    assert workflow.state.comments == []


def test_a_pull_request_into_another_branch_is_not_judged(workflow: Workflow) -> None:
    workflow.state.base_ref = "release"
    assert workflow.run("gate", "Judge")[0] == 2


@pytest.mark.parametrize(
    ("result", "code"), [("success", 0), ("failure", 1), ("cancelled", 1), ("skipped", 1), ("", 1)]
)
def test_the_comment_ends_as_the_gate_did(result: str, code: int, workflow: Workflow) -> None:
    """A ruleset that required it by mistake would let nothing through that is not approved."""
    workflow.variables["GATE"] = result
    assert workflow.run("comment", "End as the gate did")[0] == code


def test_the_action_as_it_is_written(workflow: Workflow, tmp_path: Path) -> None:
    """The steps of action.yml that a shell runs; what pip would install is what runs this test."""
    steps = {step["name"]: step for step in parse((ROOT / "action.yml").read_bytes())["runs"]["steps"]}
    install, judge = steps["Install what the lock fixes"]["run"], steps["Judge"]["run"]
    itsm = put_program(tmp_path / "program/itsm", *AS_OF)
    program = tmp_path / "bin/python"
    program.parent.mkdir()
    program.write_text(f"""#!/bin/bash
case "$1 $2" in
  "-m venv") mkdir -p "$3/bin"; cp "$0" "$3/bin/python" ;;
  "-m pip") printf '%s\\n' "$@" > {tmp_path}/pip ;;
  "-P -m") [ "$3" = itsm_as_code ] && exec {itsm} "${{@:4}}" ;;
esac
""")
    program.chmod(0o755)
    output = tmp_path / "output"
    workflow.variables |= {"SOURCE": str(ROOT), "DIRECTORY": ".", "GITHUB_OUTPUT": str(output)}
    workflow.variables |= {"PATH": f"{program.parent}:{os.environ['PATH']}"}

    def run(script: str) -> int:
        output.write_text("")
        command = ["bash", "-e", "-o", "pipefail", "-c", script]
        return subprocess.run(command, cwd=tmp_path / "clone", env=workflow.variables, timeout=120).returncode

    assert run(install) == 0
    asked = (tmp_path / "pip").read_text().split("\n")
    assert {"--require-hashes", "--no-deps", "--only-binary"} <= set(asked)
    assert asked[-2] == str(ROOT / "requirements/run.txt")
    assert run(judge) == 0
    said = dict(line.split("=", 1) for line in output.read_text().splitlines())
    assert said["verdict"] == "approved"
    assert said["valid-until"].startswith("2026-12-")
    assert json.loads(Path(said["report"]).read_text())["verdict"] == "approved"
    workflow.state.reviews.clear()
    assert run(judge) == 1
    assert output.read_text().startswith("verdict=pending\n")
    workflow.variables["PULL"] = "18; touch owned"
    assert run(judge) == 2
    assert "pending" not in output.read_text()
    assert not (tmp_path / "clone/owned").exists()
