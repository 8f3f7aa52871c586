"""Where `itsm gate` and `itsm approve` have a pull request from when no forge holds it: files, commits, signed refs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from itsm_as_code.forges.interface import PullRequest, SignedStatement
    from itsm_as_code.git.repository import Repository

REFS = "refs"
NONE = "none"


def local_pull_request(
    repository: Repository, base: str, head: str, reviews: Path | None, approvals: str | None
) -> PullRequest:
    """A pull request on no forge.

    ``approvals`` says where signed ones come from: ``refs``, ``none``, or a file that `itsm approve` wrote; None is
    ``refs`` where there is no reviews file. Without that file the pull request is its first commit's author's.
    """
    from itsm_as_code.forges.interface import PullRequest
    from itsm_as_code.forges.local import LocalForge

    if reviews is not None:
        found = LocalForge(reviews).pull_request()
    else:
        commits = repository.commits(repository.commit(base), repository.commit(head))
        found = PullRequest(author=(commits[0].author[1] or None) if commits else None)
    return with_statements(found, repository, approvals or (REFS if reviews is None else NONE))


def with_statements(pull_request: PullRequest, repository: Repository, source: str) -> PullRequest:
    """The pull request with the signed approvals of a source besides its own: ``refs``, ``none`` or a file."""
    return replace(pull_request, statements=(*pull_request.statements, *_statements(repository, source)))


def _statements(repository: Repository, source: str) -> tuple[SignedStatement, ...]:
    from itsm_as_code.forges.interface import SignedStatement
    from itsm_as_code.forges.local import LocalForge
    from itsm_as_code.git.statements import stored_statements

    if source == NONE:
        return ()
    if source == REFS:
        return tuple(SignedStatement(text, signature) for text, signature in stored_statements(repository))
    return LocalForge(Path(source)).pull_request().statements
