"""13: approvals of something else than what would be merged; vetoes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.attacks.tools import CHANGE, approve, ignored, missing, on_main
from tests.conftest import NOW, Workshop, codes


@pytest.fixture
def approved(workshop: Workshop) -> Workshop:
    """A change that bob has approved."""
    workshop.change()
    workshop.commit()
    workshop.review("bob")
    assert workshop.judge().verdict == "approved"
    return workshop


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("summary: Send in smaller batches.", "summary: Send everything at once."),
        ('end: "2026-12-01T22:00:00Z"', 'end: "2026-12-01T23:00:00Z"'),
        ("services: [newsletter]", "services: [orders]"),
        ("minutes: 10}\n  test", "minutes: 9}\n  test"),
        ("metadata: {", "metadata: {labels: {a: b}, "),
    ],
)
def test_an_edit_after_the_approval_voids_it(approved: Workshop, old: str, new: str) -> None:
    approved.edit(CHANGE, old, new)
    later = approved.commit()
    decision = approved.judge()
    assert (decision.verdict, missing(decision)) == ("pending", {"normal": 1})
    assert ignored(decision) == {("bob", "void")}
    reason = decision.evidence["approvals"][0]["ignored"][0]["reason"]
    assert f"by commit {later[:12]}" in reason


def test_another_record_of_the_same_rule_voids_it(approved: Workshop) -> None:
    approved.change("chg-20261122-second")
    approved.commit()
    decision = approved.judge()
    assert missing(decision) == {"normal": 1}
    assert ignored(decision) == {("bob", "void")}


def test_what_another_rule_covers_does_not_void_it(approved: Workshop) -> None:
    approved.write("docs/tune.md", "How to tune.\n")
    approved.commit()
    decision = approved.judge()
    assert missing(decision) == {"documents": 1}
    assert ignored(decision) == {("bob", "void")}  # for the document, which he has not seen
    assert decision.evidence["approvals"][0]["satisfied"]


def test_layout_and_comments_do_not_void_it(approved: Workshop) -> None:
    approved.edit(CHANGE, "spec:\n", "\nspec: # what it is about\n")
    approved.edit(CHANGE, "type: normal", 'type: "normal"')
    approved.commit()
    assert approved.judge().verdict == "approved"


def test_there_and_back_again(approved: Workshop) -> None:
    approved.edit(CHANGE, "Send in smaller batches.", "Send everything.")
    approved.commit()
    approved.edit(CHANGE, "Send everything.", "Send in smaller batches.")
    approved.commit()
    assert approved.judge().verdict == "approved"


def test_a_document_edited_after_the_approval(workshop: Workshop) -> None:
    workshop.write("docs/a.md", "One.\n")
    workshop.commit()
    workshop.review("bob")
    assert workshop.judge().verdict == "approved"
    workshop.write("docs/a.md", "Two.\n")
    workshop.commit()
    assert ignored(workshop.judge()) == {("bob", "void")}
    workshop.write("docs/a.md", "One.\n")
    (workshop.path / "docs/a.md").chmod(0o755)
    workshop.commit()
    assert ignored(workshop.judge()) == {("bob", "void")}


def test_a_record_moved_after_the_approval(approved: Workshop) -> None:
    text = (approved.path / CHANGE).read_text()
    (approved.path / CHANGE).unlink()
    approved.write("changes/2026/12/01/chg-20261122-tune.yaml", text)
    approved.commit()
    assert ignored(approved.judge()) == {("bob", "void")}


def test_a_record_deleted_after_the_approval(workshop: Workshop) -> None:
    with on_main(workshop):
        workshop.change(**{"status: proposed": "status: draft"})
    workshop.edit(CHANGE, "Send in smaller batches.", "Send.")
    workshop.commit()
    workshop.review("bob")
    (workshop.path / CHANGE).unlink()
    workshop.commit()
    assert ("bob", "void") in ignored(workshop.judge())


@pytest.mark.parametrize("commit", ["0" * 40, "f" * 64])
def test_an_approval_of_a_commit_that_is_not_here(workshop: Workshop, commit: str) -> None:
    workshop.change()
    workshop.commit()
    workshop.review("bob", commit=commit)
    decision = workshop.judge()
    assert missing(decision) == {"normal": 1}
    assert ignored(decision) == {("bob", "void")}


def test_an_approval_of_another_branch(workshop: Workshop) -> None:
    workshop.change()
    workshop.commit()
    workshop.review("bob", commit=workshop.git("rev-parse", "main"))
    assert ignored(workshop.judge()) == {("bob", "void")}


def test_an_approval_of_a_blob_or_tree(workshop: Workshop) -> None:
    workshop.change()
    workshop.commit()
    workshop.review("bob", commit=workshop.git("rev-parse", "topic^{tree}"))
    assert ignored(workshop.judge()) == {("bob", "void")}


@pytest.mark.parametrize("state", ["dismissed", "changes-requested"])
def test_a_later_word_ends_an_approval(approved: Workshop, state: str) -> None:
    approved.review("bob", state)
    decision = approved.judge()
    assert decision.verdict == "pending"
    assert missing(decision) == {"normal": 1}


def test_a_dismissed_approval_revives_no_older_one(workshop: Workshop) -> None:
    workshop.change()
    workshop.commit()
    workshop.review("bob")
    workshop.review("bob")
    workshop.review("bob", "dismissed")
    decision = workshop.judge()
    assert missing(decision) == {"normal": 1}
    assert ignored(decision) == {("bob", "dismissed")}


def test_a_comment_takes_nothing_back(approved: Workshop) -> None:
    approved.review("bob", "commented")
    assert approved.judge().verdict == "approved"


@pytest.mark.parametrize("critic", ["frank", "carol", "gina", "robot", "alice"])
def test_anybody_known_can_hold_it_up(approved: Workshop, critic: str) -> None:
    approved.review(critic, "changes-requested")
    decision = approved.judge()
    assert (decision.verdict, codes(decision)) == ("pending", ["changes-requested"])
    approved.review(critic)
    assert approved.judge().verdict == "approved"


def test_a_stranger_cannot_hold_it_up(approved: Workshop) -> None:
    approved.review("mallory", "changes-requested")
    assert approved.judge().verdict == "approved"


@pytest.mark.parametrize(
    ("by", "stands"),
    [(None, True), ("alice", True), ("robot", True), ("mallory", True), ("frank", False), ("carol", False)],
)
def test_who_may_dismiss_a_veto(approved: Workshop, by: str | None, stands: bool) -> None:
    """Whoever wrote the change does not lift the objection against it."""
    approved.review("carol", "changes-requested")
    approved.review("carol", "dismissed")
    if by:
        approved.reviews[-1]["dismissedBy"] = by
    decision = approved.judge()
    assert codes(decision) == (["changes-requested"] if stands else [])


def test_at_the_same_instant_the_stricter_word_counts(workshop: Workshop) -> None:
    workshop.change()
    workshop.commit()
    workshop.review("bob", "changes-requested", minute=5)
    workshop.review("bob", "approved", minute=5)
    assert set(codes(workshop.judge())) == {"changes-requested", "approval-missing"}


def test_an_approval_from_the_future(workshop: Workshop) -> None:
    workshop.change()
    workshop.commit()
    workshop.review("bob")
    early = NOW - timedelta(hours=2, seconds=1)
    assert ignored(workshop.judge(now=early)) == {("bob", "later")}
    assert missing(workshop.judge(now=early)) == {"normal": 1}
    assert workshop.judge(now=early + timedelta(seconds=1)).verdict == "approved"


def test_who_leaves_after_approving_does_not_count(approved: Workshop) -> None:
    with on_main(approved):
        away = "spec:\n  away: [{start: '2026-11-22T11:00:00Z', end: '2026-11-23T00:00:00Z'}]\n"
        approved.edit("people/bob.yaml", "spec:\n", away)
    approved.change()
    approved.commit()
    approved.reviews.clear()
    approve(approved, "bob")
    assert approved.judge(now=NOW - timedelta(hours=1, seconds=1)).verdict == "approved"
    assert ignored(approved.judge()) == {("bob", "away")}
