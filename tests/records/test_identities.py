"""What addresses and logins compare by, and whose account a forge's private address stands for."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from itsm_as_code.records.identities import Account, Identities, address_key, is_address, login_key, private_account
from tests.growth import assert_grows_slowly


@pytest.mark.parametrize(
    ("address", "account"),
    [
        ("1234+alice@users.noreply.github.com", Account("github", "alice", 1234)),
        ("alice@users.noreply.github.com", Account("github", "alice", None)),
        ("alice_shop@users.noreply.github.com", Account("github", "alice_shop", None)),
        ("49699333+dependabot[bot]@users.noreply.github.com", Account("github", "dependabot[bot]", 49699333)),
        ("1234-alice@users.noreply.gitlab.com", Account("gitlab", "alice", 1234)),
        ("1234-a.b_c@users.noreply.gitlab.com", Account("gitlab", "a.b_c", 1234)),
        ("alice@users.noreply.gitlab.com", None),
        ("1234+alice@users.noreply.gitlab.com", None),
        ("1234-alice@users.noreply.github.com", Account("github", "1234-alice", None)),
        ("a.b@users.noreply.github.com", None),
        ("alice@users.noreply.github.com.example", None),
        ("alice@shop.example", None),
        ("", None),
    ],
)
def test_private_addresses_of_forges(address: str, account: Account | None) -> None:
    assert private_account(address) == account


@pytest.mark.parametrize(
    ("text", "key"),
    [("Alice", "alice"), (" alice ", "alice"), ("älice", ""), ("\u212aate", ""), ("", "")],  # the Kelvin sign is no k
)
def test_what_logins_compare_by(text: str, key: str) -> None:
    assert login_key(text) == key


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Alice@Shop.Example", "alice@shop.example"),
        (" alice@shop.example ", "alice@shop.example"),
        ("alice@bücher.example", "alice@xn--bcher-kva.example"),
        ("Ö@shop.example", "ö@shop.example"),
        ("alice", ""),
        ("@shop.example", ""),
        ("a" * 64 + "@shop.example", "a" * 64 + "@shop.example"),
        ("a" * 65 + "@shop.example", ""),
        ("alice@shop..example", ""),
        ("alice@-shop.example", ""),
        ("alice@" + "a" * 63 + ".example", "alice@" + "a" * 63 + ".example"),
        ("alice@" + "a" * 64 + ".example", ""),
        ("alice@" + ".".join(["a" * 60] * 5), ""),
        ("a lice@shop.example", ""),
        ("o\u0308@shop.example", ""),  # not NFC: another text that looks the same
        ("alice@\uff53hop.example", ""),  # a wide letter is in no domain
    ],
)
def test_what_addresses_compare_by(text: str, key: str) -> None:
    assert address_key(text) == key
    assert is_address(text.strip()) is bool(key)


def test_who_has_a_login_at_any_forge() -> None:
    accounts = [{"forge": forge, "login": login} for forge, login in (("github", "Ann"), ("gitlab", "bob"))]
    people = Identities([
        {"metadata": {"name": "ann"}, "spec": {"accounts": accounts[:1]}},
        {"metadata": {"name": "bob"}, "spec": {"accounts": [{"forge": "gitea", "login": "ann"}, accounts[1]]}},
        {"metadata": {"name": "cy"}, "spec": {}},
    ])  # fmt: skip
    assert people.at_any_forge("ANN") == {"ann", "bob"}
    assert people.at_any_forge("bob") == {"bob"}
    assert people.at_any_forge("cy") == {"cy"}
    assert people.at_any_forge("dee") == frozenset()


def test_asking_for_everybody_grows_with_the_people() -> None:
    def prepare(size: int) -> Callable[[], object]:
        people = Identities({"metadata": {"name": f"p{number}"}, "spec": {}} for number in range(size))
        return lambda: [people.at_any_forge(f"p{number}") for number in range(size)]

    assert_grows_slowly(prepare)
