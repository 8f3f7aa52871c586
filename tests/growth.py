"""How the time of some work grows with its size, measured by doubling."""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable
from typing import Final

Prepare = Callable[[int], Callable[[], object]]
"""Makes ready some work of a size, which is then measured; making it ready is not."""

ENOUGH: Final = 0.012
"""Seconds of processor time that the smaller size takes at least, for the clock to tell."""
SLACK: Final = 1.8
"""By how much the growth may exceed n log n: the square of four is sixteen, and this is about eight."""
ROUNDS: Final = 3


def assert_grows_slowly(prepare: Prepare, start: int = 250, most: int = 64_000, limit: float = 2.0) -> None:
    """Fail when four times the size takes clearly more than four times the time, with a logarithm.

    Sizes begin at ``start`` and are doubled until there is something to measure, ``most`` at the end. The least of some
    rounds is taken, and what looks bad is measured again: other programs only ever make it slower. No size may take
    more than ``limit`` seconds.
    """
    size = start
    while 4 * size < most:
        taken = _once(prepare(size))
        assert taken < limit, f"{taken:.1f} s for a size of {size:,}"
        if taken >= ENOUGH:
            break
        size *= 2
    allowed = SLACK * 4 * math.log(4 * size) / math.log(size)
    for _ in range(ROUNDS):
        small, large = (_least(prepare(many)) for many in (size, 4 * size))
        assert large < 4 * limit, f"{large:.1f} s for a size of {4 * size:,}"
        ratio = large / max(small, ENOUGH / 4)
        if ratio <= allowed:
            return
    raise AssertionError(f"{size:,} takes {small:.3f} s and {4 * size:,} {large:.3f} s: {ratio:.1f} times as long")


def _least(work: Callable[[], object]) -> float:
    return min(_once(work) for _ in range(ROUNDS))


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
