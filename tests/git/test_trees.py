"""Trees are read as objects; what they hold is what ``git ls-tree`` says."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from itsm_as_code.errors import GitError
from itsm_as_code.git import trees
from itsm_as_code.git.repository import Repository
from itsm_as_code.snapshot import Entry
from tests.conftest import Workshop

Row = tuple[str, str, str]


def put(shop: Workshop, kind: str, content: bytes) -> str:
    command = ["git", "hash-object", "-t", kind, "-w", "--literally", "--stdin"]
    return (
        subprocess.run(command, cwd=shop.path, input=content, capture_output=True, check=True).stdout.decode().strip()
    )


def tree(shop: Workshop, *rows: Row) -> str:
    return put(shop, "tree", b"".join(b"%s %s\0" % (m.encode(), n.encode()) + bytes.fromhex(o) for m, n, o in rows))


def said_by_git(shop: Workshop, oid: str, *folders: str) -> dict[str, Entry]:
    command = ["git", "ls-tree", "-r", "-z", oid, "--", *folders]
    out = subprocess.run(command, cwd=shop.path, capture_output=True, check=True).stdout
    found = {}
    for line in out.split(b"\0")[:-1]:
        about, _, path = line.partition(b"\t")
        mode, _, name = about.decode().split()
        found[path.decode("utf-8", "surrogateescape")] = Entry(mode, name)
    return found


def test_files_are_those_that_git_lists_and_in_its_order(workshop: Workshop) -> None:
    blob = put(workshop, "blob", b"x")
    inner = tree(workshop, ("100644", "ä", blob), ("100755", "b c", blob))
    odd = tree(
        workshop,
        ("100644", "a.b", blob), ("40000", "a", inner), ("100664", "a0", blob), ("120000", "link", blob),
        ("160000", "module", blob), ("40000", "z", tree(workshop, ("40000", "deep", inner))),
    )  # fmt: skip
    repository = Repository(workshop.path)
    for oid in (odd, workshop.git("rev-parse", "main^{tree}")):
        found = repository.trees.below(oid)
        assert list(found.items()) == list(said_by_git(workshop, oid).items())
        assert all(repository.trees.find(oid, path) == entry for path, entry in found.items())
    assert repository.trees.below(odd, ("z/", "a/", "none/", "link/")) == said_by_git(workshop, odd, "z/", "a/")
    assert [repository.trees.find(odd, path) for path in ("a", "none", "link/x", "z/deep", "", "/", "z//deep")] == [
        None
    ] * 7


def test_each_tree_is_read_once(workshop: Workshop) -> None:
    workshop.change()
    workshop.commit()
    repository = Repository(workshop.path)
    repository.trees.below(repository.tree_of("main"))
    before = set(repository._trees_read)
    repository.trees.below(repository.tree_of("topic"))
    changed = workshop.git("diff", "--name-only", "main", "topic").splitlines()
    folders = {str(folder) for path in changed for folder in Path(path).parents}
    assert len(set(repository._trees_read) - before) == len(folders)


def test_what_no_tree_may_hold(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    blob, repository = put(workshop, "blob", b"x"), Repository(workshop.path)
    for rows in ([("100644", "a/b", blob)], [("100644", "", blob)], [("100644", "a", blob), ("40000", "a", blob)]):
        with pytest.raises(GitError) as caught:
            repository.trees.find(tree(workshop, *rows), "c")
        assert caught.value.code == "malformed-tree"
    bomb = tree(workshop, *(("100644", f"{number}", blob) for number in range(10)))
    for _ in range(9):
        bomb = tree(workshop, *(("40000", f"{number}", bomb) for number in range(10)))
    monkeypatch.setattr(trees, "MAX_FILES", 1_000)
    with pytest.raises(GitError, match="more than 1,000 files"):
        repository.trees.below(bomb)
    monkeypatch.setattr(trees, "MAX_DEPTH", 5)
    with pytest.raises(GitError, match="folders in more than 5 folders"):
        repository.trees.below(bomb)


def test_a_tree_that_this_clone_lacks(workshop: Workshop) -> None:
    repository = Repository(workshop.path)
    with pytest.raises(GitError) as caught:
        repository.trees.find("0" * 39 + "1", "a")
    assert caught.value.code == "missing-object"
