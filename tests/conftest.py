"""Real git repositories to judge in: a small organisation, branches, commits by its people, reviews."""

from __future__ import annotations

import gc
import json
import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from yaml._yaml import get_version_string

from itsm_as_code.forges.local import parse_pull_request
from itsm_as_code.gate import Decision, evaluate
from itsm_as_code.git.repository import Repository
from tests.pages import page_server, pages  # noqa: F401 - fixtures
from tests.scratch import keep_compiled, to_memory

to_memory()
keep_compiled()

# How long an example takes says nothing on a busy machine; what grows too fast is found by doubling (tests/growth.py).
settings.register_profile("itsm", deadline=None)
settings.load_profile("itsm")

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent


def pytest_report_header() -> str:
    """The versions that a run proves something about."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    named = [
        re.split(r"[^\w-]", text)[0] for text in (*project["dependencies"], "hypothesis", "icalendar", "playwright")
    ]
    versions = [f"{name} {metadata.version(name)}" for name in named]
    git = subprocess.run(["git", "--version"], capture_output=True, text=True).stdout.split()[-1]
    return ", ".join((f"versions: git {git}", f"libyaml {get_version_string()}", *versions))


SMALL = HERE / "fixtures" / "small"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)

NORMAL_CHANGE = """\
apiVersion: itsm/v1
kind: Change
metadata: {name: %(name)s, title: Tune the newsletter}
spec:
  type: normal
  services: [newsletter]
  requester: alice
  implementers: [alice]
  summary: Send in smaller batches.
  justification: The provider throttles large batches.
  schedule: {start: "2026-12-01T20:00:00Z", end: "2026-12-01T22:00:00Z"}
  implementation: {steps: [Set the batch size to 500], minutes: 10}
  test: {summary: Sent to ourselves., passed: true, evidence: [{title: Run, url: "https://ci.shop.example/1"}]}
  backout: {steps: [Set it back, Restart], minutes: 10, rehearsedOn: "2026-11-20"}
  status: proposed
"""


# A commit looks each time whether the repository wants tidying up: two more processes.
QUIET = {
    "GIT_CONFIG_COUNT": "2",
    "GIT_CONFIG_KEY_0": "maintenance.auto",
    "GIT_CONFIG_VALUE_0": "false",
    "GIT_CONFIG_KEY_1": "core.fsync",
    "GIT_CONFIG_VALUE_1": "none",
}


@dataclass
class Workshop:
    """A git repository with the small organisation on ``main``, and a pull request by alice on ``topic``."""

    path: Path
    clock: int = 0
    reviews: list[dict[str, Any]] = field(default_factory=list)
    author: str | None = "alice"
    pushers: list[str] = field(default_factory=list)
    more: dict[str, Any] = field(default_factory=dict)
    """What else the reviews file says: accounts, statements, draft..."""

    def git(self, *arguments: str, check: bool = True, who: str = "alice", committer: str | None = None) -> str:
        """Run git as one of the people."""
        self.clock += 1
        stamp = f"2026-11-22T08:{self.clock // 60:02d}:{self.clock % 60:02d}Z"
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.path),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_AUTHOR_NAME": who,
            "GIT_AUTHOR_EMAIL": f"{who}@shop.example" if "@" not in who else who,
            "GIT_COMMITTER_NAME": committer or who,
            "GIT_COMMITTER_EMAIL": f"{committer or who}@shop.example"
            if "@" not in (committer or who)
            else committer or who,
            "GIT_AUTHOR_DATE": stamp,
            "GIT_COMMITTER_DATE": stamp,
            **QUIET,
        }
        done = subprocess.run(["git", *arguments], cwd=self.path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0 or not check, f"git {arguments}: {done.stderr}"
        return done.stdout.strip()

    def write(self, path: str, text: str | bytes) -> None:
        """Write a file of the work tree."""
        file = self.path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())

    def edit(self, path: str, old: str, new: str) -> None:
        """Replace text that stands in a file exactly once."""
        text = (self.path / path).read_text()
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path}"
        self.write(path, text.replace(old, new))

    def change(self, name: str = "chg-20261122-tune", **replace: str) -> str:
        """Add a normal change; ``replace`` are texts to put instead of others. Gives its path."""
        text = NORMAL_CHANGE % {"name": name}
        for old, new in replace.items():
            assert old in text, old
            text = text.replace(old, new)
        path = f"changes/2026/11/22/{name}.yaml"
        self.write(path, text)
        return path

    def commit(self, message: str = "Change", who: str = "alice", committer: str | None = None) -> str:
        """Commit everything; gives the commit's id."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message, who=who, committer=committer)
        return self.tip()

    def tip(self, name: str = "HEAD") -> str:
        """The commit at the end of HEAD, or of a branch by its full name, read from git's files where it stands there.

        Asking git is a process, and most tests ask several times.
        """
        file = self.path / ".git" / name
        said = file.read_text().strip() if file.is_file() else name
        if said.startswith("ref: "):
            return self.tip(said.removeprefix("ref: "))
        return said if len(said) == 40 and "/" not in said else self.git("rev-parse", name)

    def review(
        self, reviewer: str, state: str = "approved", commit: str | None = None, minute: int | None = None
    ) -> None:
        """A review on a commit (the tip of topic unless said otherwise), a minute after the last one."""
        minute = len(self.reviews) if minute is None else minute
        commit = commit or self.tip("refs/heads/topic")
        at = f"2026-11-22T10:{minute:02d}:00Z"
        self.reviews.append({"reviewer": reviewer, "state": state, "commit": commit, "at": at})

    def pull_request(self) -> dict[str, Any]:
        """The reviews file."""
        return {"author": self.author, "pushers": self.pushers, "reviews": self.reviews, **self.more}

    def judge(self, base: str = "main", head: str = "topic", now: datetime = NOW) -> Decision:
        """The gate's decision on the pull request."""
        pull_request = parse_pull_request(json.loads(json.dumps(self.pull_request())), "reviews")
        return evaluate(Repository(self.path), base, head, pull_request, now)


