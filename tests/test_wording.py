"""One of a thing is named in the singular, wherever reports count."""

from __future__ import annotations

import pytest

from itsm_as_code.wording import count
from tests.conftest import SMALL, Run


@pytest.mark.parametrize(
    ("number", "words", "said"),
    [
        (0, ("entry", "entries"), "0 entries"),
        (1, ("entry", "entries"), "1 entry"),
        (2000, ("landing",), "2,000 landings"),
        (1, ("commit is", "commits are"), "1 commit is"),
    ],
)
def test_counts(number: int, words: tuple[str, ...], said: str) -> None:
    assert count(number, *words) == said


def test_one_is_told_as_one(itsm: Run) -> None:
    assert itsm("policy", "test", "backout-is-planned", "-C", str(SMALL))[1].splitlines()[-1].startswith("1 policy, ")
