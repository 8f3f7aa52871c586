"""34: doors for people without git: whoever comes in by one contributed, and nobody else can speak for a door."""

from __future__ import annotations

import pytest

from itsm_as_code.forges.interface import ForgeCommit, PullRequest
from itsm_as_code.gate import evaluate
from itsm_as_code.git.repository import Repository
from tests.attacks.scenarios_doors import BOB, DOOR, door, submit
from tests.attacks.tools import approve, ignored, missing, on_main
from tests.conftest import NOW, Workshop, codes
from tests.signing import make_key


def test_a_signed_commit_of_the_door_is_judged_and_its_submitter_contributed(workshop: Workshop) -> None:
    submit(workshop, key=door(workshop))
    workshop.review("bob")
    decision = workshop.judge()
    assert ("bob", "contributor") in ignored(decision)
    assert (decision.verdict, codes(decision), missing(decision)) == ("pending", ["approval-missing"], {"normal": 1})
    assert set(decision.evidence["pullRequest"]["contributors"]) == {"bob", DOOR}


@pytest.mark.parametrize(
    "message",
    [
        "Issue 12\n",
        f"Issue 12\n\n{BOB}\n{BOB}\n",
        f"Issue 12\n\n{BOB}\nSubmitted-by-account: github/99\n",
        "Issue 12\n\nSubmitted-by-account: bob\n",
        "Issue 12\n\nSubmitted-by-account: gitlab/7\n",
        "Issue 12\n\nSubmitted-by-account: github/07\n",
        "Issue 12\n\nSubmitted-by-account: github/4711\n",
    ],
)
def test_the_door_says_in_one_trailer_whose_account_it_was(workshop: Workshop, message: str) -> None:
    submit(workshop, message, door(workshop))
    approve(workshop, "bob", "erin", "carol", "dave")
    decision = workshop.judge()
    assert decision.verdict == "rejected"
    assert {"door-unsigned", "identity-unresolved"} & set(codes(decision))


def test_a_signature_of_another_key_is_none_of_the_door(workshop: Workshop) -> None:
    door(workshop)
    submit(workshop, key=make_key(workshop.path.parent / "others", "mallory"))
    approve(workshop, "erin")
    assert "door-unsigned" in codes(workshop.judge())


def test_a_key_that_was_withdrawn_signs_no_more(workshop: Workshop) -> None:
    key = door(workshop)
    with on_main(workshop):
        workshop.edit(f"people/{DOOR}.yaml", '"}', '", until: "2026-11-01T00:00:00Z"}')
    submit(workshop, key=key)
    approve(workshop, "erin")
    assert "door-unsigned" in codes(workshop.judge())


def test_a_message_that_was_changed_afterwards_breaks_the_signature(workshop: Workshop) -> None:
    """The trailer of the signed commit is put on another one by amending what the object says."""
    key = door(workshop)
    submit(workshop, key=key)
    signed = workshop.git("cat-file", "commit", "HEAD")
    forged = signed.replace("github/7", "github/8") + "\n"
    (workshop.path.parent / "forged").write_text(forged)
    commit = workshop.git("hash-object", "-t", "commit", "-w", str(workshop.path.parent / "forged"))
    workshop.git("reset", "-q", "--hard", commit)
    approve(workshop, "erin")
    assert "door-unsigned" in codes(workshop.judge())


def test_a_trailer_counts_against_whomever_it_names_in_any_commit(workshop: Workshop) -> None:
    door(workshop)
    workshop.author = "alice"
    submit(workshop, who="alice")
    workshop.review("bob")
    decision = workshop.judge()
    assert ("bob", "contributor") in ignored(decision)


def test_a_pull_request_of_the_door_has_somebody_behind_it(workshop: Workshop) -> None:
    """The account of the door opens a pull request with commits under another address."""
    door(workshop)
    submit(workshop, "Issue 12\n", who="alice")
    approve(workshop, "bob")
    assert "door-unsigned" in codes(workshop.judge())


def test_a_pull_request_that_brings_a_door_is_judged_without_it(workshop: Workshop) -> None:
    """Doors are read from the base."""
    key = door(workshop)
    with on_main(workshop):
        workshop.edit("itsm.yaml", "  doors: [{forge: github, account: 99}]\n", "")
    workshop.author = "alice"
    workshop.edit("itsm.yaml", "spec:\n", "spec:\n  doors: [{forge: github, account: 99}]\n")
    submit(workshop, key=key, who="alice")
    approve(workshop, "bob")
    decision = workshop.judge()
    assert (decision.verdict, "what-judges" in missing(decision)) == ("pending", True)


def test_a_commit_that_the_forge_knows_as_the_doors_is_one_of_the_door(workshop: Workshop) -> None:
    """Under whatever address it was made."""
    door(workshop)
    head = submit(workshop, "Issue 12\n", who="alice")
    told = PullRequest("alice-gh", forge="github", head=head, commits=(ForgeCommit(head, DOOR),))
    assert "door-unsigned" in codes(evaluate(Repository(workshop.path), "main", "topic", told, NOW))
