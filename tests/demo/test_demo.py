"""The demo's pull requests, judged in a real git repository made of this repository's records."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

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
def repository() -> Iterator[Path]:
    """The records of this repository as a git repository with the five pull requests as branches."""
    with demo.temporary_repository() as path:
        for example in EXAMPLES.values():
            example.push(path)
        yield path


def arguments(repository: Path, name: str, round_: int) -> list[str]:
    example = EXAMPLES[name]
    head = demo.git("rev-parse", name, cwd=repository)
    reviews = [{**review, "commit": head} for review in example.about["rounds"][round_]["reviews"]]
    file = repository.parent / f"{name}-{round_}.json"
    file.write_text(json.dumps({"author": example.about["author"], "reviews": reviews}))
    asked = ["gate", "--base", "main", "--head", name, "--reviews", str(file), "--now", demo.NOW]
    return [*asked, "--format", "json"]


@cache
def gate(repository: Path, name: str, round_: int) -> subprocess.CompletedProcess[str]:
    return demo.itsm(*arguments(repository, name, round_), cwd=repository)  # type: ignore[no-any-return]


CASES = [
    (name, round_, verdict) for name, item in EXAMPLES.items() for round_, verdict in enumerate(item.about["expect"])
]


@pytest.mark.parametrize(("name", "round_", "verdict"), CASES)
def test_the_verdict_is_the_expected_one(repository: Path, name: str, round_: int, verdict: str) -> None:
    done = gate(repository, name, round_)
    data = json.loads(done.stdout)
    assert data["verdict"] == verdict, data["reasons"]
    assert done.returncode == (0 if verdict == "approved" else 1)
    schema = KindRegistry.load().bundled("reports/gate-report.schema.json")
    assert Validator("gate-report", schema).problems(data) == []


def test_the_reasons_are_the_right_ones(repository: Path) -> None:
    def codes(name: str, round_: int = 0) -> set[str]:
        return {reason["code"] for reason in json.loads(gate(repository, name, round_).stdout)["reasons"]}

    assert codes("2-no-back-out") == {"finding:lifecycle-required"}
    assert codes("3-high-risk") == {"approval-missing"}
    assert codes("4-in-a-freeze") == {"finding:change-in-freeze"}
    assert "finding:change-has-rehearsed-backout" in codes("5-weakens-a-policy")


def test_the_json_is_the_same_to_the_byte(repository: Path) -> None:
    """In another process, too, whose sets have another order."""
    asked = [sys.executable, "-m", "itsm_as_code", *arguments(repository, "3-high-risk", 1)]
    other = subprocess.run(asked, cwd=repository, capture_output=True, env={**os.environ, "PYTHONHASHSEED": "7"})
    assert gate(repository, "3-high-risk", 1).stdout.encode() == other.stdout


@pytest.mark.slow
def test_the_demo_ends_well(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "demo/run.py"], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    verdicts = re.findall(r"^VERDICT \S+: (\w+)$", done.stdout, re.MULTILINE)
    assert verdicts == ["approved", "rejected", "pending", "approved", "rejected", "rejected"]
    assert "The site lies in " in done.stdout
    page = (ROOT / "docs/transcripts/demo.md").read_text("utf-8")
    said = re.findall(r"^```\w*\n(.*?)\n```$", page, re.MULTILINE | re.DOTALL)
    assert len(said) == len(verdicts)
    printed = re.sub(r"^    ", "", done.stdout, flags=re.MULTILINE)
    assert [report for report in said if report not in printed] == [], "run: python docs/generate.py"
