"""How people are told apart: by their addresses, accounts and signing keys, each in the one form that compares.

Logins and ASCII addresses compare without regard to case. An international address (RFC 6531) compares by its local
part in NFC and by its domain in ASCII (``xn--``, RFC 5891): no letter of it ever becomes a plain one, so that a long s
or a Kelvin sign makes nobody somebody else.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from itsm_as_code.signing import bare_key

_LOCAL: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+(?:\[bot\])?\Z")
_LABEL: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\Z")
_PRIVATE: Final = re.compile(
    r"(?:(?:(\d{1,18})\+)?([a-z0-9_-]+(?:\[bot\])?)@users\.noreply\.(github)\.com"
    r"|(\d{1,18})-([a-z0-9_.-]+)@users\.noreply\.(gitlab)\.com)\Z"
)
"""GitHub: ``ID+LOGIN`` or, before 2017, ``LOGIN``; a bot's login ends in ``[bot]``, an enterprise's has a ``_``.
GitLab: ``ID-LOGIN``, where logins may hold dots and underscores."""
_ANYBODY: Final = frozenset({"L", "M", "N"})


def login_key(text: str) -> str:
    """What logins compare by; empty for text that is no login: all of them are ASCII."""
    return text.strip().casefold() if text.isascii() else ""


def address_key(text: str) -> str:
    """What addresses compare by; empty for text that is no address."""
    if not is_address(text.strip()):
        return ""
    local, _, domain = text.strip().rpartition("@")
    return f"{_folded(local)}@{'.'.join(ascii_label(label) for label in domain.split('.'))}"


def is_address(text: str) -> bool:
    """True for an e-mail address (RFC 5321 without quotes; RFC 6531), or that of a forge's bot (``name[bot]@...``)."""
    local, _, domain = text.rpartition("@")
    if not 1 <= len(local) <= 64 or len(text) > 254:
        return False
    if not text.isascii() and unicodedata.normalize("NFC", text) != text:
        return False
    plain = "".join(character for character in local if character.isascii())
    if (plain and not _LOCAL.match(plain)) or not all(_is_letter(character) for character in local):
        return False
    return all(_LABEL.match(ascii_label(label)) and len(ascii_label(label)) <= 63 for label in domain.split("."))


def _is_letter(character: str) -> bool:
    return character.isascii() or unicodedata.category(character)[0] in _ANYBODY


def ascii_label(label: str) -> str:
    """A label of a domain in ASCII; empty for one that no domain has.

    A letter that lower case or compatibility would make another one is in no domain (RFC 5892 section 2.2), and is
    refused rather than mapped; the sharp s and the final sigma are letters of their own.
    """
    if label.isascii():
        return label.casefold()
    lowered = _folded(label)
    steady = lowered.replace("ß", "").replace("ς", "")
    if unicodedata.normalize("NFKC", steady) != steady or not all(map(_is_letter, lowered)):
        return ""
    if unicodedata.category(lowered[0])[0] == "M" or "-" in (lowered[0], lowered[-1]):
        return ""
    return "xn--" + lowered.encode("punycode").decode("ascii")


def _folded(text: str) -> str:
    """Case folded, but for letters that would become plain ASCII ones."""
    if text.isascii():
        return text.casefold()
    folded = ((character, character.casefold()) for character in text)
    return "".join(low if character.isascii() or not low.isascii() else character for character, low in folded)


@dataclass(frozen=True, slots=True)
class Account:
    """The account that a forge's private address stands for; ``number`` where the address names it."""

    forge: str
    login: str
    number: int | None


def private_account(address: str) -> Account | None:
    """The account of a forge's private address (in the form of ``address_key``), or None for any other address."""
    match = _PRIVATE.match(address)
    if match is None:
        return None
    number, login, forge = match[1] or match[4], match[2] or match[5], match[3] or match[6]
    return Account(forge, login, int(number) if number else None)


class Identities:
    """To whom a login, an account, an address or a key belongs: the names of Person records, by what they list.

    The name of a Person is a login of the ``local`` forge. Where several list the same, those who are active have it:
    who left holds nothing against whoever has it now.
    """

    def __init__(self, people: Iterable[Mapping[str, Any]]) -> None:
        self._active: dict[str, bool] = {}
        self._logins: dict[tuple[str, str], set[tuple[str, int | None]]] = {}
        self._numbers: dict[tuple[str, int], set[str]] = {}
        self._addresses: dict[str, set[str]] = {}
        self._keys: dict[str, set[str]] = {}
        for person in people:
            name, spec = person["metadata"]["name"], person["spec"]
            self._active[name] = spec.get("active", True)
            self._logins.setdefault(("local", name), set()).add((name, None))
            for account in spec.get("accounts", ()):
                forge, number = account["forge"], account.get("id")
                self._logins.setdefault((forge, login_key(account["login"])), set()).add((name, number))
                if number is not None:
                    self._numbers.setdefault((forge, number), set()).add(name)
            for email in spec.get("emails", ()):
                self._addresses.setdefault(address_key(email), set()).add(name)
            for item in spec.get("signingKeys", ()):
                self._keys.setdefault(bare_key(item["key"]), set()).add(name)

    def by_login(self, forge: str, login: str, number: int | None = None) -> frozenset[str]:
        """Who has a login at a forge. Where the ``number`` of its account is known, whoever lists that number, or the
        login without one: a login may be renamed and taken by others, a number not."""
        held = self._logins.get((forge, login_key(login)), set())
        found = {name for name, known in held if number is None or known in (None, number)}
        if number is not None:
            found |= self._numbers.get((forge, number), set())
        return self._present(found)

    def at_any_forge(self, login: str) -> frozenset[str]:
        """Who has a login at one of the forges."""
        return self._present(self._anywhere.get(login_key(login), ()))

    @cached_property
    def _anywhere(self) -> dict[str, set[str]]:
        """Who has a login, at whichever forge: this is asked of each person, so it must not look at all of them."""
        found: dict[str, set[str]] = {}
        for (_, login), people in self._logins.items():
            found.setdefault(login, set()).update(name for name, _ in people)
        return found

    def numbers_of(self, forge: str, login: str) -> frozenset[int]:
        """The account numbers that people list with a login."""
        held = self._logins.get((forge, login_key(login)), set())
        return frozenset(number for _, number in held if number is not None)

    def by_number(self, forge: str, number: int) -> frozenset[str]:
        """Who has an account by its number."""
        return self._present(self._numbers.get((forge, number), set()))

    def by_address(self, address: str) -> frozenset[str]:
        """Who has an address, as they list it or as the forge's private address of one of their accounts."""
        key = address_key(address)
        found = set(self._addresses.get(key, set())) if key else set()
        account = private_account(key)
        if account is not None:
            found |= self.by_login(account.forge, account.login, account.number)
        return self._present(found)

    def by_key(self, key: str) -> frozenset[str]:
        """Who signs with a key (a public key line)."""
        return self._present(self._keys.get(bare_key(key), set()))

    def _present(self, people: Iterable[str]) -> frozenset[str]:
        everybody = frozenset(people)
        return frozenset(name for name in everybody if self._active[name]) or everybody
