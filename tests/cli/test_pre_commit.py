"""The hooks of .pre-commit-hooks.yaml, by pre-commit itself as its index has it, in a real repository."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from itsm_as_code import __version__
from tests.conftest import ROOT, copy_tree
from tests.demo.test_demo import demo

pytestmark = pytest.mark.deep
WANTED = "pre-commit==4.7.0"
AGREEMENT = "services/agreements/card-payments-sla.yaml"
ONE = "services/card-payments.yaml"
CONFIG = """\
repos:
  - repo: {repo}
    rev: {rev}
    hooks:
      - id: itsm-validate
      - id: itsm-fmt
"""


class Clone:
    """The records of this repository in a git repository with the hooks, and an agreement whose review is overdue."""

    def __init__(self, folder: Path) -> None:
        self.path, self.home = folder / "records", folder / "home"
        self.home.mkdir()
        for name in (*demo.RECORDS, "itsm.yaml"):
            source = ROOT / name
            (copy_tree if source.is_dir() else _copy)(source, self.path / name)
        self.git("init", "-q", "-b", "main")

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "REQUESTS_"))}
        who = {f"GIT_{role}_{key}": "ada@x.example" for role in ("AUTHOR", "COMMITTER") for key in ("NAME", "EMAIL")}
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "GIT_CONFIG_GLOBAL": os.devnull,
            **who,
            **kept,
        }
        return subprocess.run(command, cwd=self.path, env=environment, capture_output=True, text=True, timeout=900)

    def git(self, *arguments: str) -> str:
        done = self.run("git", *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def edit(self, path: str, old: str, new: str) -> None:
        text = (self.path / path).read_text()
        assert old in text
        (self.path / path).write_text(text.replace(old, new, 1))

    def commit(self) -> tuple[int, str]:
        self.git("add", "-A")
        done = self.run("git", "commit", "-q", "-m", "A commit")
        return done.returncode, done.stdout + done.stderr


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(source.read_bytes())


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    folder = tmp_path_factory.mktemp("pre-commit")
    found = Clone(folder)
    reviewed = (found.path / AGREEMENT).read_text().split("reviewBy: ")[1].split("\n")[0]
    found.edit(AGREEMENT, f"reviewBy: {reviewed}", 'reviewBy: "2026-01-31"')
    strict = "    overrides:\n      - {policy: agreement-is-reviewed, severity: error, reason: Late reviews stop us.}\n"
    text = (found.path / "itsm.yaml").read_text()
    found.edit("itsm.yaml", "    overrides:\n" if "    overrides:\n" in text else "  policies:\n",
               strict if "    overrides:\n" in text else f"  policies:\n{strict}")  # fmt: skip
    found.git("add", "-A")
    found.git("commit", "-q", "-m", "Start")
    tool = folder / "tool"
    subprocess.run([sys.executable, "-m", "venv", str(tool)], check=True)
    done = found.run(tool / "bin/python", "-m", "pip", "install", "-q", "--disable-pip-version-check", WANTED)
    if done.returncode != 0:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{WANTED} cannot be installed: {done.stderr[-500:]}")
    hooks = folder / "hooks"  # with the tag of a release
    found.git("clone", "-q", "--bare", str(ROOT), str(hooks))
    found.git("-C", str(hooks), "tag", f"v{__version__}", "HEAD")
    (found.path / ".pre-commit-config.yaml").write_text(CONFIG.format(repo=hooks, rev=f"v{__version__}"))
    done = found.run(tool / "bin/pre-commit", "install", "--install-hooks")
    assert done.returncode == 0, done.stdout + done.stderr
    return found


def test_an_expired_agreement_does_not_stop_an_unrelated_commit(clone: Clone) -> None:
    code, said = clone.commit()  # the configuration of pre-commit itself
    assert code == 0, said
    clone.edit(ONE, "title: ", "title: Our ")
    code, said = clone.commit()
    assert (code, "ITSM records are valid" in said) == (0, True), said
    clone.edit(ONE, "owner: ", "owner: no-")
    code, said = clone.commit()
    assert (code, "no Team named" in said, "2026-01-31" in said) == (1, True, False), said
    clone.git("checkout", "-q", "HEAD", "--", ONE)
    clone.edit(AGREEMENT, "title: ", "title: Our ")
    code, said = clone.commit()
    assert (code, "was due by 2026-01-31" in said) == (1, True), said
    clone.git("checkout", "-q", "HEAD", "--", AGREEMENT)


def test_a_record_out_of_form_is_brought_into_form(clone: Clone) -> None:
    clone.edit(ONE, "spec:\n", "spec:\n\n\n")
    (clone.path / "compose.yaml").write_text("services:   {}\n")
    code, said = clone.commit()
    assert (code, "files were modified by this hook" in said) == (1, True), said
    assert "spec:\n\n\n" not in (clone.path / ONE).read_text()
    assert (clone.path / "compose.yaml").read_text() == "services:   {}\n"
    assert clone.commit()[0] == 0


def test_the_hooks_are_fast_enough_to_be_liked(clone: Clone) -> None:
    """Over 600 records, each hook under two seconds of processor time once its cache is warm."""
    clone.git("commit", "-q", "--allow-empty", "-m", "Warm")
    used = []
    for number in range(3):
        clone.edit(ONE, "title: ", f"title: {number} ")
        before, start = os.times(), time.monotonic()
        code, said = clone.commit()
        after = os.times()
        used.append(after.children_user + after.children_system - before.children_user - before.children_system)
        sys.stdout.write(
            f"a commit with both hooks: {used[-1]:.2f} s of processor time, {time.monotonic() - start:.2f} s\n"
        )
        assert code == 0, said
    assert min(used) < 3  # pre-commit and git included
