"""Which branch counts where none is named."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from itsm_as_code.git.repository import Repository

_ORIGIN = "refs/remotes/origin/"
_KNOWN: WeakKeyDictionary[Repository, str] = WeakKeyDictionary()


def branch_name(repository: Repository) -> str:
    """The name of the default branch, without where it is."""
    return default_branch(repository).removeprefix(_ORIGIN).removeprefix("refs/heads/")


def default_branch(repository: Repository) -> str:
    """The default branch as the remote has it, or as this clone does where it has no remote; GitError without one.

    A clone knows the default branch of its origin. Only where it does not, such as in a job that fetched one branch,
    is itsm.yaml asked, of whatever is checked out.
    """
    if repository not in _KNOWN:
        _KNOWN[repository] = _look_up(repository)
    return _KNOWN[repository]


def _look_up(repository: Repository) -> str:
    from itsm_as_code.configuration import load_configuration
    from itsm_as_code.errors import GitError
    from itsm_as_code.git.notes import tip
    from itsm_as_code.records.own_kinds import registry_of

    code, out = repository.run("symbolic-ref", "--quiet", f"{_ORIGIN}HEAD", accept=(0, 1))
    if code == 0:
        return out.decode("utf-8", "surrogateescape").strip()
    snapshot = repository.records(repository.commit("HEAD"))
    branch = load_configuration(snapshot, registry_of(snapshot))[0].default_branch
    for name in (f"{_ORIGIN}{branch}", f"refs/heads/{branch}"):
        if tip(repository, name) is not None:
            return name
    raise GitError(f"there is no branch {branch} here", remedy="fetch it, or name another revision with --rev")
