"""Approving by signature from the command line: two clones, no forge, one verdict."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.attacks.tools import on_main
from tests.conftest import Run, Workshop
from tests.signing import add_key, make_key

NOW = ("--now", "2026-11-22T12:00:00Z")
SPEC = "refs/itsm/approvals/*:refs/itsm/approvals/*"


@pytest.fixture
def shop(workshop: Workshop, tmp_path: Path) -> Workshop:
    """Bob and Erin have keys on main; alice's pull request changes a document and a service."""
    with on_main(workshop):
        for name in ("bob", "erin"):
            add_key(workshop, name, make_key(tmp_path, name))
    workshop.change()
    workshop.write("docs/plan.md", "Plan\n")
    workshop.commit()
    return workshop


def approve(itsm: Run, shop: Workshop, key: Path | str, *more: str) -> tuple[int, str, str]:
    where = ("-C", str(shop.path), "--base", "main", "--head", "topic")
    return itsm("approve", *where, "--key", key, "--yes", *NOW, *more)


def gate(itsm: Run, path: Path, *more: str) -> tuple[int, str]:
    code, out, _ = itsm("gate", "-C", path, "--base", "main", "--head", "topic", *NOW, *more)
    return code, out


def test_two_clones_without_a_forge_reach_approved(shop: Workshop, itsm: Run, tmp_path: Path) -> None:
    """Bob signs in one clone, Erin in another; both push to a bare repository, and a third clone judges."""
    hub = tmp_path / "hub.git"
    shop.git("clone", "-q", "--bare", str(shop.path), str(hub))
    shop.git("-C", str(hub), "symbolic-ref", "HEAD", "refs/heads/main")
    clones = {}
    for name in ("bob", "erin"):
        clones[name] = Workshop(tmp_path / f"clone-{name}")
        shop.git("clone", "-q", str(hub), str(clones[name].path))
        clones[name].git("branch", "-q", "topic", "origin/topic")
    assert gate(itsm, clones["bob"].path)[0] == 1
    for name, clone in clones.items():
        code, out, err = approve(itsm, clone, tmp_path / name)
        assert code == 0, err
        assert f"{name} approved: refs/itsm/approvals/" in out
        clone.git("push", "-q", "origin", SPEC)
    judge = Workshop(tmp_path / "judge")
    shop.git("clone", "-q", str(hub), str(judge.path))
    judge.git("fetch", "-q", "origin", SPEC)
    judge.git("branch", "-q", "topic", "origin/topic")
    code, out = gate(itsm, judge.path)
    assert (code, "✔ APPROVED" in out) == (0, True), out
    for clone in clones.values():
        clone.git("fetch", "-q", "origin", SPEC)
        assert gate(itsm, clone.path) == (code, out)


def test_what_is_signed_is_shown_first(shop: Workshop, itsm: Run, tmp_path: Path) -> None:
    code, out, err = approve(itsm, shop, tmp_path / "bob", "--dry-run", "-m", "Looks \x1b[31mgood")
    assert (code, out) == (0, "")
    assert "added     Change chg-20261122-tune (changes/2026/11/22/chg-20261122-tune.yaml)" in err
    assert "risk of chg-20261122-tune: low" in err
    assert "counts for all/normal" in err
    assert "message: Looks \\x1b[31mgood" in err
    assert shop.git("for-each-ref", "refs/itsm") == ""


def test_the_same_statement_gives_the_same_ref(shop: Workshop, itsm: Run, tmp_path: Path) -> None:
    first = approve(itsm, shop, tmp_path / "bob")[1]
    refs = shop.git("for-each-ref", "refs/itsm/approvals")
    assert len(refs.splitlines()) == 1
    assert first.split()[2] in refs


def test_changes_are_asked_for_and_taken_back(shop: Workshop, itsm: Run, tmp_path: Path) -> None:
    assert approve(itsm, shop, tmp_path / "erin", "--request-changes", "-m", "Why?")[0] == 0
    assert "erin asks for changes" in gate(itsm, shop.path)[1]
    assert approve(itsm, shop, tmp_path / "erin", "--withdraw")[0] == 0
    assert "erin asks for changes" not in gate(itsm, shop.path)[1]


