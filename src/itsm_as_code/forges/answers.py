"""Reading a forge's answers: what is asked for is there and of the right type, or the answer is a ForgeError."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any, TypeVar

from itsm_as_code import clock
from itsm_as_code.errors import ForgeError
from itsm_as_code.forges.http import Client
from itsm_as_code.forges.interface import Account, Review, ReviewState

Read = TypeVar("Read")
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
_LOGIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,254}(?:\[bot\])?\Z")

_PATIENCE = 5.0
"""Seconds until a forge that did not know something yet is asked again."""

NO_COMMIT = "0" * 40
"""Stands for a commit that the forge does not name, or no longer has; nothing is bound to it."""


GONE = "the repository of its branch is gone, so who pushed to it is not known"


class Fields:
    """An object of an answer; ``what`` names it in messages."""

    def __init__(self, data: Any, what: str) -> None:
        if not isinstance(data, dict):
            raise wrong(f"{what} is not an object")
        self.data, self.what = data, what

    def inside(self, key: str) -> Fields:
        return Fields(self.data.get(key), f"'{key}' of {self.what}")

    def has(self, key: str) -> bool:
        return self.data.get(key) is not None

    def text(self, key: str) -> str:
        value = self.data.get(key)
        if not isinstance(value, str) or not value or not value.isprintable():
            raise wrong(f"{self.what} lacks '{key}'")
        return value

    def number(self, key: str) -> int:
        value = self.data.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise wrong(f"{self.what} lacks '{key}'")
        return value

    def flag(self, key: str) -> bool:
        value = self.data.get(key)
        if not isinstance(value, bool):
            raise wrong(f"{self.what} lacks '{key}'")
        return value

    def commit(self, key: str) -> str:
        value = self.text(key)
        if not _COMMIT.match(value):
            raise wrong(f"'{key}' of {self.what} is not a commit id")
        return value

    def instant(self, key: str) -> datetime:
        try:
            return clock.parse_instant(self.text(key))
        except ValueError as error:
            raise wrong(f"'{key}' of {self.what}: {error}") from None


class People:
    """The accounts that an answer speaks of: each login with one number, and never two."""

    def __init__(self, login: str, ghost: str) -> None:
        self._login, self._ghost = login, ghost
        self._accounts: dict[str, tuple[str, int]] = {}

    def login(self, data: Any, what: str) -> str:
        """The login of a user object; an account that was deleted (null) has the forge's name for such."""
        if data is None:
            return self._ghost
        fields = Fields(data, what)
        login, number = fields.text(self._login), fields.number("id")
        if not _LOGIN.match(login):
            raise wrong(f"{what} has a strange login")
        known = self._accounts.setdefault(login.casefold(), (login, number))
        if known[1] != number:
            raise wrong(f"the login '{login}' is that of two accounts")
        return login

    def accounts(self) -> tuple[Account, ...]:
        return tuple(Account(login, number) for _, (login, number) in sorted(self._accounts.items()))


def wrong(message: str) -> ForgeError:
    """The error of an answer that cannot be used."""
    return ForgeError(
        f"the forge's answer cannot be used: {message}", code="answer", remedy="try again; then report it"
    )


def moved(message: str) -> ForgeError:
    """The error of answers that do not fit together, because something happened in between."""
    return ForgeError(message, code="moved", remedy="try again")


def distinct(items: Iterable[str]) -> tuple[str, ...]:
    """Without repetition, sorted: the order of answers says nothing."""
    return tuple(sorted(set(items)))


def dismissed_since(reviews: Iterable[Review], merged_at: datetime) -> Iterator[str]:
    """A sentence for each review that was given before a merge and dismissed after it."""
    for review in reviews:
        if review.state is ReviewState.DISMISSED and review.at > merged_at:
            at = clock.format_instant(review.at)
            yield f"a review of {review.reviewer} was taken back or dismissed at {at}, after the merge"


def settled(client: Client, state: Callable[[], dict[str, Any]], read: Callable[[dict[str, Any]], Read]) -> Read:
    """A pull request whose ``state`` was the same before and after it was read.

    It is read once more when something happened meanwhile, or when the forge does not know all of it yet; and again for
    as long as the client may wait. ForgeError after that.
    """
    attempt = 0
    while True:
        try:
            before = state()
            found = read(before)
            if state() == before:
                return found
            problem = moved("the pull request changed while it was read")
        except ForgeError as error:
            if error.code != "moved":
                raise
            problem = error
        attempt += 1
        if attempt > 1 and not client.wait(_PATIENCE):
            raise problem
