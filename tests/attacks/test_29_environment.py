"""29: an environment that leads git to another repository, or to other objects, settings and boundaries."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from itsm_as_code.errors import ItsmError
from itsm_as_code.git import commands, environment, user
from itsm_as_code.git.repository import Repository
from tests.attacks.tools import BAD_BACKOUT, CHANGE, POLICY, approve
from tests.conftest import Workshop

BLOCKED = ["finding:backout-is-planned"]


@pytest.fixture
def shop(workshop: Workshop) -> Workshop:
    """A change that a policy refuses; beside it a repository where the same branches would be approved."""
    workshop.change(**BAD_BACKOUT)
    workshop.commit()
    approve(workshop, "bob")
    other = workshop.path.parent / "other"
    workshop.git("clone", "-q", "--no-hardlinks", "--branch", "main", str(workshop.path), str(other))
    lenient = Workshop(other, workshop.clock)
    lenient.git("checkout", "-q", "-b", "topic")
    lenient.change()
    lenient.commit()
    assert lenient.judge().verdict == "pending"
    return workshop


def hostile(shop: Workshop) -> dict[str, dict[str, str]]:
    """Variables of git that choose what it reads, each with a value that would make a difference, or stop the gate."""
    other = str(shop.path.parent / "other")
    empty = shop.path.parent / "empty"
    empty.mkdir(exist_ok=True)
    (empty / "config").write_text(f"[core]\n\tworktree = {other}\n[extensions]\n\tobjectFormat = sha256\n")
    (empty / "shallow").write_text(shop.git("rev-parse", "topic") + "\n")
    (empty / "grafts").write_text(f"{shop.git('rev-parse', 'topic')} {shop.git('rev-parse', 'main')}\n")
    git = f"{other}/.git"
    count = {"GIT_CONFIG_COUNT": "2", "GIT_CONFIG_KEY_0": "core.bare", "GIT_CONFIG_VALUE_0": "maybe"}
    count |= {"GIT_CONFIG_KEY_1": "extensions.objectFormat", "GIT_CONFIG_VALUE_1": "sha256"}
    return {
        "GIT_DIR": {"GIT_DIR": git},
        "GIT_DIR of a hook": {
            "GIT_DIR": git,
            "GIT_INDEX_FILE": f"{git}/index",
            "GIT_PREFIX": "",
            "GIT_WORK_TREE": other,
        },
        "GIT_WORK_TREE": {"GIT_WORK_TREE": other},
        "GIT_COMMON_DIR": {"GIT_COMMON_DIR": git},
        "GIT_OBJECT_DIRECTORY": {"GIT_OBJECT_DIRECTORY": str(empty)},
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": {"GIT_ALTERNATE_OBJECT_DIRECTORIES": f"{git}/objects"},
        "GIT_INDEX_FILE": {"GIT_INDEX_FILE": str(empty / "config")},
        "GIT_CONFIG": {"GIT_CONFIG": str(empty / "config")},
        "GIT_CONFIG_PARAMETERS": {"GIT_CONFIG_PARAMETERS": f"'core.worktree={other}' 'core.bare=maybe'"},
        "GIT_CONFIG_COUNT": count,
        "GIT_SHALLOW_FILE": {"GIT_SHALLOW_FILE": str(empty / "shallow")},
        "GIT_GRAFT_FILE": {"GIT_GRAFT_FILE": str(empty / "grafts")},
        "GIT_REPLACE_REF_BASE": {"GIT_REPLACE_REF_BASE": "refs/heads/"},
        "GIT_NAMESPACE": {"GIT_NAMESPACE": "other"},
        "GIT_CEILING_DIRECTORIES": {"GIT_CEILING_DIRECTORIES": str(shop.path)},
        "GIT_ICASE_PATHSPECS": {"GIT_ICASE_PATHSPECS": "1"},
        "GIT_GLOB_PATHSPECS": {"GIT_GLOB_PATHSPECS": "1"},
        "GIT_DEFAULT_HASH": {"GIT_DEFAULT_HASH": "sha256"},
        "GIT_ATTR_SOURCE": {"GIT_ATTR_SOURCE": "0" * 40},
        "GIT_EXTERNAL_DIFF": {"GIT_EXTERNAL_DIFF": "false"},
        "GIT_NOTES_REF": {"GIT_NOTES_REF": "refs/heads/main"},
        "GIT_ALLOW_PROTOCOL": {"GIT_ALLOW_PROTOCOL": "ext"},
        "GIT_QUARANTINE_PATH": {"GIT_QUARANTINE_PATH": str(empty)},
        "GIT_COMMITTER_EMAIL": {"GIT_COMMITTER_EMAIL": ""},
    }


HARMFUL = {
    "GIT_DIR",
    "GIT_DIR of a hook",
    "GIT_OBJECT_DIRECTORY",
    "GIT_CONFIG",
    "GIT_CONFIG_PARAMETERS",
    "GIT_CONFIG_COUNT",
    "GIT_SHALLOW_FILE",
    "GIT_CEILING_DIRECTORIES",
}
"""Those that git 2.39 obeys in what the gate asks it; the others are taken away on principle."""


def seen(shop: Workshop) -> object:
    """What a repository looks like from one of its folders, or why it cannot be read."""
    try:
        found = Repository(shop.path / "people")
        base, head = found.commit("main"), found.commit("topic")
        tree = found.merge_tree(base, head)
        policy, change = found.blob(tree, POLICY), found.blob(tree, CHANGE)
        settings = found.setting("core.bare"), found.is_shallow
        refs = found.text("for-each-ref", "--format=%(refname) %(objectname)")
        return found.git_dir, base, head, tree, policy, change, settings, refs, found.commits(base, head)
    except ItsmError as error:
        return error.message


def test_variables_of_git_choose_nothing(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = seen(shop)
    assert isinstance(plain, tuple)
    attacks = hostile(shop)
    for name, variables in attacks.items():
        with monkeypatch.context() as patch:
            for key, value in variables.items():
                patch.setenv(key, value)
            assert seen(shop) == plain, name
    monkeypatch.setattr(commands, "clear", lambda _: None)
    for name in HARMFUL:
        with monkeypatch.context() as patch:
            for key, value in attacks[name].items():
                patch.setenv(key, value)
            assert seen(shop) != plain, f"{name} is harmless in this version of git"


def test_all_that_git_itself_calls_local_is_taken_away(workshop: Workshop) -> None:
    """``git rev-parse --local-env-vars`` lists what git forgets when it enters another repository."""
    local = workshop.git("rev-parse", "--local-env-vars").split()
    assert len(local) > 10
    left = dict.fromkeys(local, "1")
    environment.clear(left)
    assert left == {}


@pytest.mark.parametrize(
    "name",
    ["GIT_ASKPASS", "GIT_SSH_COMMAND", "GIT_SSL_CAINFO", "GIT_HTTP_LOW_SPEED_TIME", "GIT_TRACE", "GIT_CONFIG_GLOBAL"],
)
def test_how_a_remote_is_reached_stays(name: str) -> None:
    left = {name: "x", "PATH": "y", "GITHUB_TOKEN": "z"}
    environment.clear(left)
    assert left == {name: "x", "PATH": "y", "GITHUB_TOKEN": "z"}


def test_of_settings_the_credentials_stay() -> None:
    """Workflows give them so; the rest of them could name another remote, work tree or hash."""
    given = [("url.x.insteadOf", "y"), ("credential.helper", ""), ("Credential.Helper", "!gh"), ("core.bare", "1")]
    left = {"GIT_CONFIG_COUNT": "5", "GIT_CONFIG_KEY_4": "safe.directory"}  # the last has no value
    left |= {f"GIT_CONFIG_KEY_{index}": key for index, (key, _) in enumerate(given)}
    left |= {f"GIT_CONFIG_VALUE_{index}": value for index, (_, value) in enumerate(given)}
    kept = {
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": "credential.helper",
        "GIT_CONFIG_VALUE_0": "",
        "GIT_CONFIG_KEY_1": "Credential.Helper",
        "GIT_CONFIG_VALUE_1": "!gh",
    }
    for _ in range(2):
        environment.clear(left)
        assert left == kept


@pytest.mark.parametrize("count", ["", "x", "-1", "9999999", "\u0661"])
def test_a_count_that_makes_no_sense(count: str) -> None:
    left = {"GIT_CONFIG_COUNT": count, "GIT_CONFIG_KEY_0": "core.bare", "GIT_CONFIG_VALUE_0": "1"}
    environment.clear(left)
    assert left == {}


@pytest.mark.parametrize("place", ["", ".", "bin"])
def test_a_git_of_the_repository_itself_is_not_run(
    workshop: Workshop, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folders of the search path that have no place of their own are looked for where git is to run."""
    trap = workshop.path / place / "git"
    trap.parent.mkdir(exist_ok=True)
    trap.write_text(f"#!/bin/sh\n/usr/bin/touch {workshop.path}/trapped\nexit 1\n")
    trap.chmod(0o755)
    main = workshop.git("rev-parse", "main")
    monkeypatch.chdir(workshop.path)
    monkeypatch.setenv("PATH", os.pathsep.join([place, os.environ["PATH"]]))
    assert Repository(workshop.path).commit("main") == main
    user.address(workshop.path, os.environ)
    assert not (workshop.path / "trapped").exists()


