"""What is published for use elsewhere says one thing in each place, and its small steps do what they say."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from itsm_as_code import shipped
from itsm_as_code.records.document import parse
from tests.conftest import ROOT

FLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
ACTION: dict[str, Any] = parse((ROOT / "action.yml").read_bytes())
_USED = re.compile(r"uses: ([^@\s]+)@(\S+) # (\S+)")


def scripts(data: Any) -> list[str]:
    """All that a shell gets to read."""
    if isinstance(data, list):
        return [text for item in data for text in scripts(item)]
    if not isinstance(data, dict):
        return []
    own = [data["run"]] if isinstance(data.get("run"), str) else []
    for key in ("script", "before_script"):
        own += [item for item in data.get(key, ()) if isinstance(item, str)]
    return own + [text for value in data.values() for text in scripts(value)]


def test_an_action_is_one_commit_wherever_it_is_used() -> None:
    starters = (ROOT / "src/itsm_as_code/starter").glob("*.yml")
    found: dict[str, set[tuple[str, str]]] = {}
    for path in (*FLOWS, *starters, ROOT / "action.yml"):
        for name, commit, release in _USED.findall(path.read_text()):
            assert re.fullmatch("[0-9a-f]{40}", commit), (path, name)
            found.setdefault(name, set()).add((commit, release))
    assert {name: len(pins) for name, pins in found.items()} == dict.fromkeys(found, 1)


@pytest.mark.parametrize("path", [*FLOWS, ROOT / "action.yml", ROOT / "templates/gate.yml"], ids=lambda path: path.name)
def test_what_others_write_reaches_no_shell(path: Path) -> None:
    """Inputs and events come in by variables; the text of a script is the text that was reviewed."""
    for document in yaml.safe_load_all(path.read_text()):
        for text in scripts(document):
            assert "${{" not in text, text
            assert "$[[" not in text, text


def test_the_component_judges_as_the_job_that_init_writes() -> None:
    head, job = yaml.safe_load_all((ROOT / "templates/gate.yml").read_text())
    own = parse(shipped.starter("gitlab-ci.yml").encode())["gate"]
    assert job["gate"]["script"] == own["script"]
    for key in ("rules", "variables", "artifacts", "interruptible"):
        assert job["gate"][key] == own[key]
    digest = re.compile(head["spec"]["inputs"]["image"]["regex"])
    assert digest.match("ghcr.io/owner/itsm-as-code@sha256:" + "0" * 64)
    assert not digest.match("ghcr.io/owner/itsm-as-code:latest")
    assert not digest.match("ghcr.io/owner/itsm-as-code@sha256:" + "0" * 64 + "; id")


# The container image


def instructions() -> list[tuple[str, str]]:
    """The instructions of the file, each with what follows it, in one line."""
    lines = (line for line in (ROOT / "Containerfile").read_text().splitlines() if not line.startswith("#"))
    whole = re.sub(r"\\\n", " ", "\n".join(lines))
    return [(line.split()[0], " ".join(line.split()[1:])) for line in whole.splitlines() if line.strip()]


def test_the_image_holds_what_is_fixed_and_runs_as_nobody() -> None:
    found = instructions()
    assert {name for name, _ in found} <= {
        *("ARG", "FROM", "COPY", "RUN", "LABEL", "ENV", "USER", "WORKDIR", "ENTRYPOINT", "CMD"),
    }
    assert [rest for name, rest in found if name == "FROM"] == ["${BASE} AS build", "${BASE}"]
    assert re.fullmatch(r"BASE=\S+:3\.13-slim-trixie@sha256:[0-9a-f]{64}", found[0][1])
    assert [rest for name, rest in found if name == "USER"] == ["10001:10001"]
    assert found.index(("USER", "10001:10001")) > max(index for index, item in enumerate(found) if item[0] == "RUN")
    for name, rest in found:
        if name == "RUN" and "pip install" in rest:
            assert "--require-hashes" in rest or "--no-index" in rest, rest


def test_what_the_image_copies_is_there_and_nothing_else_is_sent() -> None:
    (first, _) = (rest.split()[:-1] for name, rest in instructions() if name == "COPY")
    shown = {line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().split() if line != "*"}
    assert first == ["requirements/run.txt", "dist/itsm_as_code-*-py3-none-any.whl"]
    assert shown == {"requirements/run.txt", "dist/*.whl"}
    assert (ROOT / first[0]).is_file()


# The tag


def test_nothing_is_published_before_all_tests_are_green() -> None:
    jobs = parse((ROOT / ".github/workflows/release.yml").read_bytes())["jobs"]
    checks = parse((ROOT / ".github/workflows/ci.yml").read_bytes())
    (tests,) = [name for name, job in jobs.items() if job.get("uses") == "./.github/workflows/ci.yml"]
    assert "workflow_call" in checks["on"]
    assert any("make test" in text for text in scripts(checks["jobs"]["test"]))

    def waits(name: str) -> bool:
        needs = jobs[name].get("needs", [])
        needs = [needs] if isinstance(needs, str) else needs
        return tests in needs or any(waits(need) for need in needs)

    writing = {name for name, job in jobs.items() if "write" in job["permissions"].values() or "environment" in job}
    assert writing == {"attest", "pypi", "image", "release"}
    assert [name for name in writing if not waits(name)] == []
    assert [name for name, job in jobs.items() if "if" in job] == [], "a condition would run a job after what failed"


@pytest.fixture
def tagged(tmp_path: Path) -> Path:
    """A clone of a small project at version 1.2.3, whose head is on its default branch."""
    who = {f"GIT_{role}_{key}": "ada@x.example" for role in ("AUTHOR", "COMMITTER") for key in ("NAME", "EMAIL")}
    origin = tmp_path / "origin"
    (origin / "src/itsm_as_code").mkdir(parents=True)
    (origin / "src/itsm_as_code/__init__.py").write_text('"""A program."""\n\n__version__ = "1.2.3"\n')
    (origin / "CHANGELOG.md").write_text("# Changelog\n\n## [1.2.3] - 2026-12-01\n\n- New.\n\n## [1.2.2]\n\n- Old.\n")
    for command in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "Start"]):
        subprocess.run(["git", *command], cwd=origin, check=True, env={**os.environ, **who})
    subprocess.run(["git", "clone", "-q", origin, tmp_path / "clone"], check=True)
    return tmp_path / "clone"


def compared(folder: Path, tag: str) -> tuple[int, str]:
    steps = parse((ROOT / ".github/workflows/release.yml").read_bytes())["jobs"]["build"]["steps"]
    (script,) = [step["run"] for step in steps if step["name"] == "Compare the tag with what it names"]
    done = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", script],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "TAG": tag, "BRANCH": "main"},
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout + done.stderr


def test_a_tag_that_names_what_is_there(tagged: Path) -> None:
    assert compared(tagged, "v1.2.3") == (0, "")
    assert (tagged / "notes/notes.md").read_text() == "\n- New.\n\n"


@pytest.mark.parametrize("tag", ["v1.2.4", "1.2.3", "v1.2.3-rc1"])
def test_a_tag_of_another_version_is_not_released(tag: str, tagged: Path) -> None:
    code, said = compared(tagged, tag)
    assert (code, f"the tag is {tag}, and the version of the program 1.2.3" in said) == (1, True), said


def test_a_tag_beside_the_default_branch_is_not_released(tagged: Path) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@x.example")
    subprocess.run(["git", *who, "commit", "-q", "--allow-empty", "-m", "Aside"], cwd=tagged, check=True)
    code, said = compared(tagged, "v1.2.3")
    assert (code, "v1.2.3 is not on main" in said) == (1, True), said


def test_a_version_of_which_nothing_is_told_is_not_released(tagged: Path) -> None:
    (tagged / "CHANGELOG.md").write_text("# Changelog\n\n## [Unreleased]\n\n- New.\n")
    code, said = compared(tagged, "v1.2.3")
    assert (code, "CHANGELOG.md says nothing of 1.2.3" in said) == (1, True), said
