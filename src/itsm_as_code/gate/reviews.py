"""Reviews: the latest word of each person, and which words count for nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from itsm_as_code.forges.interface import Review, ReviewState
from itsm_as_code.gate.identities import Directory


@dataclass(frozen=True, slots=True)
class Ignored:
    """A review that did not count."""

    reviewer: str
    reason: str
    code: str
    field: str | None = None
    commit: str | None = None
    side: str | None = None


@dataclass(frozen=True, slots=True)
class Void:
    """Why an approval does not cover a rule's scope: a sentence, the record and field (or path) that is another, the
    commit that changed it, where one is known, and the ``side`` of the difference where it is: before or after."""

    reason: str
    field: str | None = None
    commit: str | None = None
    side: str | None = None

    def __str__(self) -> str:
        return self.reason


@dataclass(frozen=True, slots=True)
class LatestReview:
    """The word of a person that counts: their latest approval, request for changes or dismissal."""

    person: str
    review: Review


@dataclass(frozen=True, slots=True)
class Verdicts:
    """The latest word of every person, and the reviews by nobody we know or from after ``now``."""

    latest: tuple[LatestReview, ...]
    ignored: tuple[Ignored, ...]

    @property
    def vetoes(self) -> tuple[LatestReview, ...]:
        return tuple(item for item in self.latest if item.review.state is ReviewState.CHANGES_REQUESTED)


_STRICTEST = (ReviewState.APPROVED, ReviewState.DISMISSED, ReviewState.CHANGES_REQUESTED)


def latest_reviews(
    reviews: Iterable[Review], directory: Directory, now: datetime, contributors: frozenset[str] = frozenset()
) -> Verdicts:
    """The latest word of each person at ``now``. A comment is no word; of two at the same instant the stricter counts.

    A request for changes stands until its author approves, or withdraws it, or somebody dismisses it who neither wrote
    nor pushed the pull request. Where people/ is not clear whose login it is, an approval is nobody's, and any other
    word is that of everybody it may belong to.
    """
    words: dict[str, Review] = {}
    ignored: list[Ignored] = []
    ordered = sorted(
        (review for review in reviews if review.state is not ReviewState.COMMENTED),
        key=lambda review: (
            review.at,
            _STRICTEST.index(review.state),
            review.commit,
            review.reviewer,
            review.dismissed_by or "",
        ),
    )
    for review in ordered:
        people = frozenset({review.reviewer}) if review.is_signed else directory.named(review.reviewer)
        if not_yet_given(review, now):
            ignored.append(Ignored(review.reviewer, "was given after the instant of this judgement", "later"))
        elif not people:
            ignored.append(Ignored(review.reviewer, directory.why_no_login(review.reviewer), "unknown-reviewer"))
        elif len(people) > 1 and review.state is ReviewState.APPROVED:
            ignored.append(Ignored(review.reviewer, directory.why_no_login(review.reviewer), "ambiguous-reviewer"))
        else:
            for person in sorted(people):
                refusal = _stands(words.get(person), person, review, directory, contributors)
                if refusal is None:
                    words[person] = review
                else:
                    ignored.append(Ignored(review.reviewer, refusal, "dismissal-not-valid"))
    latest = tuple(LatestReview(person, words[person]) for person in sorted(words))
    return Verdicts(latest, tuple(dict.fromkeys(ignored)))


def not_yet_given(review: Review, now: datetime) -> bool:
    """True for a review from after the instant of judgement: a decision is replayed with what was known then."""
    return review.at > now


def _stands(
    last: Review | None, person: str, review: Review, directory: Directory, contributors: frozenset[str]
) -> str | None:
    """Why a request for changes stands against its dismissal; None where there is none, or where it does not."""
    if review.state is not ReviewState.DISMISSED or last is None or last.state is not ReviewState.CHANGES_REQUESTED:
        return None
    by = person if review.is_signed else directory.by_login(review.dismissed_by or "")
    if by is None:
        return "asks for changes; who dismissed that is not known"
    if by == person:
        return None
    if by in contributors:
        return f"asks for changes; {by} dismissed that, who wrote or pushed this pull request"
    if directory.person(by).is_bot or not directory.person(by).is_active:
        return f"asks for changes; {by}, who dismissed that, may not"
    return None
