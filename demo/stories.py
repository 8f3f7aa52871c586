"""Pull requests with a history of pushes, merges and reviews, judged along the way; each is a YAML file in stories/.

A story is a list of steps; each step has one key.

- ``commit``: a commit on the branch ``by`` somebody; ``main``: the same on main; ``merge``: main is merged into the
  branch, with the same keys for what the merge commit brings besides; ``branch``: a commit on a new branch ``name``
  from main. What a commit brings: ``copy`` (the files of an example pull request), ``edit`` (a list of path, old, new;
  old stands there exactly once), ``write`` (path -> text).
- ``approve``, ``request-changes``: people who say so of the branch as it is then.
- ``judge``: what to ``say`` of it, the verdict to ``expect``; optionally another ``base``, ``now``, and ``open``, the
  other open pull requests (number -> branch).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from run import NOW, PULL_REQUESTS, VERDICT, git, itsm

STORIES = Path(__file__).resolve().parent / "stories"


@dataclass(frozen=True)
class Judgement:
    """What was said of a judgement, what was expected, and what came of it: as text, and as Markdown."""

    say: str
    expect: str
    verdict: str
    report: str
    summary: str


@dataclass(frozen=True)
class Story:
    """A story file."""

    name: str
    title: str
    author: str
    steps: list[dict[str, Any]]

    def tell(self, repository: Path) -> list[Judgement]:
        """Act the story out in a git repository that has the records on main, and take main back to them."""
        start = git("rev-parse", "main", cwd=repository)
        told = list(_Stage(self, repository).play())
        git("checkout", "-q", "-B", "main", start, cwd=repository)
        return told


def stories() -> list[Story]:
    """All stories, in order."""
    found = []
    for file in sorted(STORIES.glob("*.yaml")):
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
        found.append(Story(file.stem, data["title"], data["author"], data["steps"]))
    return found


@dataclass
class _Stage:
    story: Story
    repository: Path
    reviews: list[dict[str, str]] = field(default_factory=list)

    def play(self) -> Iterator[Judgement]:
        git("checkout", "-q", "-b", self.story.name, "main", cwd=self.repository)
        for step in self.story.steps:
            ((key, value),) = step.items()
            if key in ("approve", "request-changes"):
                for who in value:
                    self._review(who, "approved" if key == "approve" else "changes-requested")
            elif key == "judge":
                yield self._judge(value)
            else:
                {"commit": self._commit, "main": self._main, "merge": self._merge, "branch": self._branch}[key](value)

    def _bring(self, what: dict[str, Any]) -> None:
        if "copy" in what:
            shutil.copytree(PULL_REQUESTS / what["copy"] / "files", self.repository, dirs_exist_ok=True)
        for edit in what.get("edit", ()):
            file = self.repository / edit["path"]
            text = file.read_text(encoding="utf-8")
            if text.count(edit["old"]) != 1:
                raise ValueError(f"{self.story.name}: {edit['old']!r} stands {text.count(edit['old'])} times in {file}")
            file.write_text(text.replace(edit["old"], edit["new"]), encoding="utf-8")
        for path, text in what.get("write", {}).items():
            file = self.repository / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        git("add", "-A", cwd=self.repository)

    def _commit(self, what: dict[str, Any], message: str = "") -> None:
        self._bring(what)
        git("commit", "-q", "-m", message or self.story.title, cwd=self.repository, author=what["by"])

    def _main(self, what: dict[str, Any]) -> None:
        git("checkout", "-q", "main", cwd=self.repository)
        self._commit(what, "Meanwhile on main")
        git("checkout", "-q", self.story.name, cwd=self.repository)

    def _merge(self, what: dict[str, Any]) -> None:
        git("merge", "-q", "--no-commit", "--no-ff", "main", cwd=self.repository, author=what["by"])
        self._commit(what, "Merge main")

    def _branch(self, what: dict[str, Any]) -> None:
        git("checkout", "-q", "-b", what["name"], "main", cwd=self.repository)
        self._commit(what, what["name"])
        git("checkout", "-q", self.story.name, cwd=self.repository)

    def _review(self, who: str, state: str) -> None:
        at = datetime.fromisoformat("2026-11-22T11:00:00+00:00") + timedelta(minutes=len(self.reviews))
        commit = git("rev-parse", self.story.name, cwd=self.repository)
        self.reviews.append({"reviewer": who, "state": state, "commit": commit, "at": f"{at:%Y-%m-%dT%H:%M:%SZ}"})

    def _judge(self, what: dict[str, Any]) -> Judgement:
        others = [
            {"number": number, "head": git("rev-parse", branch, cwd=self.repository)}
            for number, branch in what.get("open", {}).items()
        ]
        file = self.repository.parent / f"{self.story.name}.json"
        told = {"author": self.story.author, "reviews": self.reviews, "openPullRequests": others}
        file.write_text(json.dumps(told), encoding="utf-8")
        now, base = what.get("now", NOW), what.get("base", "main")
        summary = file.with_suffix(".md")
        summary.unlink(missing_ok=True)  # a run adds to it
        arguments = ("--base", base, "--head", self.story.name, "--reviews", str(file), "--now", now)
        done = itsm("gate", *arguments, "--summary", str(summary), cwd=self.repository)
        verdict = VERDICT.search(done.stdout)
        name = verdict[1].lower() if verdict else "none"
        written = summary.read_text(encoding="utf-8")
        return Judgement(what["say"], what["expect"], name, done.stdout + done.stderr, written)
