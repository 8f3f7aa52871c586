"""Seats: what approval rules ask for, who takes a place in it, and who may not and why.

A pure function over immutable inputs. An approval counts when it is the latest word of a person who may sit for the
rule, who neither wrote nor pushed the pull request (nor takes part in the change, where the rule is independent), who
is here (or stands in for somebody away), and when the difference in the rule's scope that would be merged is the one
that was reviewed. One person takes one seat.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from itsm_as_code.forges.interface import Review, ReviewState
from itsm_as_code.gate.identities import Directory, Person
from itsm_as_code.gate.reviews import Ignored, LatestReview, Verdicts, Void
from itsm_as_code.gate.scope import MatchedRule
from itsm_as_code.records.catalogue import services_named
from itsm_as_code.records.facts import Facts


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


Voided = Callable[[MatchedRule, Review], Void | None]
"""Says why an approval no longer covers a rule's scope, or None when it still does."""


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


def match_seats(seats: Sequence[frozenset[str]], people: Sequence[str]) -> list[str | None]:
    """Who sits where: for each seat (the set of people who may take it) a person of ``people``, or None.

    A maximum bipartite matching by augmenting paths (Kuhn 1955): no assignment fills more seats. Earlier people are
    preferred, so the result is the same for the same input. Somebody named twice takes one seat.
    """
    taken_by: list[str | None] = [None] * len(seats)
    for person in dict.fromkeys(people):
        _place(person, seats, taken_by)
    return taken_by


def _place(person: str, seats: Sequence[frozenset[str]], taken_by: list[str | None]) -> None:
    """Seat a person, moving others to seats that they may take as well; nobody loses their seat."""
    reached_from: dict[int, tuple[str, int | None]] = {}  # seat -> who would move there, and from which seat
    queue: deque[tuple[str, int | None]] = deque([(person, None)])
    while queue:
        mover, left = queue.popleft()
        for index, seat in enumerate(seats):
            if mover not in seat or index in reached_from:
                continue
            reached_from[index] = (mover, left)
            sitting = taken_by[index]
            if sitting is not None:
                queue.append((sitting, index))
                continue
            target: int | None = index
            while target is not None:
                taken_by[target], target = reached_from[target]
            return


Excluded = tuple[str, str]
"""Why somebody may not sit, and the code of that."""


def _contributed(person: Person, rule: MatchedRule, contributors: frozenset[str]) -> Excluded | None:
    return ("wrote or pushed this pull request", "contributor") if person.name in contributors else None


def _takes_part(person: Person, rule: MatchedRule, contributors: frozenset[str]) -> Excluded | None:
    return ("requests or carries out the change", "takes-part") if person.name in _taking_part(rule) else None


def _left(person: Person, rule: MatchedRule, contributors: frozenset[str]) -> Excluded | None:
    return None if person.is_active else ("is no longer active", "inactive")


def _machine(person: Person, rule: MatchedRule, contributors: frozenset[str]) -> Excluded | None:
    return ("is a bot", "bot") if person.is_bot and not rule.allow_bots else None


def _away(person: Person, rule: MatchedRule, contributors: frozenset[str]) -> Excluded | None:
    if rule.in_person:
        return None
    stand_in = f"; {person.delegate} stands in" if person.delegate else ""
    return (f"is away{stand_in}", "away") if person.is_away else None


EXCLUSIONS: Final = (_contributed, _takes_part, _left, _machine, _away)
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
            for name in representable(group, self.contributors | _taking_part(self.rule), self.directory)
        }
        candidates = group | (stand_ins & self.directory.everyone())
        return frozenset(name for name in candidates if self.why(name) is None)


def _taking_part(rule: MatchedRule) -> frozenset[str]:
    """Requester and implementers of the changes that an independent rule matches, on the base and after."""
    if not rule.independent:
        return frozenset()
    sides = (record for diff in rule.records for record in (diff.old, diff.new) if record is not None and record.valid)
    people = [(record.spec.get("requester"), *record.spec.get("implementers", ())) for record in sides]
    return frozenset(name for names in people for name in names if isinstance(name, str))


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
    """The teams that own what a rule's records are about, on the base and after; each of them must approve.

    Of what differs by a name alone, those of the base: they are the same.
    """
    teams: dict[str, None] = {}
    for diff in rule.records:
        for record in (diff.old,) if diff.by_name else (diff.old, diff.new):
            if record is None or not record.valid:
                continue
            spec = record.spec
            services = services_named(spec)
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
