"""What the gate needs to know of a pull request, whichever forge it lives on, and how a verdict gets back there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class ReviewState(StrEnum):
    """What a reviewer said."""

    APPROVED = "approved"
    CHANGES_REQUESTED = "changes-requested"
    COMMENTED = "commented"
    DISMISSED = "dismissed"


@dataclass(frozen=True, slots=True)
class Review:
    """One review: by whom (a login; with the local forge also a Person's name), what, on which commit, when (UTC).

    ``commit`` is a full commit id. ``dismissed_by`` says who dismissed it: a request for changes that was dismissed is
    given as two reviews, the request and, later, the dismissal: only somebody who contributed nothing can lift it.
    ``scopes`` are the rules (``policy/rule``) for which it was given, each with the digest of what its scope was and
    becomes; None: whatever the commit changes. ``seen`` is what a signer had before them: the commit of the base, and
    the tree that merging the two gives.
    """

    reviewer: str
    state: ReviewState
    commit: str
    at: datetime
    dismissed_by: str | None = None
    scopes: tuple[tuple[str, str], ...] | None = None
    seen: tuple[str, str] | None = None

    @property
    def is_signed(self) -> bool:
        """True for a signed one: its ``reviewer`` is the name of a Person, whatever a login of that name may be."""
        return self.scopes is not None


@dataclass(frozen=True, slots=True)
class SignedApproval:
    """What a reviewer signed, and the armoured signature: raw, for the gate itself checks both against the base."""

    text: str
    signature: str


@dataclass(frozen=True, slots=True)
class OpenPullRequest:
    """Another pull request that is open now, into the same branch."""

    number: int
    head: str


@dataclass(frozen=True, slots=True)
class ForgeCommit:
    """A commit as the forge knows it: the logins of the accounts that its author and committer belong to, if any."""

    sha: str
    author: str | None = None
    committer: str | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """A login, and the number of the account that has it now. Logins are renamed and taken by others, numbers not."""

    login: str
    id: int


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request with everything that counts for its approval. It is complete, or the forge raised ForgeError.

    ``base`` and ``head`` are commit ids: the tip of the branch ``base_ref`` that it goes into, and its own tip.
    ``commits`` are empty where the forge does not tell of them.
    """

    author: str | None
    forge: str = "local"
    number: int | None = None
    pushers: tuple[str, ...] = ()
    reviews: tuple[Review, ...] = ()
    open_pull_requests: tuple[OpenPullRequest, ...] = ()
    statements: tuple[SignedApproval, ...] = ()
    draft: bool = False
    base_ref: str | None = None
    base: str | None = None
    head: str | None = None
    commits: tuple[ForgeCommit, ...] = ()
    accounts: tuple[Account, ...] = ()


@dataclass(frozen=True, slots=True)
class MergedPullRequest:
    """A pull request as it was at the instant ``at`` when it was merged, by the login ``by``.

    ``commit`` is what it became on its branch: the commit of the merge, of the squash, or the last one of a rebase.
    ``changed`` are sentences about what somebody did to its reviews since: how it was is then not known for certain.
    """

    pull_request: PullRequest
    at: datetime
    commit: str
    by: str | None = None
    changed: tuple[str, ...] = ()


class MergeHistory(Protocol):
    """Which pull requests commits of the default branch came with. Errors: ForgeError."""

    def of(self, commit: str) -> Sequence[MergedPullRequest]:
        """The merged pull requests that a commit came with, whether it is their last commit or one before."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """A remark at a line of a file: ``level`` is notice, warning or failure."""

    path: str
    line: int
    level: str
    title: str
    message: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A verdict as it is published: ``verdict`` is approved, pending, rejected or error; ``summary`` is Markdown."""

    verdict: str
    title: str
    summary: str
    annotations: Sequence[Annotation] = ()


class Publisher(Protocol):
    """Where a verdict on a commit is shown.

    ``begin`` comes before anything is judged and takes back whatever an earlier run said; ``finish`` is the verdict.
    Both may be repeated: the same place is written again. A publisher that was interrupted shows no approval.
    Errors: ForgeError.
    """

    def begin(self, keep: Callable[[str], bool] = ...) -> None:
        """Show that the commit is being judged. An approval of whose title ``keep`` is true may stand meanwhile."""

    def finish(self, notice: Notice) -> None:
        """Show the verdict."""
