"""Who is who: logins and e-mail addresses of commits and reviews, resolved to Person records of the base."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from itsm_as_code import clock
from itsm_as_code.forges.interface import Account, PullRequest
from itsm_as_code.gate.decision import Reason
from itsm_as_code.git.commits import Commit
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.identities import Identities, address_key, login_key, private_account

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

    A login is that of an account at the ``forge``; only with the local forge, whose reviews file is written by hand or
    by a workflow, a Person's name and any of their accounts will do. Elsewhere a stranger could open an account under
    a colleague's name.

    An account whose number a Person names is known by it: ``accounts`` say which number a login has at the forge now.
    Whoever took over a login that was given up is nobody; whoever was renamed is still themselves.
    """

    def __init__(self, facts: Facts, now: datetime, forge: str = "local", accounts: Iterable[Account] = ()) -> None:
        self.facts, self.now = facts, now
        self._forge = forge
        self._numbers = {login_key(account.login): account.id for account in accounts}
        self._people = {person.name: person for person in (_person(data, now) for data in facts.records("Person"))}
        self._identities = Identities(facts.records("Person"))

    def person(self, name: str) -> Person:
        return self._people[name]

    def named(self, login: str, forge: str | None = None, number: int | None = None) -> frozenset[str]:
        """Everybody to whom a login may belong; more than one where people/ is not clear about it.

        ``number`` is that of the account, where it is known otherwise than from the forge.
        """
        forge, key = forge or self._forge, login_key(login)
        if not key:
            return frozenset()
        if number is None and forge == self._forge:
            number = self._numbers.get(key)
        if forge == "local" and number is None:
            return self._identities.at_any_forge(key)
        return self._identities.by_login(forge, key, number)

    def by_login(self, login: str) -> str | None:
        """The one person with this login; None when there is none, or more than one."""
        return _only(self.named(login))

    def by_author(self, author: str) -> str | None:
        """The one person who opened a pull request; offline they may be named by address, as their commits do."""
        found = self.by_login(author)
        return self.by_email(author) if found is None and self._forge == "local" else found

    def by_email(self, email: str) -> str | None:
        """The one person with this address (or the forge's private address of one of their logins)."""
        return _only(self._identities.by_address(email))

    def by_trailer(self, trailer: str) -> str | None:
        """The person that a ``Co-authored-by: Name <address>`` trailer names."""
        return self.by_email(_address_of(trailer))

    def can_be_recognised(self, name: str) -> bool:
        """True for a person whose review counts as theirs: by a login that is theirs alone, or by a signing key."""
        spec = self.facts.spec("Person", name)
        logins = [item["login"] for item in spec.get("accounts", ()) if self._forge in ("local", item["forge"])]
        logins += [name] if self._forge == "local" else []
        return bool(spec.get("signingKeys")) or any(self.named(login) == {name} for login in logins)

    def by_account(self, forge: str, number: int) -> str | None:
        """The one person who names this account by its number."""
        return _only(
            frozenset(
                data["metadata"]["name"]
                for data in self.facts.records("Person")
                for account in data["spec"].get("accounts", ())
                if (account["forge"], account.get("id")) == (forge, number)
            )
        )

    def login_of(self, name: str) -> str | None:
        """The login by which a person is known at the forge and that is theirs alone, if there is one."""
        accounts = self.facts.spec("Person", name).get("accounts", ())
        logins = [item["login"] for item in accounts if item["forge"] == self._forge]
        return next((login for login in logins if self.named(login) == {name}), None)

    @property
    def why_not_recognised(self) -> str:
        """Why the review of somebody would not count as theirs, as the end of a sentence."""
        where = f"{self._forge} account" if self._forge != "local" else "login"
        return f"has no {where} that is theirs alone {_THERE}"

    def why_no_login(self, login: str) -> str:
        """Why a login is not that of one person, as the end of a sentence with what to do about it."""
        names, key, forge = self.named(login), login_key(login), self._forge
        where = f"at {forge}" if forge != "local" else "at any forge"
        if len(names) > 1:
            return _shared(names, "login")
        if not key:
            return "is no login: those are of ASCII letters, digits and hyphens"
        listed = sorted(self._identities.by_login(forge, key))
        number = self._numbers.get(key)
        if listed and number is not None:
            known = ", ".join(map(str, sorted(self._identities.numbers_of(forge, key))))
            return (
                f"is the login of account {number} now, and people/ of the base lists it for {', '.join(listed)} with "
                f"account {known}; find out whose it is, and correct that record first"
            )
        others = sorted(self._identities.at_any_forge(key))
        if len(others) == 1:
            no = f"is no login {where}: {others[0]} has none such {_THERE}"
            return f"{no}; add it to their accounts and merge that first"
        return f"is nobody {_THERE}; list it under accounts of a Person and merge that first"

    def why_no_address(self, address: str) -> str:
        """Why an address is not that of one person, as the end of a sentence with what to do about it."""
        names = self._identities.by_address(address)
        if len(names) > 1:
            return _shared(names, "address")
        key = address_key(address)
        if not key:
            return "is no address that a Person could list; set user.email in git, and commit anew"
        account = private_account(key)
        if account is not None:
            return (
                f"is the private address of {account.forge} login '{account.login}', which is nobody's {_THERE}; list "
                "it under accounts of a Person and merge that first"
            )
        return f"is nobody {_THERE}; list it under emails of a Person and merge that first"

    def members(self, team: str) -> frozenset[str]:
        """The people of a team that is not retired."""
        spec = self.facts.spec("Team", team)
        if not spec or spec.get("retired") is True:
            return frozenset()
        return frozenset(name for name in spec.get("members", ()) if name in self._people)

    def with_role(self, role: str) -> frozenset[str]:
        """The people of all teams that hold a role."""
        found: set[str] = set()
        for team in self.facts.records("Team"):
            if role in team["spec"].get("roles", ()):
                found |= self.members(team["metadata"]["name"])
        return frozenset(found)

    def everyone(self) -> frozenset[str]:
        return frozenset(self._people)


