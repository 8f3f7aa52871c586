"""What the verdict would be if: another author, reviews that nobody gave, policies that nobody merged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from itsm_as_code.errors import ItsmError, UsageError
from itsm_as_code.findings import Finding
from itsm_as_code.forges.interface import PullRequest, Review, ReviewState
from itsm_as_code.gate.decision import Decision, plain
from itsm_as_code.git.overlay import overlay
from itsm_as_code.git.repository import Repository
from itsm_as_code.records.document import load
from itsm_as_code.records.kinds import KindRegistry

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
        """The base with the supposed policies on it, each in place of the one of its name, wherever that lies.

        ``repository`` is seen from where the records lie.
        """
        if not self.policies:
            return base
        entries = repository.snapshot(repository.commit(base)).entries
        there = {path.rpartition("/")[2]: path for path in entries if path.startswith(_FOLDER)}
        placed = {there.get(path.rpartition("/")[2], path): content for path, content in self.policies.items()}
        files = {repository.outward(path): content for path, content in placed.items()}
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


def suppose(author: str | None, reviews: Iterable[str], policies: Iterable[Path]) -> WhatIf:
    """What is supposed: reviews as ``PERSON:STATE``, policies as files. UsageError for what is neither."""
    supposed = []
    for text in reviews:
        who, _, state = text.rpartition(":")
        if not who or state not in STATES:
            raise UsageError(f"'{text}' is no review", remedy="write PERSON:approve or PERSON:request-changes")
        supposed.append((who, STATES[state]))
    return WhatIf(author, tuple(supposed), dict(map(_policy, policies)))


def _policy(file: Path) -> tuple[str, bytes]:
    """Where a policy belongs on the base, and its content."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ItsmError(f"cannot read {file}: {error.strerror}", remedy="name a file with --with-policy") from None
    document = load(str(file), content)
    if isinstance(document, Finding):
        raise ItsmError(f"{file} cannot be read: {document.message}", remedy=document.remedy)
    data = document.data
    if data.get("kind") not in ("Policy", "ApprovalPolicy"):
        raise UsageError(f"{file} is no Policy or ApprovalPolicy", remedy="name the file of a policy")
    name = data["metadata"].get("name", file.stem) if isinstance(data.get("metadata"), dict) else file.stem
    return f"{KindRegistry.load()[data['kind']].folder}/{name}.yaml", content
