"""Approvals: who had to approve, who did, who did not count and why, and who is suggested.

A pure function over immutable inputs. An approval counts when it is the latest word of a person who may sit for the
rule, who neither wrote nor pushed the pull request, who is here (or stands in for somebody away), and when the
difference in the rule's scope that would be merged is the one that was reviewed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from itsm_as_code.forges.interface import Review, ReviewState
from itsm_as_code.gate.identities import Directory, Person
from itsm_as_code.gate.matching import match_seats
from itsm_as_code.gate.scope import MatchedRule
from itsm_as_code.records.facts import Facts


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
class Requirement:
    """Some seats of a rule: whom they ask for, who may take them, who did, who is suggested for the rest.

    ``group`` are the people of the source, that of a ``team`` where it is one; ``hindrance`` says why there are fewer
    suggested than missing.
    """

    source: Mapping[str, Any]
    label: str
    count: int
    eligible: tuple[str, ...]
    satisfied_by: tuple[str, ...]
    suggested: tuple[str, ...] = ()
    group: frozenset[str] = frozenset()
    team: str = ""
    hindrance: str = ""

    @property
    def missing(self) -> int:
        return self.count - len(self.satisfied_by)


@dataclass(frozen=True, slots=True)
class Approval:
    """A matched rule with its requirements."""

    rule: MatchedRule
    required: tuple[Requirement, ...]
    ignored: tuple[Ignored, ...]

    @property
    def satisfied(self) -> bool:
        return all(requirement.missing <= 0 for requirement in self.required)


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

Voided = Callable[[MatchedRule, Review], Void | None]
"""Says why an approval no longer covers a rule's scope, or None when it still does."""


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


def settle(
    rule: MatchedRule,
    verdicts: Verdicts,
    contributors: frozenset[str],
    directory: Directory,
    facts: Facts,
    voided: Voided,
) -> Approval:
    """What a rule asks for, and what the reviews give it. Whom to ask for the rest: see suggestions."""
    excluded = Exclusions(rule, contributors, directory)
    wanted = [seat for approval in rule.approvals for seat in _seats(approval, rule, directory, facts)]
    seats: list[frozenset[str]] = []
    owners: list[int] = []
    for index, (_, _, count, people, _) in enumerate(wanted):
        eligible = excluded.eligible(people)
        places = min(count, len(eligible) + 1)  # more than that could not be filled anyway
        seats += [eligible] * places
        owners += [index] * places
    ignored: list[Ignored] = []
    counted: list[str] = []
    for item in verdicts.latest:
        refusal = _why_not(item, rule, excluded, frozenset().union(*seats), voided)
        if refusal is None:
            counted.append(item.person)
        elif item.review.state is not ReviewState.CHANGES_REQUESTED:
            ignored.append(refusal)
    taken = match_seats(seats, counted)
    required = []
    for index, (source, label, count, people, team) in enumerate(wanted):
        mine = [seat for seat, owner in enumerate(owners) if owner == index]
        required.append(
            Requirement(
                source=source,
                label=label,
                count=count,
                eligible=tuple(sorted(seats[mine[0]])) if mine else (),
                satisfied_by=tuple(sorted(person for seat in mine if (person := taken[seat]) is not None)),
                group=people,
                team=team,
            )
        )
    return Approval(rule, tuple(required), (*ignored, *verdicts.ignored) if wanted else ())


Excluded = tuple[str, str]
"""Why somebody may not sit, and the code of that."""


def _contributed(person: Person, rule: MatchedRule, contributors: frozenset[str]) -> Excluded | None:
    return ("wrote or pushed this pull request", "contributor") if person.name in contributors else None


def _left(person: Person, rule: MatchedRule, contributors: frozenset[str]) -> Excluded | None:
    return None if person.is_active else ("is no longer active", "inactive")


def _machine(person: Person, rule: MatchedRule, contributors: frozenset[str]) -> Excluded | None:
    return ("is a bot", "bot") if person.is_bot and not rule.allow_bots else None


def _away(person: Person, rule: MatchedRule, contributors: frozenset[str]) -> Excluded | None:
    if rule.in_person:
        return None
    stand_in = f"; {person.delegate} stands in" if person.delegate else ""
    return (f"is away{stand_in}", "away") if person.is_away else None