def test_the_program_judges_the_repository_that_was_named(shop: Workshop, tmp_path: Path) -> None:
    """As a hook of another repository would call it, and with a configuration of the user that is full of traps."""
    reviews = tmp_path / "reviews.json"
    reviews.write_text(json.dumps(shop.pull_request()))
    traps = tmp_path / "gitconfig"
    traps.write_text(
        "[diff]\n\talgorithm = patience\n\trenames = false\n\texternal = false\n[merge]\n\trenames = false\n"
        "\trenameLimit = 1\n\tdefault = union\n\trenormalize = true\n[core]\n\tquotePath = true\n\tignoreCase = true\n"
        "\tnotesRef = refs/heads/main\n[log]\n\tshowSignature = true\n\tdate = relative\n[color]\n\tui = always\n"
    )
    command = [sys.executable, "-m", "itsm_as_code", "gate", "-C", str(shop.path), "--reviews", str(reviews)]
    command += ["--base", "main", "--head", "topic", "--now", "2026-11-22T12:00:00Z", "--format", "json"]
    plain = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    other = hostile(shop)["GIT_DIR of a hook"] | {"GIT_CONFIG_GLOBAL": str(traps), "GIT_PYTHON_GIT_EXECUTABLE": "false"}
    first, second = (subprocess.run(command, env=plain | more, capture_output=True, timeout=60) for more in ({}, other))
    assert (first.returncode, first.stderr, second.stderr) == (1, b"", b"")
    assert first.stdout == second.stdout
    assert [row["code"] for row in json.loads(first.stdout)["reasons"]] == BLOCKED
