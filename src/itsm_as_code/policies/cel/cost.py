"""How much work an expression may be at most, told from its text and the size of what it reads.

The runtime bounds the iterations of an evaluation (10,000), but not what each of them does: building lists takes time
by the square of their length, and text grows by replacing and joining. The estimate is an upper bound, in steps of
about a tenth of a microsecond; what stays below :data:`SMALL` is evaluated where it stands, the rest where it can be
stopped. Look-ups count what they hand out while they are evaluated.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from itsm_as_code.policies.cel.expressions import Node, parse
from itsm_as_code.policies.cel.look_ups import ITERATIONS, LOOK_UPS, LOOKED_UP
from itsm_as_code.policies.cel.tokens import SyntaxProblem
from itsm_as_code.policies.cel.wall_clock import takes_zone

SMALL: Final = 10_000_000
_LARGEST: Final = 1 << 22
_TOO_MUCH: Final = 10**15
_SEARCHES: Final = frozenset({"contains", "indexOf", "lastIndexOf", "replace", "split"})
_MOST_STEPS: Final = 1_000_000
"""States of a regular expression, beyond which the runtime refuses it."""
_REPEATED: Final = re.compile(r"(?<=[{,])[0-9]+(?=[,}])")
_WIDE_CLASS: Final = re.compile(r"\\[pPWDSX]|\[\^|\(\?|\[\[|\.")


@dataclass(frozen=True, slots=True)
class _Value:
    """The work to get a value, how many characters or items it may have, and the iterations on the way."""

    work: int
    size: int
    loops: int = 0


@lru_cache(maxsize=4096)
def small_up_to(expression: str) -> int:
    """The size of records, in bytes of their source, up to which an evaluation is small; -1 for never."""
    if expression in READY:
        return READY[expression]
    try:
        tree = parse(expression)
    except SyntaxProblem:
        return -1
    size = _LARGEST
    while size >= 512:
        if _Estimate(size).of(tree, {}).work <= SMALL:
            return size
        size >>= 1
    return -1


READY: Final[dict[str, int]] = {}
"""What an earlier run worked out (:mod:`~itsm_as_code.policies.cel.kept`)."""


@dataclass(frozen=True, slots=True)
class _Estimate:
    read: int

    def of(self, node: Node, scope: Mapping[str, int]) -> _Value:
        """The estimate for a node; ``scope`` gives the sizes of the variables of loops."""
        if node.kind == "literal":
            return _Value(1, len(str(node.value)))
        if node.kind == "identifier":
            return _Value(2, scope.get(node.name, self.read))
        if node.is_loop:
            return self._loop(node, scope)
        parts = [self.of(child, scope) for child in node.children]
        work = 5 + sum(part.work for part in parts)
        loops = sum(part.loops for part in parts)
        sizes = [part.size for part in parts]
        if node.kind in ("select", "index"):
            return _Value(work + 10, sizes[0], loops)
        if node.kind in ("logic", "unary"):
            return _Value(work, 1, loops)
        if node.kind == "conditional":
            return _Value(work, max(sizes[1:]), loops)
        if node.kind in ("list", "map", "message"):
            return _Value(work + len(sizes), len(sizes) + sum(sizes), loops)
        if node.kind == "binary":
            touched = {"+": sum(sizes), "in": sizes[1]}.get(node.name, min(sizes))
            return _Value(work + touched // 8, sum(sizes) if node.name == "+" else 24, loops)
        if takes_zone(node):
            return _Value(_TOO_MUCH, 24, loops)  # a zone is read from a file: never where it cannot be stopped
        if node.kind == "call" and node.name in LOOK_UPS and (most := LOOK_UPS[node.name].size):
            return _Value(work + 20, most, loops)
        size = self._result(node, sizes)
        return _capped(work + self._touched(node, sizes) + size // 8 + 20, size, loops)

    def _touched(self, node: Node, sizes: list[int]) -> int:
        if node.name == "matches":
            steps = _pattern_steps(node.children[-1])
            return 50 * steps + sizes[0] * min(steps, 1000) // 8  # the runtime reads the pattern anew each time
        if node.name in _SEARCHES and node.kind == "method" and len(sizes) > 1:
            return sum(sizes) // 8 + sizes[0] * sizes[1] // 2000  # what is sought may begin everywhere
        if node.name == "size":
            return min(sizes[0], max(self.read, LOOKED_UP)) // 8
        return sum(sizes) // 8

    def _result(self, node: Node, sizes: list[int]) -> int:
        """How much a function or method gives at most."""
        if node.name == "replace" and node.kind == "method" and len(sizes) >= 3:
            return sizes[0] + (sizes[0] + 1) * sizes[2]
        if node.name == "join" and node.kind == "method":
            return sizes[0] * (1 + sum(sizes[1:]))
        if node.name == "format":
            text = node.children[0].value
            digits = re.findall(r"[0-9]+", text) if isinstance(text, str) else ["999999999"]
            width = max([6, *(int(found[:9]) for found in digits)])
            return sizes[0] * (width + sum(sizes[1:]))
        if node.name in ("size", "contains", "startsWith", "endsWith", "matches", "indexOf", "lastIndexOf", "int"):
            return 24
        return sum(sizes) + 64

    def _loop(self, node: Node, scope: Mapping[str, int]) -> _Value:
        """The most that a loop takes, whether its list has many small items, one that is all of it, or a few large.

        The work of a turn may grow faster than its item (the square, and more), so the mean item tells too little.
        """
        target, *_ = node.children
        over = self.of(target, scope)
        most = max(1, min(over.size // 2, ITERATIONS))
        ways = [self._turns(node, scope, over, turns) for turns in sorted({1, math.isqrt(most), most})]
        return _Value(max(way.work for way in ways), max(way.size for way in ways), max(way.loops for way in ways))

    def _turns(self, node: Node, scope: Mapping[str, int], over: _Value, turns: int) -> _Value:
        """A loop over so many items, all of the same size."""
        _, variable, *bodies = node.children
        inner = [self.of(body, {**scope, variable.name: over.size // turns + 1}) for body in bodies]
        once = 10 + sum(body.work for body in inner)
        loops = turns * (1 + sum(body.loops for body in inner))
        total = min(loops, ITERATIONS)
        work = turns * once * total // loops
        if node.name == "filter":
            return _capped(over.work + work + turns * turns, over.size, over.loops + total)
        if node.name == "map":
            size = turns * (1 + inner[-1].size) * total // loops
            return _capped(over.work + work + turns * turns + size // 8, size, over.loops + total)
        return _capped(over.work + work, 1, over.loops + total)


def _pattern_steps(pattern: Node) -> int:
    """About how many states a regular expression has: each repeats what stands before it, a class has many."""
    if pattern.kind != "literal" or not isinstance(pattern.value, str):
        return _MOST_STEPS
    steps = len(pattern.value) * (400 if _WIDE_CLASS.search(pattern.value) else 1)
    for number in _REPEATED.findall(pattern.value):
        steps = min(steps * max(1, int(number[:5])), _MOST_STEPS)
    return min(steps, _MOST_STEPS)


def _capped(work: int, size: int, loops: int) -> _Value:
    return _Value(min(work, _TOO_MUCH), min(size, _TOO_MUCH), loops)
