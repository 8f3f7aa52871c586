"""How the time of some work grows with its size, measured by doubling."""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable
from typing import Final

import pytest

Prepare = Callable[[int], Callable[[], object]]
"""Makes ready some work of a size, which is then measured; making it ready is not."""

QUICK: Final = 0.002
LARGE: Final = 0.06
"""Seconds of processor time that the smaller size takes at least: for the clock to tell, and for the volume run."""
SIZES: Final = pytest.mark.parametrize(
    "enough", [pytest.param(QUICK, id=""), pytest.param(LARGE, id="large", marks=pytest.mark.deep)]
)
SLACK: Final = 1.9
"""By how much the growth may exceed n log n: the square of four is sixteen, and this is about nine."""
ROUNDS: Final = 3


def assert_grows_slowly(
    prepare: Prepare, start: int = 250, most: int = 64_000, limit: float = 2.0, enough: float = QUICK
) -> None:
    """Fail when four times the size takes clearly more than four times the time, with a logarithm.

    Sizes begin at ``start`` and are doubled until there is something to measure, ``most`` at the end. The least of some
    rounds is taken, of the large size only where one looks bad: other programs only ever make it slower. No size may
    take more than ``limit`` seconds.
    """
    size, most = start, most if enough == QUICK else 8 * most
    while 4 * size < most:
        taken = _once(prepare(size))
        assert taken < limit, f"{taken:.1f} s for a size of {size:,}"
        if taken >= enough:
            break
        size *= 2
    allowed = SLACK * 4 * math.log(4 * size) / math.log(size)
    for rounds in (1, ROUNDS, ROUNDS):
        small, large = _least(prepare(size), ROUNDS), _least(prepare(4 * size), rounds)
        assert large < 4 * limit, f"{large:.1f} s for a size of {4 * size:,}"
        ratio = large / max(small, enough / 4)
        if ratio <= allowed:
            return
    raise AssertionError(f"{size:,} takes {small:.3f} s and {4 * size:,} {large:.3f} s: {ratio:.1f} times as long")


def _least(work: Callable[[], object], rounds: int) -> float:
    return min(_once(work) for _ in range(rounds))


def _once(work: Callable[[], object]) -> float:
    was_enabled = gc.isenabled()
    gc.disable()
    started = time.process_time()
    try:
        work()
        return time.process_time() - started
    finally:
        if was_enabled:
            gc.enable()
