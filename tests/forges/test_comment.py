"""The one comment: what stands in it, how long it is, and which of many comments it is."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from itsm_as_code.forges.comment import JUDGING, MARKER, body, is_ours
from tests.conftest import Run
from tests.forges.conftest import Live
from tests.forges.fake import GitLabFace

HEAD = "a" * 40


def test_a_comment_names_its_commit_below_the_text() -> None:
    assert body("Approved.\n\n", HEAD, 10_000) == f"{MARKER}\nApproved.\n\nFor commit {HEAD}.\n"


@pytest.mark.parametrize("most", [300, 1000, 60_000])
def test_a_comment_is_never_longer_than_the_forge_takes_and_ends_at_a_whole_line(most: int) -> None:
    lines = [f"line {number:06}" for number in range(20_000)]
    text = body("\n".join(lines), HEAD, most)
    assert most - 60 < len(text) <= most
    head, end = text.removeprefix(f"{MARKER}\n").split("\n\nand more.")
    assert head.split("\n") == lines[: head.count("\n") + 1]
    assert end == f"\n\nFor commit {HEAD}.\n"


def test_a_text_that_just_fits_is_whole() -> None:
    room = 1000 - len(body("", HEAD, 1000)) - 30
    assert "and more." not in body("x" * (room + 1), HEAD, 1000)
    assert "and more." in body("x" * (room + 2), HEAD, 1000)
    assert len(body("x" * (room + 1), HEAD, 1000)) <= 1000


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        (body("x", HEAD, 1000), True),
        (f" \n{MARKER}\n", True),
        (f"I quote: {MARKER}", False),
        ("", False),
        (None, False),
        (7, False),
    ],
)
def test_ours_begins_with_the_marker(text: Any, ours: bool) -> None:
    assert is_ours(text) is ours


def test_of_two_of_ours_the_first_is_kept_up_to_date(live: Live, itsm: Run) -> None:
    """Two runs at once may each have made one; from then on one of them is the place to look at."""
    assert itsm(*live.arguments, "--comment")[0] == 1
    (first,) = live.state.comments
    second = copy.deepcopy(first) | {"id": first["id"] + 1}
    live.state.comments.append(second)
    live.shop.approve(live.state)
    assert itsm(*live.arguments, "--comment")[0] == 0
    assert len(live.state.comments) == 2
    assert "Approved" in first["body"]
    assert "Approved" not in second["body"]


def test_before_the_verdict_only_a_comment_that_is_there_is_changed(live: Live, itsm: Run) -> None:
    live.state.commits = live.state.commits[1:]  # what does not fit together is no verdict
    assert itsm(*live.arguments, "--comment", "--head", "topic")[0] == 2
    said = [item["body"] for item in live.state.comments]
    assert all(JUDGING not in text for text in said)
    assert all(live.shop.head in text for text in said)


def test_a_comment_whose_author_is_gone_is_not_ours(live: Live, itsm: Run) -> None:
    assert itsm(*live.arguments, "--comment")[0] == 1
    (ours,) = live.state.comments
    orphan = copy.deepcopy(ours) | {"id": 1}
    if isinstance(live.face, GitLabFace):
        orphan["author"] = live.face.user("ghost")
    else:
        orphan["user"] = None
    live.state.comments.insert(0, orphan)
    before = orphan["body"]
    live.shop.approve(live.state)
    assert itsm(*live.arguments, "--comment")[0] == 0
    assert orphan["body"] == before
    assert "Approved" in ours["body"]
