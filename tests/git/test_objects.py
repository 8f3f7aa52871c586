"""One git process answers for many objects, and nobody reads the answer to somebody else's question."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from itsm_as_code.errors import GitError
from itsm_as_code.git.commands import _MOST_STARTED
from itsm_as_code.git.objects import _AT_ONCE
from itsm_as_code.git.repository import Repository
from tests.conftest import Workshop


@pytest.fixture
def shop(workshop: Workshop) -> Workshop:
    for number in range(3):
        workshop.write(f"notes/{number}.txt", str(number) * 10)
    workshop.commit()
    return workshop


def ids(repository: Repository) -> list[str]:
    entries = repository.snapshot("topic").entries
    return [entries[f"notes/{number}.txt"].oid or "" for number in range(3)]


def test_many_are_asked_of_one_process_and_in_order(shop: Workshop) -> None:
    repository = Repository(shop.path)
    asked = ids(repository) * _AT_ONCE
    assert list(repository.objects(asked, "blob")) == [b"0" * 10, b"1" * 10, b"2" * 10] * _AT_ONCE
    assert repository.sizes(asked) == [10] * len(asked)
    assert len({conversation.process.pid for conversation in repository._conversations}) == 1


def test_who_stops_reading_leaves_nothing_to_the_next(shop: Workshop) -> None:
    repository = Repository(shop.path)
    first, second, third = ids(repository)
    assert next(repository.objects([first, second, third], "blob")) == b"0" * 10
    assert list(repository.objects([third], "blob")) == [b"2" * 10]


def test_what_is_not_there_does_not_shift_the_others(shop: Workshop) -> None:
    repository = Repository(shop.path)
    first, second, _ = ids(repository)
    with pytest.raises(GitError, match=r"the blob f{40} is not in this clone"):
        list(repository.objects([first, "f" * 40, second], "blob"))
    with pytest.raises(GitError, match=r"the commit .* is not in this clone"):
        list(repository.objects([first], "commit"))
    assert list(repository.objects([second], "blob")) == [b"1" * 10]


def test_a_git_that_was_killed_is_an_error_and_the_next_question_is_answered(shop: Workshop) -> None:
    repository = Repository(shop.path)
    asked = ids(repository)
    list(repository.objects(asked, "blob"))
    process = repository._conversations[0].process
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    with pytest.raises(GitError, match="git cat-file failed: it ended before it had answered"):
        list(repository.objects(asked, "blob"))
    assert list(repository.objects(asked, "blob"))[2] == b"2" * 10


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_process_that_was_forked_off_asks_a_git_of_its_own(shop: Workshop) -> None:
    repository = Repository(shop.path)
    asked = ids(repository)
    list(repository.objects(asked, "blob"))
    ours = repository._conversations[0].process.pid
    child = os.fork()
    if child == 0:
        right = list(repository.objects(asked, "blob"))[1] == b"1" * 10
        other = repository._conversations[0].process.pid != ours
        repository._conversations[0].end()
        os._exit(0 if right and other else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert next(repository.objects(asked, "blob")) == b"0" * 10
    assert repository._conversations[0].process.pid == ours


def test_the_process_ends_with_the_repository(shop: Workshop) -> None:
    repository = Repository(shop.path)
    list(repository.objects(ids(repository), "blob"))
    process = repository._conversations[0].process
    repository._revisions.clear()  # each knows its repository, so that only a collection would free both
    del repository
    assert process.returncode is not None


def test_a_folder_with_a_line_feed_in_its_name(shop: Workshop, tmp_path: Path) -> None:
    odd = shop.path / "a\nb" / "c"
    odd.mkdir(parents=True)
    repository = Repository(odd)
    assert (repository.prefix, repository.git_dir) == ("a\nb/c/", shop.path / ".git")
    assert len(ids(repository)) == 3


def test_many_repositories_at_once_have_few_processes_and_all_are_answered(shop: Workshop) -> None:
    before = len(list(Path("/dev/fd").iterdir()))
    many = [Repository(shop.path) for _ in range(_MOST_STARTED + 20)]
    for repository in many:
        assert next(repository.objects(ids(repository), "blob")) == b"0" * 10
    assert len(list(Path("/dev/fd").iterdir())) - before <= 3 * _MOST_STARTED
    assert next(many[0].objects(ids(many[0]), "blob")) == b"0" * 10, "which was ended, and is started again"