def codes(decision: Decision) -> list[str]:
    """The codes of the reasons of a decision."""
    return [reason.code for reason in decision.reasons]


def copy_tree(source: Path, target: Path) -> None:
    """Copy records to a folder that can be written to."""
    shutil.copytree(source, target, dirs_exist_ok=True)


def copied(shop: Workshop, folder: Path) -> Workshop:
    """A workshop of one's own, with all that another one's repository holds."""
    copy_tree(shop.path, folder / "repository")
    return Workshop(folder / "repository", shop.clock)


@pytest.fixture(scope="session")
def first_workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """What every workshop starts from; made once, for git takes its time."""
    shop = Workshop(tmp_path_factory.mktemp("first") / "repository")
    copy_tree(SMALL, shop.path)
    shop.git("init", "-q", "-b", "main", "--template=")
    shop.commit("Start", who="erin")
    shop.git("checkout", "-q", "-b", "topic")
    shop.git("repack", "-a", "-d", "-q")  # each test gets a copy: a file instead of fifty
    return shop


@pytest.fixture
def workshop(tmp_path: Path, first_workshop: Workshop) -> Workshop:
    """The small organisation on main, with an empty branch ``topic`` checked out."""
    return copied(first_workshop, tmp_path)


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def itsm(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the program in this process: exit code, standard output, standard error."""
    from itsm_as_code.cli.program import run

    def call(*arguments: str | Path) -> tuple[int, str, str]:
        code = run([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def examples(number: int) -> int:
    """On how many examples a property is tried; `make deep` tries ``ITSM_EXAMPLES`` times as many."""
    return number * int(os.environ.get("ITSM_EXAMPLES", "1"))


def lines(items: Sequence[str]) -> str:
    """Items as lines, for messages of assertions."""
    return "\n".join(items)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Modules with what takes long come first, so that no worker is left with one of them at the end."""
    long = {item.path for item in items if any(item.iter_markers("slow")) or any(item.iter_markers("browser"))}
    items.sort(key=lambda item: item.path not in long)


def pytest_collection_finish() -> None:
    """What stands for the whole run need not be looked through again and again for what is no longer used."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tables that tests fill with ``record_property(title, "left|right")``, such as guard x attack."""
    tables: dict[str, list[list[str]]] = {}
    for report in terminalreporter.getreports("passed"):
        for title, row in report.user_properties if report.when == "call" else ():
            tables.setdefault(title, []).append(str(row).split("|"))
    for title, rows in tables.items():
        terminalreporter.section(f"{title} ({len(rows)})")
        width = max(len(row[0]) for row in rows)
        for row in sorted(rows):
            terminalreporter.line(f"{row[0]:<{width}}  {'  '.join(row[1:])}")
