"""A file of lines on an orphan branch of its own, to which is only ever added: compare and swap, also at a remote."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from itsm_as_code.errors import GitError
from itsm_as_code.git.notes import tip
from itsm_as_code.git.repository import Repository

DEPLOYMENTS: Final = "refs/itsm/deployments"
FILE: Final = "deployments.jsonl"
_SCRATCH: Final = "refs/itsm/new-deployments"


def read(repository: Repository, commit: str | None) -> bytes:
    """The lines that a commit of the branch has; empty where there is none."""
    return (Repository(repository.folder).blob(commit, FILE) or b"") if commit is not None else b""


def add(repository: Repository, onto: str | None, content: bytes, at: datetime) -> str:
    """The id of a commit whose file is ``content``, after ``onto``; nothing points to it yet."""
    store = Repository(repository.folder)
    head = f"commit {_SCRATCH}\ncommitter itsm <itsm@itsm.invalid> {int(at.timestamp())} +0000\ndata 11\nDeployments\n"
    parent = f"from {onto}\n" if onto is not None else ""
    start = "" if onto is not None else f"reset {_SCRATCH}\n\n"
    file = f"M 100644 inline {FILE}\ndata {len(content)}\n".encode() + content + b"\n"
    store.run("fast-import", "--quiet", "--force", feed=(start + head + parent).encode() + file)
    made = store.commit(_SCRATCH)
    store.run("update-ref", "-d", _SCRATCH)
    return made


def fetch(repository: Repository, remote: str) -> str | None:
    """The commit of the branch at a remote, brought into this clone; None where it has none."""
    store = Repository(repository.folder)
    if remote.startswith("-") or not remote:
        raise GitError(f"'{remote}' is not a remote", remedy="name one, such as origin")
    if not store.run("ls-remote", "--refs", "--end-of-options", remote, DEPLOYMENTS)[1].strip():
        return None
    options = ("--quiet", "--no-tags", "--no-write-fetch-head", "--refmap=", "--force")
    store.run("fetch", *options, "--end-of-options", remote, f"+{DEPLOYMENTS}:{DEPLOYMENTS}")
    return tip(store, DEPLOYMENTS)


def move(repository: Repository, new: str, old: str | None, remote: str | None) -> bool:
    """Set the branch, at the remote first, if it is still at ``old``; False when somebody was faster."""
    store = Repository(repository.folder)
    if remote is not None:
        lease = f"--force-with-lease={DEPLOYMENTS}:{old or ''}"
        options = ("--quiet", "--no-verify", "--no-follow-tags", lease, "--end-of-options", remote)
        if store.run("push", *options, f"{new}:{DEPLOYMENTS}", accept=(0, 1))[0] != 0:
            return False
        return store.run("update-ref", DEPLOYMENTS, new, accept=(0, 1, 128))[0] == 0
    return store.run("update-ref", DEPLOYMENTS, new, old or "0" * len(new), accept=(0, 1, 128))[0] == 0
