"""Evidence as git notes under ``refs/notes/itsm``: beside the commit that it is about, without changing that."""

from __future__ import annotations

from itsm_as_code.errors import GitError
from itsm_as_code.git.repository import Repository

REF = "refs/notes/itsm"
_WHO = ("-c", "user.name=itsm", "-c", "user.email=itsm@itsm.invalid")


def write_note(repository: Repository, commit: str, content: bytes) -> None:
    """Put a note on a commit, in place of an earlier one. The bytes are kept as they are."""
    store = Repository(repository.folder)  # with no temporary object folder of a merge
    blob = store.run("hash-object", "-w", "--stdin", feed=content)[1].decode().strip()
    store.run(*_WHO, "notes", f"--ref={REF}", "add", "-f", "-C", blob, commit)


def read_note(repository: Repository, commit: str) -> bytes | None:
    """The note on a commit, or None."""
    code, out = repository.run("notes", f"--ref={REF}", "list", commit, accept=(0, 1))
    if code != 0:
        return None
    try:
        return next(iter(repository.objects([out.decode().strip()], "blob")))
    except GitError:
        return None
