"""24: logins that changed hands. A Person who names the number of an account is known by the number."""

from __future__ import annotations

import json
from typing import Any

import pytest

from itsm_as_code.forges.local import parse_pull_request
from itsm_as_code.gate import Decision, evaluate
from itsm_as_code.git.repository import Repository
from tests.conftest import NOW, Workshop, codes

NUMBERS = {"alice": 1, "bob": 2}


@pytest.fixture
def shop(workshop: Workshop) -> Workshop:
    """alice's pull request; the numbers of her and bob's accounts stand on the base."""
    workshop.git("checkout", "-q", "main")
    for name, number in NUMBERS.items():
        login = f"login: {name}-gh"
        workshop.edit(f"people/{name}.yaml", login, f"{login}, id: {number}")
    workshop.commit("Numbers", who="erin")
    workshop.git("checkout", "-q", "-B", "topic", "main")
    workshop.change()
    workshop.commit()
    return workshop


def judged(shop: Workshop, reviewer: str, state: str = "approved", author: str = "alice-gh", **more: Any) -> Decision:
    head = shop.git("rev-parse", "topic")
    review = {"reviewer": reviewer, "state": state, "commit": head, "at": "2026-11-22T10:00:00Z"}
    accounts = {"alice-gh": 1, "bob-gh": 2, "bob-new": 2, "stranger": 77} | more.pop("ids", {})
    data = {
        "forge": "github",
        "author": author,
        "reviews": [review],
        **more,
        "accounts": [{"login": login, "id": number} for login, number in accounts.items()],
    }
    pull_request = parse_pull_request(json.loads(json.dumps(data)), "reviews")
    return evaluate(Repository(shop.path), "main", "topic", pull_request, NOW)


def test_the_account_itself_counts(shop: Workshop) -> None:
    assert judged(shop, "bob-gh").verdict == "approved"


def test_a_login_that_somebody_else_took_over_is_nobodys(shop: Workshop) -> None:
    decision = judged(shop, "bob-gh", ids={"bob-gh": 77})
    assert decision.verdict == "pending"
    ((ignored,),) = [row["ignored"] for row in decision.evidence["approvals"]]
    assert ignored["code"] == "unknown-reviewer"


def test_whoever_was_renamed_is_still_themselves(shop: Workshop) -> None:
    assert judged(shop, "bob-new").verdict == "approved"
    assert "changes-requested" in codes(judged(shop, "bob-new", "changes-requested"))


def test_a_contributor_who_was_renamed_still_does_not_approve(shop: Workshop) -> None:
    decision = judged(shop, "bob-gh", pushers=["bob-new"])
    assert decision.verdict == "pending"


def test_an_author_under_a_login_that_was_taken_over_is_nobody(shop: Workshop) -> None:
    decision = judged(shop, "bob-gh", ids={"alice-gh": 77})
    assert (decision.verdict, "identity-unresolved" in codes(decision)) == ("rejected", True)


@pytest.mark.parametrize("who", ["author", "committer"])
def test_a_commit_of_an_account_that_is_nobodys(who: str, shop: Workshop) -> None:
    """The address of a commit is alice's; the forge knows that it belongs to a stranger's account."""
    head = shop.git("rev-parse", "topic")
    decision = judged(shop, "bob-gh", head=head, commits=[{"sha": head, who: "stranger"}])
    assert (decision.verdict, "identity-unresolved" in codes(decision)) == ("rejected", True)


def test_a_commit_by_the_account_of_the_approver(shop: Workshop) -> None:
    head = shop.git("rev-parse", "topic")
    decision = judged(shop, "bob-gh", head=head, commits=[{"sha": head, "author": "bob-new"}])
    assert decision.verdict == "pending"


def test_a_private_address_with_the_number_of_another_account(shop: Workshop) -> None:
    shop.commit("More", who="77+alice-gh@users.noreply.github.com")
    assert "identity-unresolved" in codes(judged(shop, "bob-gh"))
    shop.git("reset", "-q", "--hard", "HEAD~1")
    shop.commit("More", who="1+alice-gh@users.noreply.github.com")
    assert judged(shop, "bob-gh").verdict == "approved"
