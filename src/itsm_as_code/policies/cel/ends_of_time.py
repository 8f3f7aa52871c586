"""Instants that other systems write for never, in expressions: ``timestamp(object.spec.until) - now``.

CEL subtracts in nanoseconds of 64 bits, which run over at 292 years. An expression that ran over is evaluated once more
with the instants of :mod:`itsm_as_code.clock`, whose ends of time lie nearer.
"""

from __future__ import annotations

from typing import Any, Final

from itsm_as_code import clock
from itsm_as_code.policies.cel.tokens import SyntaxProblem, tokens

NEAR: Final = "itsm_instant"
"""What the function is called that stands in for ``timestamp`` then."""


def near(value: Any) -> Any:
    """The instant that a text names, nothing lying beyond the ends of time; what is one already stays."""
    return clock.parse_instant(value) if isinstance(value, str) else value


def with_near_ends(expression: str) -> str:
    """The expression with every ``timestamp(...)`` made a call of ours."""
    parts, end = list[str](), 0
    try:
        found = tokens(expression)
    except SyntaxProblem:
        return expression
    for before, token, after in zip([None, *found], found, found[1:], strict=False):
        if token.text == "timestamp" and after.text == "(" and (before is None or before.text != "."):
            parts += [expression[end : token.start], NEAR]
            end = token.end
    return "".join([*parts, expression[end:]])
