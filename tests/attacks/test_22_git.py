"""22: a repository set up against its reader."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from threading import Thread

import pytest

from itsm_as_code.errors import GitError
from itsm_as_code.forges.local import parse_pull_request
from itsm_as_code.gate import evaluate
from itsm_as_code.git.objects import FolderOfRevision
from itsm_as_code.git.repository import Repository
from tests.attacks.tools import BAD_BACKOUT, CHANGE, EVERYBODY, POLICY, approve, ignored, missing, on_main
from tests.conftest import NOW, Workshop, codes

BLOCKED = ["finding:backout-is-planned"]


@pytest.fixture
def bad(workshop: Workshop) -> Workshop:
    """A change that a policy refuses."""
    workshop.change(**BAD_BACKOUT)
    workshop.commit()
    approve(workshop, "bob")
    return workshop


def test_replaced_objects(bad: Workshop) -> None:
    """``git replace`` shows another policy, commit or change in place of the one that is there."""
    text = (bad.path / POLICY).read_text().replace("steps.size() >= 2", "steps.size() >= 0")
    bad.write("lenient", text)
    lenient = bad.git("hash-object", "-w", "lenient")
    bad.git("replace", bad.git("rev-parse", f"main:{POLICY}"), lenient)
    assert codes(bad.judge()) == BLOCKED


def test_a_replaced_commit(bad: Workshop) -> None:
    bad.git("checkout", "-q", "-b", "other", "main")
    bad.change()
    other = bad.commit(who="erin")
    bad.git("replace", bad.git("rev-parse", "topic"), other)
    decision = bad.judge()
    assert codes(decision) == BLOCKED
    assert decision.evidence["pullRequest"]["contributors"] == ["alice"]


def test_grafts(workshop: Workshop) -> None:
    """A graft makes bob's commit part of the base's history, so that he would not be a contributor."""
    workshop.change()
    workshop.commit(who="bob")
    workshop.edit(CHANGE, "Send in smaller batches.", "Send.")
    workshop.commit()
    main, hidden = workshop.git("rev-parse", "main"), workshop.git("rev-parse", "topic~1")
    info = workshop.path / ".git" / "info"
    info.mkdir(exist_ok=True)
    (info / "grafts").write_text(f"{main} {hidden}\n")
    workshop.review("bob")
    decision = workshop.judge()
    assert ("bob", "contributor") in ignored(decision)
    assert missing(decision) == {"normal": 1}


def clone(shop: Workshop, tmp_path: Path, *options: str) -> Path:
    target = tmp_path / "clone"
    shop.git("clone", "-q", *options, f"file://{shop.path}", str(target))
    return target


def judged(shop: Workshop, folder: Path, base: str, head: str) -> list[str]:
    pull_request = parse_pull_request(shop.pull_request(), "reviews")
    return codes(evaluate(Repository(folder), base, head, pull_request, NOW))


def test_a_shallow_clone_without_the_merge_base(bad: Workshop, tmp_path: Path) -> None:
    bad.git("checkout", "-q", "main")
    bad.write("docs/base.md", "Base.\n")
    bad.commit(who="erin")
    folder = clone(bad, tmp_path, "--depth=1", "--no-single-branch")
    with pytest.raises(GitError) as caught:
        judged(bad, folder, "refs/remotes/origin/main", "refs/remotes/origin/topic")
    assert caught.value.code == "shallow-clone"
    assert "fetch-depth: 0" in caught.value.remedy


def test_a_shallow_clone_that_hides_a_contributor(workshop: Workshop, tmp_path: Path) -> None:
    """The merge base is there by way of one parent; what the other one brings is cut off."""
    workshop.git("checkout", "-q", "-b", "side", "main")
    workshop.change()
    workshop.commit(who="bob")
    workshop.write("docs/more.md", "More.\n")
    workshop.commit(who="alice")
    workshop.git("checkout", "-q", "topic")
    workshop.write("docs/topic.md", "Topic.\n")
    workshop.commit()
    workshop.git("merge", "-q", "--no-ff", "-m", "Merge", "side")
    workshop.review("bob")
    assert ("bob", "contributor") in ignored(workshop.judge())
    folder = clone(workshop, tmp_path, "--no-single-branch")
    (folder / ".git" / "shallow").write_text(workshop.git("rev-parse", "side") + "\n")
    with pytest.raises(GitError) as caught:
        judged(workshop, folder, "refs/remotes/origin/main", "refs/remotes/origin/topic")
    assert caught.value.code == "shallow-clone"


def test_a_complete_clone_gives_the_same_verdict(bad: Workshop, tmp_path: Path) -> None:
    folder = clone(bad, tmp_path)
    assert judged(bad, folder, "origin/main", "origin/topic") == BLOCKED


def test_a_bare_clone_gives_the_same_verdict(bad: Workshop, tmp_path: Path) -> None:
    assert judged(bad, clone(bad, tmp_path, "--bare"), "main", "topic") == BLOCKED


def test_a_folder_whose_name_has_a_colon(bad: Workshop, tmp_path: Path) -> None:
    """git splits lists of object folders at colons."""
    folder = tmp_path / 'a:b "c"'
    folder.mkdir()
    assert judged(bad, clone(bad, folder), "origin/main", "origin/topic") == BLOCKED


@pytest.mark.parametrize("name", ["tag main", "branch -f refs/main"])
def test_a_tag_with_the_name_of_the_base(bad: Workshop, name: str) -> None:
    """A tag goes before a branch: whoever may push tags would choose what judges."""
    bad.git("checkout", "-q", "-b", "lenient", "main")
    bad.edit(POLICY, "severity: error", "severity: info")
    bad.commit(who="alice")
    command, *rest = name.split()
    bad.git(command, *rest)
    if command == "tag":
        with pytest.raises(GitError) as caught:
            bad.judge()
        assert caught.value.code == "ambiguous-revision"
    assert codes(bad.judge(base="refs/heads/main")) == BLOCKED
    assert codes(bad.judge(base=bad.git("rev-parse", "refs/heads/main"))) == BLOCKED


def test_ambiguity_is_seen_whatever_the_repository_says(bad: Workshop) -> None:
    bad.git("tag", "main", "topic")
    bad.git("config", "core.warnAmbiguousRefs", "false")
    with pytest.raises(GitError) as caught:
        bad.judge()
    assert caught.value.code == "ambiguous-revision"


CONFIGURATION = {
    "core.fsmonitor": "%s",
    "core.hooksPath": "hooks",
    "core.sshCommand": "%s",
    "core.pager": "%s",
    "diff.external": "%s",
    "core.attributesFile": "attributes",
    "core.quotePath": "true",
    "core.worktree": "/tmp",
    "core.commitGraph": "true",
    "core.ignoreCase": "true",
    "log.showSignature": "true",
    "log.follow": "true",
    "gpg.program": "%s",
    "i18n.logOutputEncoding": "UTF-16",
    "merge.renames": "false",
    "merge.directoryRenames": "true",
    "merge.renormalize": "true",
    "diff.orderFile": "order",
    "diff.renames": "copies",
    "diff.ignoreSubmodules": "all",
    "protocol.ext.allow": "always",
    "alias.log": "!%s",
    "core.alternateRefsCommand": "%s",
    "core.abbrev": "4",
    "color.ui": "always",
    "core.useReplaceRefs": "true",
}


@pytest.mark.parametrize("part", range(4))
def test_configuration_of_the_repository_has_no_say(bad: Workshop, part: int) -> None:
    marker = bad.path / ".git" / "pwned"
    script = bad.path / ".git" / "evil.sh"
    script.write_text(f"#!/bin/sh\ntouch {marker}\n")
    script.chmod(0o755)
    for key, value in list(CONFIGURATION.items())[part::4]:
        bad.git("config", key, value % script if "%s" in value else value)
    assert codes(bad.judge()) == BLOCKED
    assert not marker.exists()


def test_hooks_do_not_run(bad: Workshop) -> None:
    marker = bad.path / ".git" / "pwned"
    folder = bad.path / ".git" / "hooks"
    folder.mkdir(exist_ok=True)
    for name in ("post-checkout", "post-index-change", "reference-transaction", "pre-auto-gc", "fsmonitor-watchman"):
        (folder / name).write_text(f"#!/bin/sh\ntouch {marker}\n")
        (folder / name).chmod(0o755)
    assert codes(bad.judge()) == BLOCKED
    assert not marker.exists()


def test_nothing_is_written_into_the_repository(workshop: Workshop) -> None:
    workshop.change()
    workshop.commit()
    workshop.git("checkout", "-q", "main")
    workshop.write("docs/base.md", "Base.\n")
    workshop.commit(who="erin")

    def everything() -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in workshop.path.rglob("*") if path.is_file()}

    before = everything()
    workshop.review("bob")
    assert workshop.judge().verdict == "approved"
    assert everything() == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_repository_of_somebody_else(bad: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    monkeypatch.delenv("SUDO_UID", raising=False)
    for path in (bad.path, bad.path / ".git"):
        os.chown(path, 54321, 54321)
    with pytest.raises(GitError) as caught:
        Repository(bad.path)
    assert caught.value.code == "dubious-ownership"
    assert "safe.directory" in caught.value.remedy


@pytest.mark.parametrize(
    "revision",
    ["", "--output=/tmp/x", "-h", "main\0x", "nosuch", "main:itsm.yaml", "main^{tree}", "main..topic", "\n", "@{-99}"],
)
def test_what_is_no_commit_is_refused(workshop: Workshop, revision: str) -> None:
    with pytest.raises(GitError) as caught:
        workshop.judge(head=revision)
    assert caught.value.code == "unknown-revision"


def test_histories_without_a_common_start(workshop: Workshop) -> None:
    workshop.git("checkout", "-q", "--orphan", "alien")
    workshop.change()
    workshop.commit()
    with pytest.raises(GitError) as caught:
        workshop.judge(head="alien")
    assert caught.value.code == "no-merge-base"


def write_tree(shop: Workshop, entries: list[tuple[str, str, str]]) -> str:
    """A tree object of (mode, name, id), in this order and as it is."""
    content = b"".join(f"{mode} {name}".encode() + b"\0" + bytes.fromhex(oid) for mode, name, oid in entries)
    command = ["git", "hash-object", "-t", "tree", "-w", "--literally", "--stdin"]
    done = subprocess.run(command, cwd=shop.path, input=content, capture_output=True, check=True)
    return done.stdout.decode().strip()


def crafted(shop: Workshop, extra: list[tuple[str, str, str]], *, before: bool = False) -> None:
    """A commit on topic whose top tree has more entries than git would put there."""
    rows = [line.split(maxsplit=3) for line in shop.git("ls-tree", "topic").splitlines()]
    entries = [(mode.lstrip("0"), name, oid) for mode, _, oid, name in rows]
    tree = write_tree(shop, [*extra, *entries] if before else [*entries, *extra])
    commit = shop.git("commit-tree", "-p", "topic", "-m", "Crafted", tree)
    shop.git("update-ref", "refs/heads/topic", commit)


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("source", ["topic:changes", "main:people"])
def test_a_tree_with_two_entries_of_one_name(workshop: Workshop, before: bool, source: str) -> None:
    """One reader of git takes the first, another the last; a merge tidies up what a fast-forward keeps."""
    workshop.change()
    workshop.commit()
    approve(workshop, *EVERYBODY)
    crafted(workshop, [("40000", "changes", workshop.git("rev-parse", source))], before=before)
    with pytest.raises(GitError) as caught:
        workshop.judge()
    assert caught.value.code == "malformed-tree"


def test_a_tree_with_a_file_and_a_folder_of_one_name(workshop: Workshop) -> None:
    crafted(workshop, [("100644", "services", workshop.git("rev-parse", "main:itsm.yaml"))])
    with pytest.raises(GitError) as caught:
        workshop.judge()
    assert caught.value.code == "malformed-tree"


def test_an_object_that_is_missing(bad: Workshop) -> None:
    oid = bad.git("rev-parse", f"topic:{CHANGE}")
    (bad.path / ".git" / "objects" / oid[:2] / oid[2:]).unlink()
    with pytest.raises(GitError) as caught:
        bad.judge()
    assert caught.value.code == "missing-object"


def test_a_work_tree_full_of_lies(workshop: Workshop) -> None:
    with on_main(workshop):
        workshop.write("docs/a.md", "a\n")
    workshop.change(**BAD_BACKOUT)
    workshop.commit()
    approve(workshop, "bob")
    workshop.write(POLICY, "apiVersion: itsm/v1\n")
    workshop.change()
    workshop.git("add", "-A")
    assert codes(workshop.judge()) == BLOCKED


@pytest.mark.parametrize("name", [b"two words", b"r\xffx"])
def test_a_folder_of_records_whose_name_is_no_word(tmp_path: Path, name: bytes) -> None:
    """git repeats what was asked for where it has none, so a blank made the answer look like another one."""
    folder = Path(os.fsdecode(bytes(tmp_path) + b"/" + name))
    folder.mkdir()
    git = ["git", "-C", tmp_path, "-c", "user.name=A", "-c", "user.email=a@shop.example"]
    for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "Nothing"]):
        subprocess.run([*git, *words], check=True)
    (folder / "itsm.yaml").write_text("kind: Configuration\n")
    for words in (["add", "."], ["commit", "-q", "-m", "Records"]):
        subprocess.run([*git, *words], check=True)
    repository = Repository(folder)
    snapshots = [repository.records(repository.commit(revision)) for revision in ("HEAD~1", "HEAD")]
    trees = [snapshot.tree for snapshot in snapshots if isinstance(snapshot, FolderOfRevision)]
    assert trees == [None, repository.text("rev-parse", "HEAD:./").strip()]


def test_complaints_that_nobody_reads_stop_nobody(workshop: Workshop) -> None:
    """git warns of an ambiguous name each time, within one question and over many, and waits once a pipe is full."""
    name = "/".join(["long" * 50] * 3)
    for kind in ("tag", "branch"):
        workshop.git(kind, name, "main")
    repository = Repository(workshop.path)
    found: list[str] = []

    def ask() -> None:
        found.extend(oid for oid, *_ in repository._ask("info", [name] * 400))  # 250 kB
        found.append(repository.named(name)[0])
        found.append(repository.said_of(name)[1])

    asking = Thread(target=ask, daemon=True)
    asking.start()
    asking.join(30)
    stuck = asking.is_alive()
    for conversation in repository._conversations:
        conversation.process.kill()
    assert not stuck
    assert set(found[:-1]) == {workshop.tip("main")}
    assert (found[-1].count("is ambiguous"), len(found)) == (1, 402)
