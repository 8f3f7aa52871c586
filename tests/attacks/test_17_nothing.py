"""17: pull requests that change nothing are not approved for it."""

from __future__ import annotations

from tests.attacks.tools import CHANGE, EVERYBODY, approve, on_main
from tests.conftest import Workshop, codes

EMPTY = ["empty", "no-rule"]


def test_head_is_base(workshop: Workshop) -> None:
    approve(workshop, *EVERYBODY)
    decision = workshop.judge()
    assert (decision.verdict, codes(decision)) == ("rejected", EMPTY)


def test_head_lies_behind_base(workshop: Workshop) -> None:
    workshop.git("checkout", "-q", "main")
    workshop.write("docs/base.md", "Base.\n")
    workshop.commit(who="erin")
    assert codes(workshop.judge()) == EMPTY


def test_an_empty_commit(workshop: Workshop) -> None:
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert codes(workshop.judge()) == EMPTY


def test_a_change_and_its_revert(workshop: Workshop) -> None:
    workshop.change()
    workshop.commit()
    (workshop.path / CHANGE).unlink()
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert codes(workshop.judge()) == EMPTY


def test_what_the_base_has_already(workshop: Workshop) -> None:
    workshop.change()
    workshop.commit()
    with on_main(workshop):
        workshop.change()
    workshop.git("checkout", "-q", "-B", "topic", "main")
    approve(workshop, *EVERYBODY)
    assert codes(workshop.judge()) == EMPTY