def test_a_file_carries_what_a_host_does_not(shop: Workshop, itsm: Run, tmp_path: Path) -> None:
    """Where refs cannot be pushed, a file does."""
    file = tmp_path / "bob.json"
    assert approve(itsm, shop, tmp_path / "bob", "--format", "json", "-o", str(file))[0] == 0
    assert len(json.loads(file.read_text())["statements"]) == 1
    for ref in shop.git("for-each-ref", "--format=%(refname)", "refs/itsm").splitlines():
        shop.git("update-ref", "-d", ref)
    assert "normal: 1 approval missing" in gate(itsm, shop.path)[1]
    assert "normal: 1 approval missing" not in gate(itsm, shop.path, "--approvals", str(file))[1]


def test_the_key_of_the_agent(shop: Workshop, itsm: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    socket = tmp_path / "agent"
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.DEVNULL)
    try:
        monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
        subprocess.run(["sh", "-c", f"until ssh-add -q {tmp_path}/bob 2>/dev/null; do sleep 0.05; done"], timeout=20)
        (tmp_path / "bob").unlink()
        code, out, err = approve(itsm, shop, "agent")
        assert (code, out[:12]) == (0, "bob approved"), err
    finally:
        agent.terminate()
        agent.wait()


def test_the_key_that_git_signs_with(shop: Workshop, itsm: Run, tmp_path: Path) -> None:
    shop.git("config", "user.signingKey", str(tmp_path / "bob"))
    where = ("-C", str(shop.path), "--base", "main", "--head", "topic")
    code, out, err = itsm("approve", *where, "--yes", *NOW)
    assert (code, out[:12]) == (0, "bob approved"), err


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--key", "nowhere"), "there is no key nowhere"),
        ((), "no key to sign with"),
        (("--as", "bobb", "--key", "bob"), "did you mean 'bob'?"),
        (("--as", "erin", "--key", "bob"), "the key is none of erin's signing keys on the base"),
        (("--key", "stranger"), "the key is that of nobody in people/ of the base"),
        (("--key", "agent"), "the ssh-agent holds no key of a Person of the base"),
        (("--key", "bob", "--withdraw"), "bob has signed nothing about this pull request"),
    ],
)
def test_likely_mistakes(
    shop: Workshop, itsm: Run, tmp_path: Path, options: tuple[str, ...], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    monkeypatch.chdir(tmp_path)
    make_key(tmp_path, "stranger")
    where = ("-C", str(shop.path), "--base", "main", "--head", "topic")
    code, _, err = itsm("approve", *where, "--yes", *NOW, *options)
    assert code in (1, 2)
    assert says in err
    assert shop.git("for-each-ref", "refs/itsm") == ""


def test_nobody_is_asked_where_there_is_no_terminal(shop: Workshop, itsm: Run, tmp_path: Path) -> None:
    where = ("-C", str(shop.path), "--base", "main", "--head", "topic")
    code, _, err = itsm("approve", *where, "--key", tmp_path / "bob", *NOW)
    assert code == 2
    assert "say --yes" in err


def test_the_author_cannot_approve(shop: Workshop, itsm: Run, tmp_path: Path) -> None:
    shop.commit("More", who="bob")
    code, _, err = approve(itsm, shop, tmp_path / "bob")
    assert code == 1
    assert "bob wrote or pushed this pull request, so their approval would not count" in err


def test_without_ssh_keygen(shop: Workshop, itsm: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says what to install, for whoever signs and for the gate, which must not pass over what it cannot check."""
    assert approve(itsm, shop, tmp_path / "bob")[0] == 0
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "git").symlink_to(shutil.which("git") or "git")
    monkeypatch.setenv("PATH", str(tools))
    for code, _, err in (
        approve(itsm, shop, tmp_path / "bob"),
        itsm("gate", "-C", shop.path, "--base", "main", "--head", "topic", *NOW),
    ):
        assert code == 2
        assert "ssh-keygen is not installed" in err
        assert "openssh-client" in err


def test_rubbish_under_the_refs_stops_nothing(shop: Workshop, itsm: Run) -> None:
    shop.git("update-ref", "refs/itsm/approvals/x/y/z", "HEAD")
    shop.git("update-ref", "refs/itsm/approvals/blob", shop.git("hash-object", "-w", "itsm.yaml"))
    code, out = gate(itsm, shop.path)
    assert (code, "PENDING" in out) == (1, True)
