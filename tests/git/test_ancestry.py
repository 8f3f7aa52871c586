"""Where histories part: what commits that were walked tell is what git would say, and git is not asked again."""

from __future__ import annotations

import random
import subprocess
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from itsm_as_code.errors import GitError
from itsm_as_code.git.repository import Repository
from tests.conftest import Workshop

COMMITS = 24


def history(folder: Path, seed: int) -> list[str]:
    """A repository of random commits, a fifth of them merges and one of each twelve a root, with their ids."""
    chance, lines = random.Random(seed), []
    subprocess.run(["git", "init", "-q", str(folder)], check=True, timeout=30)
    for mark in range(1, COMMITS + 1):
        lines += [f"commit refs/heads/c{mark}", f"mark :{mark}", f"committer A <a@a> {1_700_000_000 + mark * 60} +0000"]
        lines.append("data 0")
        parents = [] if mark == 1 or chance.random() < 1 / 12 else [chance.randint(max(1, mark - 5), mark - 1)]
        if parents and mark > 2 and chance.random() < 0.2:
            parents.append(chance.choice([other for other in range(1, mark) if other != parents[0]]))
        lines += [f"{'merge' if index else 'from'} :{parent}" for index, parent in enumerate(parents)]
    feed = "\n".join([*lines, "", ""]).encode()
    subprocess.run(["git", "-C", str(folder), "fast-import", "--quiet"], input=feed, check=True, timeout=30)
    found = Repository(folder)
    return [found.commit(f"refs/heads/c{mark}") for mark in range(1, COMMITS + 1)]


def asked(repository: Repository, base: str, commit: str, at: datetime) -> object:
    try:
        bases = repository.merge_base(base, commit), sorted(repository.merge_bases(base, commit))
    except GitError as error:
        bases = error.code, []
    return bases, repository.standing_at(base, commit, at), repository.is_ancestor(base, commit)


@pytest.mark.parametrize("seed", [1, 2, *(pytest.param(seed, marks=pytest.mark.deep) for seed in range(3, 40))])
def test_walked_commits_tell_what_git_says(tmp_path: Path, seed: int) -> None:
    ids = history(tmp_path / "r", seed)
    chance, walked, fresh = random.Random(seed), Repository(tmp_path / "r"), Repository(tmp_path / "r")
    base, head = ids[len(ids) // 3], ids[-1]
    walked.commits(base, head)
    for commit in chance.sample(ids, 8):
        at = datetime.fromtimestamp(1_700_000_000 + chance.randint(0, COMMITS * 60), UTC)
        assert asked(walked, base, commit, at) == asked(fresh, base, commit, at)


def test_git_is_not_asked_again(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    workshop.change()
    first = workshop.commit()
    workshop.edit("services/newsletter.yaml", "title: Newsletter", "title: Letter")
    workshop.commit()
    repository = Repository(workshop.path)
    base, head = repository.commit("main"), repository.commit("topic")
    repository.commits(base, head)
    monkeypatch.setattr(Repository, "run", None)
    for commit in (first, head):
        assert repository.merge_bases(base, commit) == [base]
        assert repository.standing_at(base, commit, datetime.now(UTC)) == base
        assert repository.is_ancestor(base, commit)


@pytest.mark.parametrize(
    "name", ["main@{u}", "main@{yesterday}", "a b", "nope", "main:services", ":/Add", "main^{tree}"]
)
def test_no_name_ends_the_process_that_answers(workshop: Workshop, name: str) -> None:
    repository = Repository(workshop.path)
    main = repository.commit("main")
    with suppress(GitError):
        repository.commit(name)
    assert repository.named("main")[0] == main
    assert len(repository._conversations) == 1
