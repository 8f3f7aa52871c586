"""10: a record in a final state is edited, reopened, moved or deleted; states are jumped over."""

from __future__ import annotations

import pytest

from tests.attacks.tools import CHANGE, EVERYBODY, approve, blocking, missing, on_main
from tests.conftest import Workshop, codes

ENDED = {
    "status: proposed": "status: cancelled",
}


@pytest.fixture
def ended(workshop: Workshop) -> Workshop:
    """A base with a cancelled change."""
    with on_main(workshop):
        workshop.change(**ENDED)
    return workshop


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("status: cancelled", "status: proposed"),
        ("status: cancelled", "status: draft"),
        ("summary: Send in smaller batches.", "summary: Something else."),
        ("title: Tune the newsletter", "title: Something else"),
        ("metadata: {", "metadata: {labels: {a: b}, "),
        ("  status: cancelled", "  result: successful\n  status: cancelled"),
    ],
)
def test_an_ended_change_is_edited(ended: Workshop, old: str, new: str) -> None:
    ended.edit(CHANGE, old, new)
    ended.commit()
    approve(ended, *EVERYBODY)
    decision = ended.judge()
    assert (decision.verdict, codes(decision)) == ("rejected", ["finding:lifecycle-final"])


def test_an_ended_change_is_deleted(ended: Workshop) -> None:
    (ended.path / CHANGE).unlink()
    ended.commit()
    approve(ended, *EVERYBODY)
    assert blocking(ended.judge()) == {"lifecycle-final", "record-deleted"}


def test_an_ended_change_is_moved(ended: Workshop) -> None:
    text = (ended.path / CHANGE).read_text()
    (ended.path / CHANGE).unlink()
    ended.write("changes/2019/01/01/chg-20261122-tune.yaml", text)
    ended.commit()
    approve(ended, *EVERYBODY)
    assert blocking(ended.judge()) == {"lifecycle-final"}


def test_an_ended_change_is_made_unreadable(ended: Workshop) -> None:
    ended.write(CHANGE, "gone: [\n")
    ended.commit()
    approve(ended, *EVERYBODY)
    assert {"lifecycle-final", "record-deleted", "yaml-syntax"} == blocking(ended.judge())


def test_links_of_an_ended_change_may_be_added_with_approval(ended: Workshop) -> None:
    ended.edit(CHANGE, "metadata: {", 'metadata: {links: [{title: Minutes, url: "https://shop.example/m"}], ')
    ended.commit()
    decision = ended.judge()
    assert (decision.verdict, missing(decision)) == ("pending", {"normal": 1})


@pytest.mark.parametrize("state", ["implementing", "implemented", "closed", "reviewed", "draft"])
def test_a_state_is_jumped(workshop: Workshop, state: str) -> None:
    with on_main(workshop):
        workshop.change()
    workshop.edit(CHANGE, "status: proposed", f"status: {state}")
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert "lifecycle-transition" in blocking(workshop.judge())


def test_several_steps_of_one_pull_request_are_one_path(workshop: Workshop) -> None:
    """However many commits they come in; each is asked for as if it had been made alone."""
    with on_main(workshop):
        workshop.change()
    workshop.edit(CHANGE, "status: proposed", "status: authorised")
    workshop.commit()
    workshop.edit(CHANGE, "status: authorised", "status: scheduled")
    workshop.commit()
    assert missing(workshop.judge()) == {"normal": 1}
    approve(workshop, *EVERYBODY)
    decision = workshop.judge()
    assert decision.verdict == "approved"
    steps = [(row["from"], row["to"]) for row in decision.evidence["transitions"]]
    assert steps == [("proposed", "authorised"), ("authorised", "scheduled")]


def test_a_draft_is_deleted(workshop: Workshop) -> None:
    with on_main(workshop):
        workshop.change(**{"status: proposed": "status: draft"})
    (workshop.path / CHANGE).unlink()
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert codes(workshop.judge()) == ["finding:record-deleted"]


def test_a_state_that_is_no_text(workshop: Workshop) -> None:
    with on_main(workshop):
        workshop.change()
    workshop.edit(CHANGE, "status: proposed", "status: [proposed]")
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert "record-schema" in blocking(workshop.judge())
