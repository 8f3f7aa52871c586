"""Of every life that one pull request can give a Change, lifecycles and gate say what the model says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.exhaustive.lives import Gate, Lifecycles, run, run_all


def test_lifecycles_and_the_model_agree() -> None:
    count = run(Lifecycles, 3, 41)
    assert count.wrong == []
    assert count.said.total() > 1_500
    assert {"nothing", "lifecycle-final", "lifecycle-frozen", "lifecycle-required", "lifecycle-transition"} <= set(
        count.said
    )


def test_the_gate_and_the_model_agree() -> None:
    assert run(Gate, 5, 6_007).wrong == []


@pytest.mark.deep
def test_the_gate_and_the_model_agree_on_many_lives(record_property: Callable[[str, Any], None]) -> None:
    count, all_ = run_all(2, 13), run(Lifecycles)
    print(f"{count.said.total():,} lives judged by the gate, {all_.said.total():,} by lifecycles alone")
    record_property("lives", count.said.total())
    assert (count.wrong, all_.wrong) == ([], [])
    assert (count.said.total(), all_.said.total()) > (5_000, 65_000)
