"""How large a record is that a look-up hands out: told quickly, and as if its letters were counted."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from itsm_as_code.policies.cel import sizes
from itsm_as_code.policies.cel.look_ups import LOOKED_UP
from itsm_as_code.policies.cel.sizes import is_large, letters_of

VALUES: some.SearchStrategy[Any] = some.recursive(
    some.none() | some.booleans() | some.integers(-(2**70), 2**70) | some.integers(0, 9) | some.floats() | some.text(),
    lambda inner: some.lists(inner) | some.dictionaries(some.text(), inner),
    max_leaves=60,
)


@given(VALUES, some.integers(2, 120))
def test_it_is_what_counting_says(value: Any, most: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sizes, "LOOKED_UP", most)
        assert is_large(value) is (letters_of(value) > most)


@pytest.mark.parametrize("value", [[1], [[1]], [[[7]], {"": 0}], {"a": [1, 2, [3]]}, [True, None, 0, "", [], {}]])
def test_it_is_so_at_the_very_edge(value: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    letters = letters_of(value)
    for most in (letters - 1, letters, letters + 1):
        monkeypatch.setattr(sizes, "LOOKED_UP", most)
        assert is_large(value) is (letters_of(value) > most)


def test_what_is_large_is_counted_no_further() -> None:
    assert letters_of(["x"] * (2 * LOOKED_UP)) <= LOOKED_UP + 3
