"""Who is who: logins and e-mail addresses of commits and reviews, resolved to Person records of the base."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from itsm_as_code import clock
from itsm_as_code.forges.interface import Account, PullRequest
from itsm_as_code.gate.decision import Reason
from itsm_as_code.git.repository import Commit
from itsm_as_code.records.facts import Facts

_NO_REPLY = re.compile(
    r"(?:(\d{1,18})\+)?([A-Za-z0-9-]+(?:\[bot\])?)@users\.noreply\.(github|gitlab)\.com\Z", re.IGNORECASE
)
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
    """The people and teams of the base at an instant.

    Logins and addresses are ASCII and compare without regard to case. A login is that of an account at the ``forge``;
    only with the local forge, whose reviews file is written by hand or by a workflow, a Person's name and any of their
    accounts will do. Elsewhere a stranger could open an account under a colleague's name.

    An account whose number a Person names is known by it: ``accounts`` say which number a login has at the forge now.
    Whoever took over a login that was given up is nobody; whoever was renamed is still themselves.
    """

    def __init__(self, facts: Facts, now: datetime, forge: str = "local", accounts: Iterable[Account] = ()) -> None:
        self._facts = facts
        self._forge = forge
        self._numbers = {_key(account.login): account.id for account in accounts}
        self._people: dict[str, Person] = {}
        self._by_login: dict[tuple[str, str], set[tuple[str, int | None]]] = {}
        self._by_number: dict[tuple[str, int], set[str]] = {}
        self._by_email: dict[str, set[str]] = {}
        for data in facts.records("Person"):
            person = _person(data, now)
            self._people[person.name] = person
            self._note_login("local", person.name, person.name)
            for account in data["spec"].get("accounts", ()):
                self._note_login("local", account["login"], person.name)
                self._note_login(account["forge"], account["login"], person.name, account.get("id"))
            for email in data["spec"]["emails"]:
                self._by_email.setdefault(email.casefold(), set()).add(person.name)

    def _note_login(self, forge: str, login: str, name: str, number: int | None = None) -> None:
        self._by_login.setdefault((forge, login.casefold()), set()).add((name, number))
        if number is not None:
            self._by_number.setdefault((forge, number), set()).add(name)

    def person(self, name: str) -> Person:
        return self._people[name]

    def named(self, login: str, forge: str | None = None, number: int | None = None) -> frozenset[str]:
        """Everybody to whom a login may belong; more than one where people/ is not clear about it.

        ``number`` is that of the account, where it is known otherwise than from the forge.
        """
        forge, key = forge or self._forge, _key(login)
        if not key:
            return frozenset()
        if number is None and forge == self._forge:
            number = self._numbers.get(key)
        held = self._by_login.get((forge, key), set())
        found = {name for name, known in held if number is None or known in (None, number)}
        return frozenset(found if number is None else found | self._by_number.get((forge, number), set()))

    def by_login(self, login: str) -> str | None:
        """The one person with this login; None when there is none, or more than one."""
        return _only(self.named(login))

    def by_author(self, author: str) -> str | None:
        """The one person who opened a pull request; offline they may be named by address, as their commits do."""
        found = self.by_login(author)
        return self.by_email(author) if found is None and self._forge == "local" else found

    def by_email(self, email: str) -> str | None:
        """The one person with this address (or the forge's private address of one of their logins)."""
        key = _key(email)
        found = frozenset(self._by_email.get(key, set())) if key else frozenset()
        private = _NO_REPLY.match(key)
        if private:
            found |= self.named(private[2], private[3].lower(), int(private[1]) if private[1] else None)
        return _only(found)

    def by_trailer(self, trailer: str) -> str | None:
        """The person that a ``Co-authored-by: Name <address>`` trailer names."""
        if trailer.count("<") != 1 or trailer.count(">") != 1:
            return None
        return self.by_email(trailer.partition("<")[2].partition(">")[0])

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


def contributors(
    pull_request: PullRequest, commits: Iterable[Commit], directory: Directory
) -> tuple[frozenset[str], tuple[Reason, ...]]:
    """Everybody who wrote or pushed, and a reason for each identity that is nobody we know."""
    people: set[str] = set()
    unknown: list[Reason] = []

    def note(person: str | None, what: str) -> None:
        if person is not None:
            people.add(person)
        else:
            unknown.append(Reason("identity-unresolved", f"{what} is nobody in people/ of the base"))

    author = pull_request.author
    if author is None:
        unknown.append(Reason("author-unknown", "the author of the pull request is not known"))
    else:
        note(directory.by_author(author), f"the author '{author}'")
    for pusher in pull_request.pushers:
        note(directory.by_login(pusher), f"the pusher '{pusher}'")
    # The address of a commit proves nothing, and the forge may know it as that of somebody else's account.
    accounts = {
        commit.sha: [login for login in (commit.author, commit.committer) if login] for commit in pull_request.commits
    }
    for commit in commits:
        short = commit.sha[:12]
        note(directory.by_email(commit.author[1]), f"the author <{commit.author[1]}> of commit {short}")
        if commit.committer[1].casefold() not in FORGE_COMMITTERS:
            committer = commit.committer[1]
            note(directory.by_email(committer), f"the committer <{committer}> of commit {short}")
        for trailer in commit.co_authors:
            note(directory.by_trailer(trailer), f"the co-author '{trailer}' of commit {short}")
        for account in accounts.get(commit.sha, ()):
            note(directory.by_login(account), f"the account '{account}' of commit {short}")
    return frozenset(people), tuple(dict.fromkeys(unknown))


def _key(text: str) -> str:
    """What identities compare by; empty for text that is not ASCII: a long s, for one, folds to a plain s."""
    return text.strip().casefold() if text.isascii() else ""


def _only(names: frozenset[str]) -> str | None:
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
