"""What reaches a remote comes to an end, and is the git of the user in the environment that git gets here."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from itsm_as_code.errors import GitError
from itsm_as_code.git import remotes
from itsm_as_code.git.fetching import Wanted, fetch
from itsm_as_code.git.repository import Repository
from tests.conftest import Workshop


def test_a_remote_that_never_answers_is_given_up(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remotes, "SECONDS", 0.5)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/x.git"
        with pytest.raises(GitError, match=r"git fetch failed: .*did not complete in 0\.5 secs"):
            fetch(Repository(workshop.path), address, Wanted("main", ()))


@pytest.mark.parametrize("place", ["", ".", "bin"])
def test_a_git_of_the_repository_itself_reaches_nobody(
    workshop: Workshop, tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    workshop.git("clone", "-q", str(workshop.path), str(tmp_path / "clone"))
    trap = tmp_path / "clone" / place / "git"
    trap.parent.mkdir(exist_ok=True)
    trap.write_text(f"#!/bin/sh\n/usr/bin/touch {tmp_path}/trapped\nexit 1\n")
    trap.chmod(0o755)
    monkeypatch.chdir(tmp_path / "clone")
    monkeypatch.setenv("PATH", os.pathsep.join([place, os.environ["PATH"]]))
    monkeypatch.setenv("GIT_PYTHON_GIT_EXECUTABLE", str(trap))
    monkeypatch.setenv("GIT_DIR", str(workshop.path / ".git"))
    repository = Repository(tmp_path / "clone")
    fetch(repository, "origin", Wanted("main", ()))
    assert repository.commit("refs/itsm/base/main") == workshop.git("--git-dir=.git", "rev-parse", "main")
    assert not (tmp_path / "trapped").exists()
    assert "GIT_PYTHON_GIT_EXECUTABLE" not in os.environ
