"""itsm init --forge gitlab: the repository and the pipeline it writes; tests/forges/test_gitlab_job.py runs that."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from itsm_as_code.cli.program import run
from itsm_as_code.records.document import parse
from tests.conftest import Run


@pytest.fixture(scope="module")
def organisation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new repository, which tests read."""
    folder = tmp_path_factory.mktemp("gitlab") / "org"
    assert (
        run(["init", str(folder), "--forge", "gitlab", "--person", "Ada Example <ada@example.org> @ada.example"]) == 0
    )
    return folder


def pipeline(organisation: Path) -> dict[str, Any]:
    return parse((organisation / ".gitlab-ci.yml").read_bytes())


def test_the_repository_is_valid_at_once(organisation: Path, itsm: Run) -> None:
    code, out, _ = itsm("-C", organisation, "validate")
    assert (code, out.strip().endswith("no findings")) == (0, True), out
    assert not (organisation / ".github").exists()
    assert "type: gitlab" in (organisation / "itsm.yaml").read_text()
    assert "- forge: gitlab\n      login: ada.example\n" in (organisation / "people/ada-example.yaml").read_text()


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
    assert jobs["pages"]["rules"][-1:] == [{"if": "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH"}]
    assert jobs["pages"]["artifacts"]["paths"] == ["public"]
    assert "itsm build -o public" in jobs["pages"]["script"]
    for job in ("gate", "pages"):
        assert "--require-hashes --only-binary :all:" in jobs[job]["before_script"][-1]
    assert jobs["gate"]["variables"] == {"GIT_STRATEGY": "none"}


def test_the_starter_rules_protect_the_pipeline(organisation: Path) -> None:
    rules = parse((organisation / "policies/approvals/default.yaml").read_bytes())["spec"]["rules"]
    (rule,) = (rule for rule in rules if "**/.gitlab-ci.yml" in rule["match"].get("paths", ()))
    assert rule["approvals"] == [{"from": {"role": "governance"}, "count": 1}]
