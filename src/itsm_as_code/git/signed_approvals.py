"""Signed approvals as git objects under ``refs/itsm/approvals/``: one ref each, which no other clone can contradict.

A ref is ``refs/itsm/approvals/<head>/<reviewer>/<digest>`` and points to a commit without parents that holds
``statement.json`` and ``statement.json.sig``. Two clones never write different things under one name, so fetching and
pushing ``refs/itsm/approvals/*:refs/itsm/approvals/*`` merges them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from itsm_as_code.errors import GitError
from itsm_as_code.git.repository import Repository

PREFIX: Final = "refs/itsm/approvals/"
STATEMENT: Final = "statement.json"
SIGNATURE: Final = "statement.json.sig"
MAX_APPROVALS: Final = 20_000
_MAX_BYTES: Final = 1 << 20
_OURS: Final = re.compile(rb"refs/itsm/approvals/[0-9a-f]{40}(?:[0-9a-f]{24})?/[a-z0-9-]+/[0-9a-f]{16}\Z")
"""The references that :func:`store_approval` makes. Others might be more than one line to whoever reads a list."""


def stored_approvals(repository: Repository) -> list[tuple[str, str]]:
    """Text and signature of every statement, in the order of their refs; what is none of ours is left out.

    Anybody who may push can leave rubbish there; it counts for nothing, so it must not stop the gate either. GitError
    for more than MAX_APPROVALS.
    """
    listed = repository.run("for-each-ref", "--format=%(refname)", PREFIX)[1].split(b"\n")[:-1]
    names = [name.decode() for name in listed if _OURS.match(name)]
    if len(listed) > MAX_APPROVALS:
        raise GitError(
            f"there are more than {MAX_APPROVALS:,} signed approvals",
            code="too-many-statements",
            remedy=f"delete the refs under {PREFIX} whose pull requests are merged",
        )
    wanted = [f"{name}:{file}" for name in names for file in (STATEMENT, SIGNATURE)]
    ids = list(_small_blobs(repository, wanted))
    pairs = [(text, signature) for text, signature in zip(ids[::2], ids[1::2], strict=True) if text and signature]
    contents = list(repository.objects([oid for pair in pairs for oid in pair], "blob"))
    shown = [content.decode("utf-8", "replace") for content in contents]
    return list(zip(shown[::2], shown[1::2], strict=True))


def _small_blobs(repository: Repository, names: list[str]) -> Iterator[str | None]:
    """For each name the id of a blob that is not too large to be a statement, else None."""
    if not names:
        return
    out = repository.run("cat-file", "--batch-check", feed="".join(f"{name}\n" for name in names).encode())[1]
    for line in out.decode("utf-8", "replace").splitlines():
        oid, *rest = line.split(" ")
        fits = len(rest) == 2 and rest[0] == "blob" and rest[1].isdigit() and int(rest[1]) <= _MAX_BYTES
        yield oid if fits else None


def store_approval(repository: Repository, head: str, reviewer: str, text: str, signature: str, at: datetime) -> str:
    """Write a statement and give its ref. The same statement gives the same ref and commit in every clone."""
    store = Repository(repository.folder)  # with no temporary object folder of a merge
    files = [(SIGNATURE, _blob(store, signature)), (STATEMENT, _blob(store, text))]
    lines = "".join(f"100644 blob {oid}\t{name}\n" for name, oid in sorted(files))
    tree = store.run("mktree", feed=lines.encode())[1].decode().strip()
    who = f"{reviewer} <{reviewer}@itsm.invalid> {int(at.timestamp())} +0000"
    commit = f"tree {tree}\nauthor {who}\ncommitter {who}\n\nStatement of {reviewer} on {head}\n"
    oid = store.run("hash-object", "-t", "commit", "-w", "--stdin", feed=commit.encode())[1].decode().strip()
    digest = hashlib.sha256(f"{text}\0{signature}".encode()).hexdigest()
    ref = f"{PREFIX}{head}/{reviewer}/{digest[:16]}"
    store.run("update-ref", "-m", "itsm approve", ref, oid)
    return ref


def _blob(store: Repository, text: str) -> str:
    return store.run("hash-object", "-w", "--stdin", feed=text.encode())[1].decode().strip()
