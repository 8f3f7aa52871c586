"""Who has been trained: coverage per team and role at a day.

Source: ISO/IEC 20000-1:2018 clause 7.2 (competence) and 7.3 (awareness); ITIL 4, workforce and talent management.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from itsm_as_code.clock import parse_date
from itsm_as_code.durations import add_months
from itsm_as_code.records.facts import Data, Facts


@dataclass(frozen=True, slots=True)
class Coverage:
    """People of an audience, by name in order: trained and still valid, trained too long ago, never trained."""

    trained: tuple[str, ...]
    expired: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def share(self) -> Fraction | None:
        """The share of the audience that is trained, of one; None for an audience of nobody."""
        people = len(self.trained) + len(self.expired) + len(self.missing)
        return Fraction(len(self.trained), people) if people else None


def latest(completions: Iterable[tuple[str, date]], on: date) -> dict[str, date]:
    """The last completion of each person up to and including a day."""
    found: dict[str, date] = {}
    for person, day in completions:
        if day <= on and (person not in found or found[person] < day):
            found[person] = day
    return found


def valid_until(completed: date, valid_months: int | None) -> date | None:
    """The first day on which a completion counts no longer; None when it counts for ever."""
    return None if valid_months is None else add_months(completed, valid_months)


def coverage(
    people: Iterable[str], completions: Iterable[tuple[str, date]], valid_months: int | None, on: date
) -> Coverage:
    """How far ``people`` are trained on a day; ``valid_months`` None means that training does not expire."""
    done = latest(completions, on)
    trained: list[str] = []
    expired: list[str] = []
    missing: list[str] = []
    for person in sorted(set(people)):
        if person not in done:
            missing.append(person)
            continue
        end = valid_until(done[person], valid_months)
        (trained if end is None or on < end else expired).append(person)
    return Coverage(tuple(trained), tuple(expired), tuple(missing))


@dataclass(frozen=True, slots=True)
class Audience:
    """Who is to be trained: the members of teams, and of every team that holds one of the roles."""

    teams: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TeamFacts:
    """What training needs to know of a team."""

    members: tuple[str, ...]
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TrainingCoverage:
    """Coverage by team, by role, and of everybody once."""

    by_team: Mapping[str, Coverage]
    by_role: Mapping[str, Coverage]
    overall: Coverage


def training_coverage(
    audience: Audience | None,
    teams: Mapping[str, TeamFacts],
    completions: Iterable[tuple[str, date]],
    valid_months: int | None,
    on: date,
    everybody: Iterable[str] = (),
) -> TrainingCoverage:
    """Coverage of a training's audience on a day; an ``audience`` of None is ``everybody``.

    A team that does not exist, or a role that nobody holds, is of nobody.
    """
    done = tuple(completions)
    if audience is None:
        return TrainingCoverage({}, {}, coverage(everybody, done, valid_months, on))

    def cover(people: Iterable[str]) -> Coverage:
        return coverage(people, done, valid_months, on)

    by_team = {name: tuple(teams[name].members) if name in teams else () for name in audience.teams}
    by_role = {
        role: tuple(member for team in teams.values() if role in team.roles for member in team.members)
        for role in audience.roles
    }
    return TrainingCoverage(
        by_team={name: cover(members) for name, members in by_team.items()},
        by_role={role: cover(members) for role, members in by_role.items()},
        overall=cover(member for members in (*by_team.values(), *by_role.values()) for member in members),
    )


def active_people(facts: Facts) -> set[str]:
    """The people who are there, and no machine."""
    return {
        person["metadata"]["name"]
        for person in facts.records("Person")
        if person["spec"].get("active", True) and not person["spec"].get("bot")
    }


def active_teams(facts: Facts) -> dict[str, TeamFacts]:
    """The teams that are not retired, with those of their members who are there."""
    active = active_people(facts)
    return {
        team["metadata"]["name"]: TeamFacts(
            tuple(name for name in team["spec"].get("members", ()) if name in active),
            tuple(team["spec"].get("roles", ())),
        )
        for team in facts.records("Team")
        if not team["spec"].get("retired")
    }


def coverage_of(facts: Facts, training: Data, on: date) -> TrainingCoverage:
    """Coverage of a Training on a day, of people who are active and no machine."""
    spec = training["spec"]
    audience = spec.get("audience")
    wanted = Audience(tuple(audience.get("teams", ())), tuple(audience.get("roles", ()))) if audience else None
    done = [(item["person"], parse_date(item["date"])) for item in spec.get("completions", ())]
    people, teams = active_people(facts), active_teams(facts)
    return training_coverage(wanted, teams, done, spec.get("validMonths"), on, people)
