"""The gate says of every short history what the model says that is written from its rules alone."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Final

import pytest

from tests.exhaustive.histories import EVENTS, Event, run, summary

TITLES: Final = [
    *((what, place) for what in ("edit", "undo", "main edits") for place in (0, 2)),
    ("merge", ""),
    ("approve", "bob"),
]
"""Enough for the undoing, behind a reviewer's back, of what main decided: that takes five events."""


@pytest.mark.parametrize(
    ("among", "events", "processes", "least"),
    [
        pytest.param(EVENTS, 2, 1, 70, id="two-events"),
        pytest.param(EVENTS, 3, 1, 700, id="three-events", marks=pytest.mark.deep),
        pytest.param(TITLES, 5, 1, 700, id="five-events-of-titles"),
        pytest.param(EVENTS, 6, 2, 500_000, id="six-events", marks=pytest.mark.deep),
    ],
)
def test_the_gate_and_the_model_agree_on_every_history(
    among: Collection[Event],
    events: int,
    processes: int,
    least: int,
    record_property: Callable[[str, Any], None],
) -> None:
    told = run(events, processes, among)
    print(summary(told.verdicts), f"{len(told.wrong)} disagreements")
    record_property("histories", told.histories)
    assert told.wrong == []
    assert told.histories > least
    assert set(told.verdicts) >= {"approved", "pending", "rejected"}
