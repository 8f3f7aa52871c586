"""What the verdict would be if: another author, reviews that nobody gave, policies that nobody merged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from itsm_as_code.forges.interface import PullRequest, Review, ReviewState
from itsm_as_code.gate.decision import Decision, plain
from itsm_as_code.git.overlay import overlay
from itsm_as_code.git.repository import Repository

_FOLDER: Final = "policies/"
STATES: Final = {
    "approve": ReviewState.APPROVED,
    "approved": ReviewState.APPROVED,
    "changes-requested": ReviewState.CHANGES_REQUESTED,
    "request-changes": ReviewState.CHANGES_REQUESTED,
}


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What is supposed: an author, reviews (who, state), and policies by their path on the base."""

    author: str | None = None
    reviews: tuple[tuple[str, ReviewState], ...] = ()
    policies: Mapping[str, bytes] | None = None

    def __bool__(self) -> bool:
        return bool(self.author or self.reviews or self.policies)

    def base(self, repository: Repository, base: str) -> str:
        """The base with the supposed policies on it, each in place of the one of its name, wherever that lies."""
        if not self.policies:
            return base
        there = {
            path.rpartition("/")[2]: path for path in repository.snapshot(base).entries if path.startswith(_FOLDER)
        }
        files = {there.get(path.rpartition("/")[2], path): content for path, content in self.policies.items()}
        return overlay(repository, base, files)

    def pull_request(self, known: PullRequest, head: str, now: datetime) -> PullRequest:
        """The pull request as it is supposed; reviews are given now, on its head."""
        reviews = tuple(Review(who, state, head, now) for who, state in self.reviews)
        return replace(known, author=self.author or known.author, reviews=(*known.reviews, *reviews))

    def mark(self, decision: Decision, base: str) -> Decision:
        """The decision with its supposition written into it, so that it is never taken for one that was made."""
        supposed: dict[str, Any] = {
            "author": self.author,
            "reviews": [{"reviewer": who, "state": state.value} for who, state in self.reviews],
            "policies": sorted(self.policies or ()),
        }
        return replace(decision, evidence=plain({**decision.evidence, "base": base, "whatIf": supposed}))
