"""Partial clones: what is asked for and not there is fetched in one go.

A clone made with ``--filter=blob:none`` has all commits and trees, and fetches a blob when it is read
(https://git-scm.com/docs/partial-clone). git does so one by one where it is asked one by one, at the price of a
connection for each, so missing blobs are fetched together before they are read.
"""

from __future__ import annotations

from collections.abc import Sequence

from itsm_as_code.errors import GitError
from itsm_as_code.git.commands import Commands


def promisor(git: Commands) -> str | None:
    """The name of the remote that has what a partial clone leaves out, or None in a whole clone."""
    asked = ("config", "--local", "--get-regexp", r"^(remote\..*\.promisor|extensions\.partialclone)$")
    for line in git.run(*asked, accept=(0, 1))[1].decode("utf-8", "surrogateescape").splitlines():
        key, _, value = line.partition(" ")
        if key == "extensions.partialclone":
            return value
        if key.startswith("remote.-"):
            continue  # no name of a remote, but an option of git fetch
        if value.lower() in ("true", "yes", "on", "1", ""):
            return key.removeprefix("remote.").removesuffix(".promisor")
    return None


def fetch_missing(git: Commands, remote: str | None, ids: Sequence[str]) -> None:
    """Fetch those of some blobs that a partial clone does not hold; GitError when its remote does not give them."""
    if remote is None:
        return
    wanted = dict.fromkeys(ids)
    # Objects that are not there are left out of the answer, and this command fetches none.
    local = ("--objects", "--no-object-names", "--no-walk", "--missing=allow-any", "--ignore-missing", "--stdin")
    present = git.run("rev-list", *local, feed=_lines(wanted))[1].decode().split()
    missing = wanted.keys() - set(present)
    if not missing:
        return
    # The command that git itself runs for an object that a partial clone lacks, with all of them at once.
    quietly = ("--no-tags", "--no-write-fetch-head", "--recurse-submodules=no", "--no-auto-maintenance")
    try:
        git.run("fetch", *quietly, "--filter=blob:none", "--stdin", remote, feed=_lines(sorted(missing)))
    except GitError as error:
        count = f"{len(missing)} files" if len(missing) > 1 else "a file"
        raise GitError(
            f"this clone is partial, and {remote} does not give {count} of it: {error.message}",
            code="missing-object",
            remedy="see whether 'git fetch' works here, or clone without --filter",
        ) from None


def _lines(ids: Sequence[str] | dict[str, None]) -> bytes:
    return "".join(f"{oid}\n" for oid in ids).encode()
