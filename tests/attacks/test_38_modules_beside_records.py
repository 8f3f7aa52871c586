"""38: a file of the repository that Python takes for a module of its own, where a job stands in the checkout.

Beside records that lie in a folder nobody approves it, so it would run with what the next job holds: the key of a door,
or the program that judges.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from itsm_as_code import shipped
from itsm_as_code.records.document import parse
from tests.conftest import ROOT
from tests.release.test_definitions import scripts

OWNED = "import os; open(os.environ['OWNED'], 'w').close()\n"
NAMES = ("json", "venv", "pip")
STARTERS = ("issue.yml", "gitlab-issue.yml", "gitea-issue.yml")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A checkout with such files in it, and a Python that is the one of this run."""
    for name in NAMES:
        (tmp_path / f"checkout/{name}.py").parent.mkdir(exist_ok=True)
        (tmp_path / f"checkout/{name}.py").write_text(OWNED)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").symlink_to(sys.executable)
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements/run.txt").touch()
    (tmp_path / "event.json").write_text('{"issue": {"number": 1}, "client_payload": {"a": 1}}')
    return tmp_path


def run(place: Path, script: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": f"{place}/bin:{os.environ['PATH']}", "OWNED": f"{place}/owned", "RUNNER_TEMP": str(place)}
    environment |= {"SOURCE": str(place), "GITHUB_EVENT_PATH": f"{place}/event.json"}
    environment["API"] = parse(shipped.starter("gitea-issue.yml").encode())["env"]["API"]
    command = ["bash", "-e", "-o", "pipefail", "-c", script]
    return subprocess.run(command, cwd=place / "checkout", env=environment, capture_output=True, text=True, check=False)


def commands(name: str) -> list[str]:
    """What a starter has Python do by an expression, each from its beginning to its last quote."""
    texts = scripts(parse(shipped.starter(name).encode()))
    return [found for text in texts for found in re.findall(r"""python (?:-\w )*-c (?:'[^']*'|"\$API")""", text)]


@pytest.mark.parametrize("name", STARTERS)
def test_the_doors_read_no_module_of_the_repository(place: Path, name: str) -> None:
    found = commands(name)
    assert len(found) == len(re.findall(r"python\b.* -c ['\"]", shipped.starter(name)))
    for command in found:
        done = run(place, command)
        assert not (place / "owned").exists(), command
        assert "SyntaxError" not in done.stderr, done.stderr


@pytest.mark.deep
def test_the_action_installs_by_no_module_of_the_repository(place: Path) -> None:
    action: dict[str, Any] = parse((ROOT / "action.yml").read_bytes())
    steps = {step["name"]: step for step in action["runs"]["steps"]}
    done = run(place, steps["Install what the lock fixes"]["run"])
    assert not (place / "owned").exists()
    assert (place / "itsm/bin/python").exists(), done.stderr
