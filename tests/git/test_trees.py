"""Trees are read as objects; what they hold is what ``git ls-tree`` says."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

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


_ROWS = st.lists(
    st.tuples(
        st.sampled_from(["100644"] * 9 + ["100755", "40000", "40755", "0100644", "120000", ""]),
        st.text("ab./-\n ", max_size=4).map(str.encode),
        st.binary(min_size=20, max_size=20),
    ),
    max_size=6,
)


@given(_ROWS, st.booleans(), st.integers(-1, 200), st.sampled_from([b"", b"\0", b"/", b"100644 a\0", b"x" * 20]))
@example([("100644", b"a", b"\0" * 20), ("100644", b"a", b"\1" * 20)], False, -1, b"")
@example([("100644", b"b", b"\0" * 20), ("100644", b"a", b"\1" * 20)], False, -1, b"")
def test_a_folder_that_passes_at_first_sight_is_well_formed(
    rows: list[tuple[str, bytes, bytes]], in_order: bool, at: int, more: bytes
) -> None:
    rows = sorted(rows, key=lambda row: row[1]) if in_order else rows
    content = b"".join(mode.encode() + b" " + name + b"\0" + oid for mode, name, oid in rows)
    content = content[:at] + more + content[at:] if at >= 0 else content
    read = trees.Trees(lambda ids: [content for _ in ids], {})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trees, "_is_usual", lambda content, width: False)
        try:
            read.check_order(["0" * 40])
            is_well_formed = True
        except GitError:
            is_well_formed = False
    is_plain = all(mode == "100644" for mode, _, _ in rows) and at < 0
    is_usual = trees._is_usual(content, 20)
    assert is_well_formed or not is_usual
    assert is_usual or not is_well_formed or not is_plain or not rows


def test_two_trees_are_compared_once(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    workshop.change()
    workshop.commit()
    repository, asked = Repository(workshop.path), []
    run = repository.run
    monkeypatch.setattr(repository, "run", lambda *command, **how: asked.append(command[0]) or run(*command, **how))
    first = repository.differences("main", "topic")
    first.pop(next(iter(first)))
    assert len(repository.differences("main^{tree}", "topic")) == len(first) + 1
    assert asked.count("diff-tree") == 1
    assert repository.differences("topic", "main")
    assert asked.count("diff-tree") == 2
    repository.forget()
    assert repository.differences("topic", "main")
    assert asked.count("diff-tree") == 3
