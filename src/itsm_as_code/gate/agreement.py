"""What the forge says of a pull request, and what git holds of it, are about the same commits."""

from __future__ import annotations

from itsm_as_code.errors import ForgeError
from itsm_as_code.forges.interface import PullRequest
from itsm_as_code.git.repository import Repository


def check_agreement(repository: Repository, base: str, head: str, pull_request: PullRequest) -> None:
    """ForgeError unless what is judged is what the forge told of; where it told nothing, nothing can differ.

    Commits that the forge lists and ``base..head`` lacks are on the base already. One that it does not list was made or
    pushed by nobody knows whom.
    """
    if pull_request.head is not None and pull_request.head != head:
        raise ForgeError(
            f"the head is {pull_request.head[:12]} at the forge, and {head[:12]} is to be judged",
            code="head-moved",
            remedy="fetch the pull request again, or let the run for its new head judge it",
        )
    if pull_request.base is not None and pull_request.base != base:
        raise ForgeError(
            f"the base is {pull_request.base[:12]} at the forge, and {base[:12]} is to be judged against",
            code="base-moved",
            remedy="fetch the base again",
        )
    if pull_request.head is None or (pull_request.forge == "local" and not pull_request.commits):
        return
    listed = {commit.sha for commit in pull_request.commits}
    missing = [commit.sha for commit in repository.commits(base, head) if commit.sha not in listed]
    if missing:
        raise ForgeError(
            f"the forge does not list commit {missing[0][:12]} of the pull request",
            code="commits-differ",
            remedy="run the gate again; a base that was rewritten needs the pull request rebased",
        )
