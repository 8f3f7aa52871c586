"""The main job, once through: validate this repository, judge five pull requests in real git, build the site.

Run it with ``make demo``, or ``python demo/run.py`` where itsm is installed. It writes ``site/`` here and nothing else;
the git repository with the pull requests is temporary. The exit code is 0 when every verdict is the expected one.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from itsm_as_code.cli.program import run

ROOT = Path(__file__).resolve().parent.parent
PULL_REQUESTS = Path(__file__).resolve().parent / "pull-requests"
RECORDS = ("changes", "improvement", "operations", "people", "policies", "portfolio", "schemas", "services")
VERDICT = re.compile(r"^\S (APPROVED|PENDING|REJECTED): ", re.MULTILINE)
NOW = "2026-11-22T12:00:00Z"


def itsm(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run itsm in this process, which has it loaded already; what it writes is kept."""
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run(["-C", str(cwd), *arguments])
    return subprocess.CompletedProcess(["itsm", *arguments], code, out.getvalue(), err.getvalue())


def git(*arguments: str, cwd: Path, author: str = "mara-lindqvist") -> str:
    """Run git as one of the people of Alder Bank, untouched by the settings of whoever runs the demo."""
    email = f"{author.replace('-', '.')}@alder-bank.example"
    identity = {
        f"GIT_{role}_{key}": value
        for role in ("AUTHOR", "COMMITTER")
        for key, value in (("NAME", author), ("EMAIL", email), ("DATE", "2026-11-22T09:00:00Z"))
    }
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(cwd),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        **identity,
    }
    return subprocess.run(
        ["git", *arguments], cwd=cwd, env=environment, check=True, capture_output=True, text=True
    ).stdout.strip()


@dataclass(frozen=True)
class PullRequest:
    """An example pull request: the files it brings, what it deletes, its reviews round by round, what is expected."""

    folder: Path
    about: dict[str, Any]

    @property
    def branch(self) -> str:
        return self.folder.name

    def push(self, repository: Path) -> str:
        """Commit it on a branch of its own; gives the commit."""
        git("checkout", "-q", "-b", self.branch, "main", cwd=repository)
        shutil.copytree(self.folder / "files", repository, dirs_exist_ok=True)
        deleted = self.folder / "delete.txt"
        for path in deleted.read_text().split() if deleted.exists() else ():
            (repository / path).unlink()
        git("add", "-A", cwd=repository)
        git("commit", "-q", "-m", self.about["title"], cwd=repository, author=self.about["author"])
        return git("rev-parse", "HEAD", cwd=repository)


def pull_requests() -> list[PullRequest]:
    """The examples, in order."""
    return [
        PullRequest(file.parent, json.loads(file.read_text()))
        for file in sorted(PULL_REQUESTS.glob("*/pull-request.json"))
    ]


@contextmanager
def temporary_repository() -> Iterator[Path]:
    """A git repository with this repository's records on ``main``."""
    with tempfile.TemporaryDirectory(prefix="itsm-demo-") as name:
        repository = Path(name) / "alder-bank"
        repository.mkdir()
        for folder in RECORDS:
            shutil.copytree(ROOT / folder, repository / folder)
        shutil.copy(ROOT / "itsm.yaml", repository)
        git("init", "-q", "-b", "main", cwd=repository)
        git("add", "-A", cwd=repository)
        git("commit", "-q", "-m", "The records of Alder Bank", cwd=repository)
        yield repository


def judge(repository: Path, example: PullRequest, head: str, reviews: list[dict[str, str]]) -> tuple[str, str]:
    """Verdict and report of the gate on a pull request with these reviews; its Markdown lies beside the repository."""
    at_head = [{**review, "commit": head if review["commit"] == "HEAD" else review["commit"]} for review in reviews]
    file = repository.parent / f"{example.branch}.json"
    file.write_text(json.dumps({"author": example.about["author"], "reviews": at_head}))
    summary = file.with_suffix(".md")
    summary.unlink(missing_ok=True)  # a run adds to it
    asked = ("--base", "main", "--head", head, "--reviews", str(file), "--now", NOW, "--summary", str(summary))
    done = itsm("gate", *asked, cwd=repository)
    verdict = VERDICT.search(done.stdout)
    return (verdict[1].lower() if verdict else "none"), done.stdout + done.stderr


def main() -> int:
    """Validate, judge, publish; say what happened."""
    heading("1. Validate the records of this repository")
    checked = itsm("validate", cwd=ROOT)
    print(checked.stdout + checked.stderr, end="")
    unexpected = checked.returncode != 0
    heading("2. Judge five pull requests in a real git repository")
    with temporary_repository() as repository:
        for example in pull_requests():
            about = f"by {example.about['author']}; demo/pull-requests/{example.branch}"
            print(f"\n----- {example.about['title']} ({about})\n")
            head = example.push(repository)
            for step, expected in zip(example.about["rounds"], example.about["expect"], strict=True):
                verdict, report = judge(repository, example, head, step["reviews"])
                print(step["say"] + "\n")
                print("    " + report.strip().replace("\n", "\n    ").replace("\n    \n", "\n\n") + "\n")
                unexpected |= verdict != expected
                print(
                    f"VERDICT {example.branch}: {verdict}" + ("" if verdict == expected else f" (expected {expected})")
                )
    heading("3. Build the site")
    built = itsm("build", "-o", str(ROOT / "site"), cwd=ROOT)
    print(built.stdout + built.stderr, end="")
    unexpected |= built.returncode != 0
    print(f"\nThe site lies in {ROOT / 'site'}: open {(ROOT / 'site' / 'index.html').as_uri()}")
    print("For a year of merges with signed evidence to audit: .venv/bin/python demo/history/build.py DIR")
    return int(unexpected)


def heading(text: str) -> None:
    """A heading that stands out from reports."""
    print(f"\n{'=' * len(text)}\n{text}\n{'=' * len(text)}\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
