"""A commit that nobody made: some commit with files put over it, kept in a temporary folder and gone afterwards."""

from __future__ import annotations

from collections.abc import Mapping

from itsm_as_code.git.repository import Repository

_WHO = "itsm <itsm@itsm.invalid> 0 +0000"


def overlay(repository: Repository, commit: str, files: Mapping[str, bytes]) -> str:
    """The id of a child of ``commit`` with ``files`` (path -> content) in it. The repository itself is not touched."""
    repository.merge_tree(commit, commit)  # from here on, new objects go to the temporary folder that merging opens
    tree = f"{commit}^{{tree}}"
    for path, content in sorted(files.items()):
        blob = repository.run("hash-object", "-w", "--stdin", feed=content)[1].decode().strip()
        tree = _put(repository, tree, path.split("/"), blob)
    text = f"tree {tree}\nparent {commit}\nauthor {_WHO}\ncommitter {_WHO}\n\nWhat if\n"
    return repository.run("hash-object", "-t", "commit", "-w", "--stdin", feed=text.encode())[1].decode().strip()


def _put(repository: Repository, tree: str | None, parts: list[str], blob: str) -> str:
    """The tree with a blob at a path in it."""
    entries = {}
    if tree is not None:
        for line in repository.run("ls-tree", "-z", tree)[1].split(b"\0")[:-1]:
            about, _, name = line.partition(b"\t")
            entries[name] = about
    name = parts[0].encode()
    if len(parts) == 1:
        entries[name] = f"100644 blob {blob}".encode()
    else:
        inner = entries[name].split()[2].decode() if entries.get(name, b"").startswith(b"040000") else None
        entries[name] = f"040000 tree {_put(repository, inner, parts[1:], blob)}".encode()
    feed = b"".join(about + b"\t" + entry + b"\0" for entry, about in entries.items())
    return repository.run("mktree", "-z", "--missing", feed=feed)[1].decode().strip()
