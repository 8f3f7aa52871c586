"""The demo's pull requests, judged in a real git repository made of this repository's records."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from functools import cache
from io import StringIO
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.schemas import Validator
from tests.conftest import ROOT


def _load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("demo_run", ROOT / "demo/run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["demo_run"] = module
    spec.loader.exec_module(module)
    return module


demo = _load()
EXAMPLES = {example.branch: example for example in demo.pull_requests()}


@pytest.fixture(scope="module")
def told() -> str:
    """What the demo prints of its pull requests; this repository is validated and built by other tests, too."""
    out, asked = StringIO(), list[str]()

    def itsm(*arguments: str, cwd: Path) -> Any:
        asked.append(arguments[0])
        return (
            subprocess.CompletedProcess(arguments, 0, "", "") if arguments[0] != "gate" else plain(*arguments, cwd=cwd)
        )

    plain = demo.itsm
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out):
        patch.setattr(demo, "itsm", itsm)
        assert demo.main() == 0, out.getvalue()
    assert asked == ["validate", *["gate"] * len(CASES), "build"]
    return out.getvalue()


@pytest.fixture(scope="module")
def repository() -> Iterator[Path]:
    """The records of this repository as a git repository; the pull requests are pushed to it where they are judged."""
    with demo.temporary_repository() as path:
        yield path


@cache
def arguments(repository: Path, name: str, round_: int) -> list[str]:
    example = EXAMPLES[name]
    head = pushed(repository, name)
    reviews = [{**review, "commit": head} for review in example.about["rounds"][round_]["reviews"]]
    file = repository.parent / f"{name}-{round_}.json"
    file.write_text(json.dumps({"author": example.about["author"], "reviews": reviews}))
    asked = ["gate", "--base", "main", "--head", name, "--reviews", str(file), "--now", demo.NOW]
    return [*asked, "--format", "json"]


@cache
def pushed(repository: Path, name: str) -> str:
    return EXAMPLES[name].push(repository)  # type: ignore[no-any-return]


@cache
def gate(repository: Path, name: str, round_: int) -> subprocess.CompletedProcess[str]:
    return demo.itsm(*arguments(repository, name, round_), cwd=repository)  # type: ignore[no-any-return]


CASES = [
    (name, round_, verdict) for name, item in EXAMPLES.items() for round_, verdict in enumerate(item.about["expect"])
]
REST = {case[0] for case in CASES} - {"3-high-risk"}


@pytest.mark.parametrize(
    ("name", "round_", "verdict"),
    [pytest.param(*case, marks=[pytest.mark.deep] if case[0] in REST else []) for case in CASES],
)
def test_the_report_for_programs_fits_its_schema(repository: Path, name: str, round_: int, verdict: str) -> None:
    done = gate(repository, name, round_)
    data = json.loads(done.stdout)
    assert data["verdict"] == verdict, data["reasons"]
    assert done.returncode == (0 if verdict == "approved" else 1)
    schema = KindRegistry.load().bundled("reports/gate-report.schema.json")
    assert Validator("gate-report", schema).problems(data) == []


def test_the_reasons_are_the_right_ones(told: str) -> None:
    parts = re.split(r"^VERDICT (\S+): \w+$", told, flags=re.MULTILINE)
    codes = {
        name: set(re.findall(r"^ *error\[([\w-]+)\]", said, re.MULTILINE))
        for said, name in zip(parts[::2], parts[1::2], strict=False)
    }
    assert codes.pop("2-no-back-out") == {"lifecycle-required"}
    assert codes.pop("4-in-a-freeze") == {"change-in-freeze"}
    assert "change-has-rehearsed-backout" in codes.pop("5-weakens-a-policy")
    assert codes == {"1-standard-change": set(), "3-high-risk": set()}
    assert "  - high-risk: 2 approvals missing" in parts[4]


def test_the_json_is_the_same_to_the_byte(repository: Path) -> None:
    """In another process, too, whose sets have another order."""
    asked = [sys.executable, "-m", "itsm_as_code", *arguments(repository, "3-high-risk", 1)]
    other = subprocess.run(asked, cwd=repository, capture_output=True, env={**os.environ, "PYTHONHASHSEED": "7"})
    assert gate(repository, "3-high-risk", 1).stdout.encode() == other.stdout


VERDICTS = ["approved", "rejected", "pending", "approved", "rejected", "rejected"]


def test_the_verdicts_are_the_expected_ones_and_the_page_shows_them(told: str) -> None:
    assert re.findall(r"^VERDICT \S+: (\w+)$", told, re.MULTILINE) == VERDICTS
    page = (ROOT / "docs/transcripts/demo.md").read_text("utf-8")
    said = re.findall(r"^```\w*\n(.*?)\n```$", page, re.MULTILINE | re.DOTALL)
    assert len(said) == len(VERDICTS)
    printed = re.sub(r"^    ", "", told, flags=re.MULTILINE)
    assert [report for report in said if report not in printed] == [], "run: python docs/generate.py"


@pytest.mark.deep
def test_the_demo_ends_well() -> None:
    done = subprocess.run([sys.executable, "demo/run.py"], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.findall(r"^VERDICT \S+: (\w+)$", done.stdout, re.MULTILINE) == VERDICTS
    assert "The site lies in " in done.stdout
