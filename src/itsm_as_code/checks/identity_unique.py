"""No two active people list the same login, account, address or signing key.

An account or address that two people list is nobody's: neither of them could approve or commit any more, so a copied
line would lock a colleague out, and whoever wants to would take away an approver. Logins and addresses are compared
without regard to case, those of a forge's private addresses with the accounts that they stand for; the name of a Person
is a login of reviews files (forge `local`). Whoever left (`active: false`) keeps no account from their successor.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from itsm_as_code.checks import Situation, Subject
from itsm_as_code.findings import Pointer, Problem
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.identities import Identities

TITLE = "An account or address belongs to one person"
SEVERITY = "error"
WAIVABLE = False
READS = ("Person",)


def check(facts: Facts, situation: Situation) -> Iterator[tuple[Subject, Problem]]:
    people = [person for person in facts.records("Person") if person["spec"].get("active", True)]
    identities = Identities(people)
    for person in people:
        name = person["metadata"]["name"]
        for pointer, what, holders in _claims(person, identities):
            others = sorted(holders - {name})
            if others:
                message = f"{what} is that of {', '.join(others)} as well"
                remedy = "leave it to the one whose it is; who left gets active: false"
                yield ("Person", name), Problem(message, pointer, remedy)


def _claims(person: Mapping[str, Any], identities: Identities) -> Iterator[tuple[Pointer, str, frozenset[str]]]:
    """Everything that a person lists: where, what it is, and who has it."""
    name, spec = person["metadata"]["name"], person["spec"]
    said = f"the name '{name}', a login of reviews files,"
    yield ("metadata", "name"), said, identities.by_login("local", name)
    for index, account in enumerate(spec.get("accounts", ())):
        place: Pointer = ("spec", "accounts", index)
        forge, login, number = account["forge"], account["login"], account.get("id")
        holders = identities.by_login(forge, login)
        yield (*place, "login"), f"the {forge} login '{login}'", holders
        if number is not None:
            yield (*place, "id"), f"the {forge} account {number}", identities.by_number(forge, number) - holders
    for index, email in enumerate(spec.get("emails", ())):
        yield ("spec", "emails", index), f"the address '{email}'", identities.by_address(email)
    for index, item in enumerate(spec.get("signingKeys", ())):
        yield ("spec", "signingKeys", index, "key"), "the signing key", identities.by_key(item["key"])
