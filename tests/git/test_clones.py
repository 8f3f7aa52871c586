"""Clones that do not hold everything: partial (blobless), sparse, shallow. The same verdict, and no more fetched."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from itsm_as_code.errors import GitError
from itsm_as_code.git.repository import Repository
from itsm_as_code.progress import listening
from itsm_as_code.snapshot import MAX_BYTES, TooLarge
from tests.attacks.tools import BAD_BACKOUT, CHANGE
from tests.conftest import Run, Workshop, codes


@pytest.fixture
def remote(workshop: Workshop) -> Workshop:
    """A pull request on a server that lets clones leave out what they do not need."""
    workshop.change(**BAD_BACKOUT)
    workshop.write("big.bin", b"\0" * 100_000)
    workshop.commit()
    workshop.git("config", "uploadpack.allowFilter", "true")
    workshop.git("config", "uploadpack.allowAnySHA1InWant", "true")
    return workshop


def clone(remote: Workshop, *options: str) -> Workshop:
    """A clone of the remote beside it, with the branch ``topic``."""
    path = remote.path.parent / "clone"
    remote.git("clone", "-q", "--no-local", "-b", "topic", *options, remote.path.as_uri(), str(path))
    found = Workshop(path, remote.clock)
    found.git("branch", "-q", "main", "origin/main", check=False)
    return found


def present(workshop: Workshop) -> set[str]:
    """Ids of the objects that a clone holds."""
    return set(workshop.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)").split())


def blobs(workshop: Workshop, revision: str = "topic") -> dict[str, str]:
    """Blob ids by path."""
    rows = (line.split() for line in workshop.git("ls-tree", "-r", revision).splitlines())
    return {row[3]: row[2] for row in rows}


def packs(folder: Path) -> int:
    return len(list(folder.rglob("*.pack")))


PARTIAL = (
    pytest.param(("--filter=blob:none", "--no-checkout"), id="blobless"),
    pytest.param(("--filter=blob:none", "--sparse"), id="blobless and sparse"),
    pytest.param(("--filter=tree:0", "--no-checkout"), id="treeless"),
    pytest.param(("--filter=blob:none", "--no-checkout", "--depth=5", "--no-single-branch"), id="blobless and shallow"),
)


@pytest.mark.parametrize("options", PARTIAL)
def test_a_partial_clone_gives_the_same_decision(remote: Workshop, options: tuple[str, ...]) -> None:
    expected = remote.judge()
    assert codes(expected) == ["finding:backout-is-planned", "not-covered", "approval-missing"]
    assert clone(remote, *options).judge().as_data() == expected.as_data()


def test_the_gate_leaves_the_clone_as_it_is(remote: Workshop) -> None:
    """What had to be fetched goes where the merge goes: into a folder that is removed."""
    partial = clone(remote, "--filter=blob:none", "--no-checkout")
    before, config = present(partial), (partial.path / ".git" / "config").read_bytes()
    partial.judge()
    assert present(partial) == before
    assert (partial.path / ".git" / "config").read_bytes() == config


def test_only_what_is_read_is_fetched_and_all_of_it_at_once(remote: Workshop) -> None:
    partial = clone(remote, "--filter=blob:none", "--no-checkout")
    tree = blobs(partial)
    wanted = {tree[path]: path for path in (CHANGE, "itsm.yaml", "people/alice.yaml")}
    before, count = present(partial), packs(partial.path)
    snapshot = Repository(partial.path).snapshot(partial.git("rev-parse", "topic"))
    assert set(snapshot.entries) == set(tree)
    assert present(partial) == before, "listing files fetches none"
    notes: list[str] = []
    with listening(lambda note, matters: notes.append(note) if matters else None):
        read = dict(snapshot.read_many(wanted.values()))
    assert notes == ["fetched 3 files from origin, for this clone is partial"]
    assert read[CHANGE] == (remote.path / CHANGE).read_bytes()
    assert present(partial) - before == set(wanted)
    assert packs(partial.path) == count + 1, "one fetch"
    dict(snapshot.read_many(wanted.values()))
    assert packs(partial.path) == count + 1, "what is there is not fetched again"


def test_a_remote_that_is_gone(remote: Workshop) -> None:
    """Not being able to read is never the same as there being nothing."""
    partial = clone(remote, "--filter=blob:none", "--no-checkout")
    shutil.move(remote.path, remote.path.with_name("elsewhere"))
    with pytest.raises(GitError) as caught:
        partial.judge()
    assert caught.value.code == "missing-object"
    assert "partial" in caught.value.message


def test_a_remote_without_the_object(remote: Workshop) -> None:
    partial = clone(remote, "--filter=blob:none", "--no-checkout")
    with pytest.raises(GitError) as caught:
        Repository(partial.path).sizes(["1" * 40])
    assert caught.value.code == "missing-object"


def test_a_whole_clone_that_lost_an_object_asks_nobody(remote: Workshop) -> None:
    oid = blobs(remote)[CHANGE]
    (remote.path / ".git" / "objects" / oid[:2] / oid[2:]).unlink()
    with pytest.raises(GitError) as caught:
        remote.judge()
    assert caught.value.code == "missing-object"


def test_a_shallow_clone_without_the_merge_base(remote: Workshop) -> None:
    remote.git("checkout", "-q", "main")
    remote.write("README.md", "More.")
    remote.commit(who="erin")
    shallow = clone(remote, "--depth=1", "--no-single-branch")
    with pytest.raises(GitError) as caught:
        shallow.judge(base="origin/main")
    assert caught.value.code == "shallow-clone"


def test_a_blob_that_is_too_large_is_never_loaded(workshop: Workshop) -> None:
    workshop.write("services/huge.yaml", b"x" * (MAX_BYTES + 1))
    workshop.write("services/just.yaml", b"y" * MAX_BYTES)
    commit = workshop.commit()
    read = dict(Repository(workshop.path).snapshot(commit).read_many(["services/huge.yaml", "services/just.yaml"]))
    assert isinstance(read["services/huge.yaml"], TooLarge)
    assert read["services/just.yaml"] == b"y" * MAX_BYTES


def test_what_a_command_fetches_is_said(remote: Workshop, itsm: Run) -> None:
    """What is read of records, in few fetches, and never the rest."""
    partial = clone(remote, "--filter=blob:none", "--no-checkout")
    arguments = ("validate", "--rev", "topic", "--now", "2026-11-22T12:00:00Z")
    _, expected, _ = itsm("-C", remote.path, *arguments)
    _, out, err = itsm("-C", partial.path, *arguments)
    assert out == expected
    said = [line for line in err.splitlines() if "this clone is partial" in line]
    counts = [int(line.split("fetched ")[1].split()[0].replace("a", "1")) for line in said]
    assert 1 <= len(said) <= 4
    assert sum(counts) < len(blobs(partial))
    assert blobs(partial)["big.bin"] not in present(partial)
    again = itsm("-C", partial.path, *arguments)[2]
    assert "partial" not in again, "what is there is not fetched again"
    assert "partial" not in itsm("-C", clone_again(remote).path, *arguments, "-q")[2]


def clone_again(remote: Workshop) -> Workshop:
    """Another partial clone."""
    shutil.move(remote.path.parent / "clone", remote.path.parent / "first clone")
    return clone(remote, "--filter=blob:none", "--no-checkout")
