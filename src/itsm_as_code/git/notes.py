"""Git notes under ``refs/notes/itsm``: beside the commits that they are about, without changing those.

A note counts in every version that the history of the reference holds, so that replacing one does not take it away.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Final

from itsm_as_code.errors import GitError
from itsm_as_code.git.repository import Repository

REF: Final = "refs/notes/itsm"
TRACKING: Final = "refs/itsm/notes/remote"
"""What the remote has under REF, as it was last fetched."""
MAX_NOTE: Final = 8 << 20
"""Bytes of a note; a larger one is not read."""
_SCRATCH: Final = "refs/itsm/notes/new"
_COMMIT: Final = re.compile(r"(?:[0-9a-f]{40}|[0-9a-f]{64})\Z")
_MANY: Final = 200


def references(repository: Repository) -> list[str]:
    """The references of this clone that hold notes: what the remote had, and its own."""
    return [name for name in (TRACKING, REF) if tip(repository, name) is not None]


def tip(repository: Repository, name: str) -> str | None:
    """The commit of a reference, or None where there is none."""
    return repository.named(f"{name}^{{commit}}")[0] or None


def noted(repository: Repository, reference: str) -> list[str]:
    """The commits that have a note now."""
    out = repository.text("ls-tree", "-r", "-z", "--name-only", "--full-tree", "--end-of-options", reference)
    return [name for path in out.split("\0") if _COMMIT.match(name := path.replace("/", ""))]


Index = dict[str, list[str]]
"""Commit -> the blobs that were ever noted on it, newest first, each once."""


def index(repository: Repository, names: list[str], commits: Collection[str]) -> Index:
    """The index of some commits; of many, in one pass over the history of the notes."""
    blobs: Index = {}
    for commit, blob in _blobs(repository, names, commits):
        if blob not in blobs.setdefault(commit, []):
            blobs[commit].append(blob)
    return blobs


def versions(
    repository: Repository, names: list[str], commits: Collection[str], known: Index | None = None
) -> dict[str, list[bytes | None]]:
    """All that was ever noted on commits, newest first, each once; None for a version that is larger than MAX_NOTE.

    ``known`` is an index that holds them.
    """
    blobs = index(repository, names, commits) if known is None else {key: known[key] for key in commits if key in known}
    ids = sorted({blob for found in blobs.values() for blob in found})
    small = [oid for oid, size in zip(ids, repository.sizes(ids), strict=True) if size <= MAX_NOTE]
    contents = dict(zip(small, repository.objects(small, "blob"), strict=True))
    return {commit: [contents.get(blob) for blob in found] for commit, found in blobs.items()}


def _blobs(repository: Repository, names: list[str], commits: Collection[str]) -> Iterator[tuple[str, str]]:
    """Commit and blob of every version of a note; plumbing, which no setting of the clone changes."""
    if not names or not commits:
        return
    # git spreads notes over folders as they become many: ab/cdef..., ab/cd/ef...
    paths = [
        path
        for commit in (sorted(commits) if len(commits) <= _MANY else ())
        for path in (commit, f"{commit[:2]}/{commit[2:]}", f"{commit[:2]}/{commit[2:4]}/{commit[4:]}")
    ]
    history = repository.run("rev-list", "--full-history", *names, "--", *paths)[1]
    options = ("--stdin", "-r", "-m", "--root", "--no-renames", "--no-commit-id", "-z", "--")
    out = repository.run("diff-tree", *options, *paths, feed=history)[1]
    fields = out.decode("utf-8", "surrogateescape").split("\0")
    wanted = frozenset(commits)
    for about, path in zip(fields[::2], fields[1::2], strict=False):
        _, mode, _, blob, _ = about.split(" ")
        commit = path.replace("/", "")
        if commit in wanted and mode.startswith("100"):
            yield commit, blob


def add_notes(repository: Repository, onto: str | None, notes: Mapping[str, bytes], at: datetime) -> str:
    """The id of a commit of notes that has these besides what ``onto`` has; nothing points to it yet."""
    store = Repository(repository.folder)  # with no temporary object folder of a merge
    lines = [
        f"commit {_SCRATCH}\ncommitter itsm <itsm@itsm.invalid> {int(at.timestamp())} +0000\n".encode(),
        b"data 8\nEvidence\n",
        f"from {onto}\n".encode() if onto is not None else b"",
    ]
    for commit, content in notes.items():
        lines += [f"N inline {commit}\ndata {len(content)}\n".encode(), content, b"\n"]
    start = b"" if onto is not None else f"reset {_SCRATCH}\n\n".encode()
    store.run("fast-import", "--quiet", "--force", feed=start + b"".join(lines))
    made = store.commit(_SCRATCH)
    store.run("update-ref", "-d", _SCRATCH)
    return made


def move(repository: Repository, new: str, old: str | None, ref: str = REF) -> bool:
    """Set a reference of this clone, if it is still at ``old``."""
    store = Repository(repository.folder)
    zero = "0" * len(new)
    return store.run("update-ref", "-m", "itsm evidence", ref, new, old or zero, accept=(0, 1, 128))[0] == 0


def fetch(repository: Repository, remote: str, ref: str = REF, tracking: str = TRACKING) -> str | None:
    """Fetch notes of a remote to ``tracking``: their commit, or None where it has none. GitError without an answer."""
    store = Repository(repository.folder)
    if remote.startswith("-") or not remote:
        raise GitError(f"'{remote}' is not a remote", remedy="name one, such as origin")
    if not store.run("ls-remote", "--refs", "--end-of-options", remote, ref)[1].strip():
        store.run("update-ref", "-d", tracking)
        return None
    options = ("--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", "--no-auto-maintenance")
    unlimited = ("--refmap=", "--force")
    store.run("fetch", *options, *unlimited, "--end-of-options", remote, f"+{ref}:{tracking}")
    return tip(store, tracking)


def push(
    repository: Repository, remote: str, new: str, old: str | None, ref: str = REF, tracking: str = TRACKING
) -> bool:
    """Push a commit of notes, if the remote is still at ``old``: compare and swap. False when somebody was faster."""
    store = Repository(repository.folder)
    lease = f"--force-with-lease={ref}:{old or ''}"
    options = ("--quiet", "--no-verify", "--no-follow-tags", lease)
    done = store.run("push", *options, "--end-of-options", remote, f"{new}:{ref}", accept=(0, 1))[0] == 0
    if done:
        store.run("update-ref", tracking, new)
    return done
