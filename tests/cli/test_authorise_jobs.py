"""The jobs with which pipelines of other repositories ask the records, run by bash against a repository of records."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from itsm_as_code.records.document import parse
from tests.attacks.tools import CHANGE
from tests.conftest import ROOT, Workshop
from tests.program import put_program

NAME = "chg-20261122-tune"


@pytest.fixture
def records(workshop: Workshop, tmp_path: Path) -> Workshop:
    """A change of the newsletter on main whose window is now, and the program on the path."""
    workshop.git("checkout", "-q", "main")
    workshop.change(**{"status: proposed": "status: scheduled"})
    text = (workshop.path / CHANGE).read_text().replace("2026-12-01T20:00", "2020-01-01T20:00")
    workshop.write(CHANGE, text.replace("2026-12-01T22", "2090-12-01T22"))
    text = (workshop.path / "changes/calendars/year-end.yaml").read_text()
    workshop.write("changes/calendars/year-end.yaml", text.replace("all: true", "services: [orders]"))
    workshop.commit(who="erin")
    put_program(tmp_path / "bin/itsm")
    return workshop


def run(script: str, folder: Path, tmp_path: Path, **variables: str) -> tuple[int, str]:
    environment = {
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "RUNNER_TEMP": str(tmp_path),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        **variables,
    }
    done = subprocess.run(["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def github_step() -> str:
    jobs: Any = parse((ROOT / ".github/workflows/authorise.yml").read_bytes())["jobs"]
    return next(step["run"] for step in jobs["authorise"]["steps"] if step.get("id") == "ask")


@pytest.mark.parametrize(
    ("change", "service", "code", "says"),
    [
        (NAME, "", 0, "::notice title=Authorised::"),
        (NAME, "newsletter", 0, "::notice title=Authorised::"),
        (NAME, "orders", 1, "::error title=Not authorised::"),
        ("chg-20261122-tune2", "", 1, "there is no change named"),
        ("--help", "", 1, "there is no change named"),
        ("$(touch owned)", "; touch owned", 1, "there is no change named"),
        ("x\n::notice::y", "", 1, "there is no change named"),
    ],
)
def test_the_github_step(records: Workshop, tmp_path: Path, change: str, service: str, code: int, says: str) -> None:
    variables = {"BRANCH": "main", "CHANGE": change, "SERVICE": service, "EVIDENCE": "false"}
    found, out = run(github_step(), records.path, tmp_path, **variables)
    assert (found, says in out) == (code, True), out
    assert "\n::notice::y" not in out
    assert not (records.path / "owned").exists()
    until = "2090-12-01T22:00:00Z" if code == 0 else ""
    assert (tmp_path / "output").read_text() == f"valid-until={until}\n"


def test_the_github_step_asks_for_evidence(records: Workshop, tmp_path: Path) -> None:
    variables = {"BRANCH": "main", "CHANGE": NAME, "SERVICE": "", "EVIDENCE": "true"}
    code, out = run(github_step(), records.path, tmp_path, **variables)
    assert (code, "named no key for evidence" in out) == (1, True), out


def test_the_github_step_has_no_answer_without_the_branch(records: Workshop, tmp_path: Path) -> None:
    variables = {"BRANCH": "trunk", "CHANGE": NAME, "SERVICE": "", "EVIDENCE": "false"}
    assert run(github_step(), records.path, tmp_path, **variables)[0] == 2


@pytest.mark.parametrize(("service", "code"), [("newsletter", 0), ("orders", 1)])
def test_the_gitlab_job(records: Workshop, tmp_path: Path, service: str, code: int) -> None:
    text = (ROOT / "src/itsm_as_code/starter/gitlab-authorise.yml").read_text().replace("{{ version }}", "1")
    job: Any = parse(text.encode())["authorise"]
    address = "https://gitlab-ci-token:secret@gitlab.example:443/group/records.git"
    variables = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{records.path}.insteadOf",
        "GIT_CONFIG_VALUE_0": address,
        "CI_SERVER_PROTOCOL": "https",
        "CI_SERVER_HOST": "gitlab.example",
        "CI_SERVER_PORT": "443",
        "CI_JOB_TOKEN": "secret",
        "ITSM_RECORDS": "group/records",
        "ITSM_CHANGE": NAME,
        **job["variables"],
        "ITSM_SERVICE": service,
    }
    work = tmp_path / "work"
    work.mkdir()
    found, out = run(job["script"][0], work, tmp_path, **variables)
    assert (found, "secret" in out) == (code, False), out


def test_the_gitlab_job_fits_gitlabs_schema(tmp_path: Path) -> None:
    text = (ROOT / "src/itsm_as_code/starter/gitlab-authorise.yml").read_text().replace("{{ version }}", "1")
    (tmp_path / "authorise.yml").write_text(text)
    check = Path(sys.executable).with_name("check-jsonschema")
    arguments = [str(check), "--builtin-schema", "vendor.gitlab-ci", str(tmp_path / "authorise.yml")]
    done = subprocess.run(arguments, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