EXCLUSIONS: Final = (_contributed, _left, _machine, _away)
"""Who never sits, whatever group a rule asks: the one home of it, for who may approve and for who did not count."""


@dataclass(frozen=True, slots=True)
class Exclusions:
    """Who may not sit for a rule, and who may."""

    rule: MatchedRule
    contributors: frozenset[str]
    directory: Directory

    def why(self, person: str) -> Excluded | None:
        """Why a person may not sit for the rule, whatever group it asks; None when they may."""
        known = self.directory.person(person)
        found = (exclusion(known, self.rule, self.contributors) for exclusion in EXCLUSIONS)
        return next((reason for reason in found if reason is not None), None)

    def eligible(self, group: frozenset[str]) -> frozenset[str]:
        """Who may sit for a group now: those of it who may, and the delegates of those who are away."""
        if self.rule.in_person:
            return frozenset(name for name in group if self.why(name) is None)
        stand_ins = {
            self.directory.person(name).delegate or ""
            for name in representable(group, self.contributors, self.directory)
        }
        candidates = group | (stand_ins & self.directory.everyone())
        return frozenset(name for name in candidates if self.why(name) is None)


def representable(group: frozenset[str], contributors: frozenset[str], directory: Directory) -> Iterator[str]:
    """Those of a group for whom a delegate stands in: whoever is away, but no contributor, to approve by proxy."""
    for name in sorted(group - contributors):
        person = directory.person(name)
        if person.is_active and person.is_away:
            yield name


def _why_not(
    item: LatestReview, rule: MatchedRule, excluded: Exclusions, eligible: frozenset[str], voided: Voided
) -> Ignored | None:
    """Why somebody's latest word fills no seat of a rule, or None when it may."""
    if item.review.state is ReviewState.DISMISSED:
        return Ignored(item.person, "the approval was dismissed", "dismissed")
    if item.review.state is not ReviewState.APPROVED:
        return Ignored(item.person, "asks for changes", "changes-requested")
    exclusion = excluded.why(item.person)
    if exclusion is not None:
        return Ignored(item.person, *exclusion)
    if item.person not in eligible:
        return Ignored(item.person, "may not approve for this rule", "not-eligible")
    void = voided(rule, item.review)
    return None if void is None else Ignored(item.person, void.reason, "void", void.field, void.commit, void.side)


Seat = tuple[Mapping[str, Any], str, int, frozenset[str], str]
"""Source, label, count, the people of the group that a requirement asks for, and the team that they are."""


def _seats(approval: Mapping[str, Any], rule: MatchedRule, directory: Directory, facts: Facts) -> list[Seat]:
    source, count = approval["from"], approval.get("count", 1)
    if "role" in source:
        return [(source, f"role {source['role']}", count, directory.with_role(source["role"]), "")]
    if "team" in source:
        return [(source, source["team"], count, directory.members(source["team"]), source["team"])]
    if "people" in source:
        people = frozenset(source["people"]) & directory.everyone()
        return [(source, ", ".join(source["people"]), count, people, "")]
    if "owners" in source:
        teams = owner_teams(rule, source["owners"], facts)
        if not teams:
            return [(source, f"owners ({source['owners']})", count, frozenset(), "")]
        return [(source, f"owner {team}", count, directory.members(team), team) for team in teams]
    return [(source, "anyone", count, directory.everyone(), "")]


def owner_teams(rule: MatchedRule, which: str, facts: Facts) -> list[str]:
    """The teams that own what a rule's records are about, on the base and after; each of them must approve."""
    teams: dict[str, None] = {}
    for diff in rule.records:
        for record in (diff.old, diff.new):
            if record is None or not record.valid:
                continue
            spec = record.spec
            services = [name for name in (*spec.get("services", ()), spec.get("service")) if isinstance(name, str)]
            if record.id.kind == "Service":
                services.append(record.name)
            if which == "dependents":
                services = list(facts.graph.dependents(*services))
            elif record.id.kind == "Team":
                teams[record.name] = None
            elif isinstance(spec.get("owner"), str):
                teams[spec["owner"]] = None
            if which == "affected":
                services += list(facts.graph.dependents(*services)) if record.id.kind == "Service" else []
            for service in services:
                owner = facts.spec("Service", service).get("owner")
                if isinstance(owner, str):
                    teams[owner] = None
    return sorted(teams)
