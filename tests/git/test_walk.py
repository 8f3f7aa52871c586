"""One walk over the history tells how often each file was changed and when, and goes on where it ended."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from itsm_as_code.cache import Cache
from itsm_as_code.git.history import Walk, first_parents, walk
from itsm_as_code.git.repository import Repository
from tests.conftest import Workshop

ODD = ("\x01 strange", ":100644 100644 a b M", "a\nb", "\n:c")


@pytest.fixture
def shop(workshop: Workshop) -> Workshop:
    """Two branches with changes of their own, merged, and files with names that look like something else."""
    for number, path in enumerate((*ODD, "services/orders.yaml")):
        workshop.write(path, f"{number}\n")
        workshop.commit()
    workshop.git("checkout", "-q", "main")
    workshop.write("services/orders.yaml.bak", "1\n")
    workshop.commit()
    workshop.git("merge", "-q", "--no-ff", "-m", "merge", "topic")
    return workshop


def counted(repository: Repository, commit: str) -> dict[str, int]:
    """How often each path was changed, asked of each commit by itself."""
    found: Counter[str] = Counter()
    for name in repository.text("rev-list", "--no-merges", commit).split():
        out = repository.text("diff-tree", "--root", "-r", "-z", "--no-renames", "--no-commit-id", "--name-only", name)
        found.update(filter(None, out.split("\0")))
    return dict(found)


def check(found: Walk, repository: Repository, commit: str) -> None:
    assert {path: item.count for path, item in found.revised.items()} == counted(repository, commit)
    assert list(found.line) == first_parents(repository, commit)


def test_a_walk_counts_what_every_commit_changed(shop: Workshop) -> None:
    repository = Repository(shop.path)
    commit = repository.commit("main")
    found = walk(repository, commit)
    check(found, repository, commit)
    assert set(ODD) <= found.revised.keys()
    assert all(item.last <= found.line[0][1] for item in found.revised.values())


def test_a_walk_goes_on_where_it_ended(shop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository, cache = Repository(shop.path), Cache(tmp_path / "cache")
    line = [commit for commit, _ in first_parents(repository, "main")]
    side = repository.commit("topic")
    asked: list[str] = []
    text = Repository.text

    def noted(self: Repository, *arguments: str) -> str:
        asked.extend(argument for argument in arguments if arguments[0] == "log" and ".." in argument)
        return text(self, *arguments)

    monkeypatch.setattr(Repository, "text", noted)
    for commit in (line[-1], line[1], line[0], line[0], side, line[0]):
        check(walk(repository, commit, cache), repository, commit)
    assert len(asked) >= 3, "it went on, except from the merge back to one of its sides"


def test_a_history_that_was_written_anew_is_walked_anew(shop: Workshop, tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    walk(Repository(shop.path), Repository(shop.path).commit("main"), cache)
    shop.git("commit", "-q", "--amend", "-m", "merged again")
    repository = Repository(shop.path)
    commit = repository.commit("main")
    check(walk(repository, commit, cache), repository, commit)
