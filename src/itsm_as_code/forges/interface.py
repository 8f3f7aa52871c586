"""What the gate needs to know of a pull request, whichever forge it lives on."""

from __future__ import annotations

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
    ``scopes`` are the rules (``policy/rule``) for which it was given, each with the digest of the content in its scope;
    None: whatever the commit holds.
    """

    reviewer: str
    state: ReviewState
    commit: str
    at: datetime
    dismissed_by: str | None = None
    scopes: tuple[tuple[str, str], ...] | None = None


@dataclass(frozen=True, slots=True)
class SignedStatement:
    """What a reviewer signed, and the armoured signature: raw, for the gate itself checks both against the base."""

    text: str
    signature: str


@dataclass(frozen=True, slots=True)
class OpenPullRequest:
    """Another pull request that is open now."""

    number: int
    head: str


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request with everything that counts for its approval. It is complete, or the forge raised ForgeError."""

    author: str | None
    forge: str = "local"
    number: int | None = None
    pushers: tuple[str, ...] = ()
    reviews: tuple[Review, ...] = ()
    open_pull_requests: tuple[OpenPullRequest, ...] = ()
    statements: tuple[SignedStatement, ...] = ()


class Forge(Protocol):
    """A source of pull requests. Errors: ForgeError for an answer that is missing, truncated or contradictory."""

    def pull_request(self) -> PullRequest:
        """The pull request that is judged."""