def contributors(
    pull_request: PullRequest, commits: Iterable[Commit], directory: Directory
) -> tuple[frozenset[str], tuple[Reason, ...]]:
    """Everybody who wrote or pushed, and a reason for each identity that is not one person whom we know."""
    people: set[str] = set()
    unknown: list[Reason] = []

    def note(person: str | None, what: str, why: Callable[[str], str], text: str) -> None:
        if person is not None:
            people.add(person)
        else:
            unknown.append(Reason("identity-unresolved", f"{what} {why(text)}"))

    author = pull_request.author
    if author is None:
        unknown.append(Reason("author-unknown", "the author of the pull request is not known"))
    else:
        by_address = "@" in author and pull_request.forge == "local"
        why = directory.why_no_address if by_address else directory.why_no_login
        note(directory.by_author(author), f"the author '{author}'", why, author)
    for pusher in pull_request.pushers:
        note(directory.by_login(pusher), f"the pusher '{pusher}'", directory.why_no_login, pusher)
    # The address of a commit proves nothing, and the forge may know it as that of somebody else's account.
    accounts = {
        commit.sha: [login for login in (commit.author, commit.committer) if login] for commit in pull_request.commits
    }
    for commit in commits:
        of = f"of commit {commit.sha[:12]}"
        written = [("author", commit.author[1])]
        if commit.committer[1].casefold() not in FORGE_COMMITTERS:
            written.append(("committer", commit.committer[1]))
        for role, address in written:
            note(directory.by_email(address), f"the {role} <{address}> {of}", directory.why_no_address, address)
        for trailer in commit.co_authors:
            why, address = directory.why_no_address, _address_of(trailer)
            note(directory.by_trailer(trailer), f"the co-author '{trailer}' {of}", why, address)
        for account in accounts.get(commit.sha, ()):
            note(directory.by_login(account), f"the account '{account}' {of}", directory.why_no_login, account)
    return frozenset(people), tuple(dict.fromkeys(unknown))


_THERE: Final = "in people/ of the base"


def _shared(names: Iterable[str], what: str) -> str:
    listed = ", ".join(sorted(names))
    return f"is the {what} of more than one person {_THERE}: {listed}; leave it to one of them, and merge that first"


def _address_of(trailer: str) -> str:
    """The address in ``Name <address>``; empty where there is none, or more than one."""
    is_one = trailer.count("<") == trailer.count(">") == 1
    return trailer.partition("<")[2].partition(">")[0] if is_one else ""


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
