"""Who is who: logins and e-mail addresses of commits and reviews, resolved to Person records of the base."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from itsm_as_code import clock
from itsm_as_code.records.facts import Facts

_NO_REPLY = re.compile(r"(?:\d+\+)?([A-Za-z0-9-]+(?:\[bot\])?)@users\.noreply\.(?:github|gitlab)\.com\Z", re.IGNORECASE)
_TRAILER = re.compile(r".*<([^<>\s]+)>\s*\Z")
FORGE_COMMITTERS = frozenset({"noreply@github.com"})
"""Committers that stand for the forge itself, for commits made in its web pages; they stand for nobody."""


@dataclass(frozen=True, slots=True)
class Person:
    """A person as the base knows them."""

    name: str
    is_bot: bool
    is_active: bool
    away_until: datetime | None
    delegate: str | None

    @property
    def is_away(self) -> bool:
        return self.away_until is not None


class Directory:
    """The people and teams of the base at an instant. Logins and addresses compare without regard to case."""

    def __init__(self, facts: Facts, now: datetime) -> None:
        self._facts = facts
        self._now = now
        self._people: dict[str, Person] = {}
        self._by_login: dict[str, set[str]] = {}
        self._by_email: dict[str, set[str]] = {}
        for data in facts.records("Person"):
            person = _person(data, now)
            self._people[person.name] = person
            self._by_login.setdefault(person.name.casefold(), set()).add(person.name)
            for account in data["spec"].get("accounts", ()):
                self._by_login.setdefault(account["login"].casefold(), set()).add(person.name)
            for email in data["spec"]["emails"]:
                self._by_email.setdefault(email.casefold(), set()).add(person.name)

    def person(self, name: str) -> Person:
        return self._people[name]

    def by_login(self, login: str) -> str | None:
        """The one person with this login or name; None when there is none, or more than one."""
        return _only(self._by_login.get(login.strip().casefold(), set()))

    def by_email(self, email: str) -> str | None:
        """The one person with this address (or the forge's private address of one of their logins)."""
        found = _only(self._by_email.get(email.strip().casefold(), set()))
        private = _NO_REPLY.match(email.strip())
        return found or (self.by_login(private[1]) if private else None)

    def by_trailer(self, trailer: str) -> str | None:
        """The person that a ``Co-authored-by: Name <address>`` trailer names."""
        match = _TRAILER.match(trailer)
        return self.by_email(match[1]) if match else None

    def members(self, team: str) -> frozenset[str]:
        """The people of a team that is not retired."""
        spec = self._facts.spec("Team", team)
        if not spec or spec.get("retired") is True:
            return frozenset()
        return frozenset(name for name in spec.get("members", ()) if name in self._people)

    def with_role(self, role: str) -> frozenset[str]:
        """The people of all teams that hold a role."""
        found: set[str] = set()
        for team in self._facts.records("Team"):
            if role in team["spec"].get("roles", ()):
                found |= self.members(team["metadata"]["name"])
        return frozenset(found)

    def everyone(self) -> frozenset[str]:
        return frozenset(self._people)

    def standing_in(self, people: Iterable[str]) -> dict[str, str | None]:
        """Who may sit for a group now: person -> whom they stand in for (None for themselves).

        Whoever is away is replaced by their delegate, if that one is here; inactive people are left out.
        """
        found: dict[str, str | None] = {}
        for name in sorted(people):
            person = self._people[name]
            if person.is_active and not person.is_away:
                found[name] = None
        for name in sorted(people):
            person = self._people[name]
            substitute = self._people.get(person.delegate or "")
            usable = substitute is not None and substitute.is_active and not substitute.is_away
            if person.is_active and person.is_away and usable and substitute is not None:
                found.setdefault(substitute.name, name)
        return found


def _only(names: set[str]) -> str | None:
    return next(iter(names)) if len(names) == 1 else None


def _person(data: dict[str, Any], now: datetime) -> Person:
    spec = data["spec"]
    until: datetime | None = None
    delegate = spec.get("delegate")
    for period in spec.get("away", ()):
        if clock.parse_instant(period["start"]) <= now < clock.parse_instant(period["end"]):
            until = clock.parse_instant(period["end"])
            delegate = period.get("delegate", delegate)
    return Person(data["metadata"]["name"], spec.get("bot", False), spec.get("active", True), until, delegate)
