"""Mutants of an expression: the same text with one operator, constant, test or condition changed.

A mutant stands for a mistake that somebody could have made. An example that gives another answer for it would have
caught the mistake (mutation analysis: DeMillo, Lipton and Sayward, "Hints on Test Data Selection", 1978).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from itsm_as_code.policies.cel.expressions import Node, parse

_SWAPPED: Final[Mapping[str, tuple[str, ...]]] = {
    "==": ("!=",),
    "!=": ("==",),
    "<": ("<=", ">="),
    "<=": ("<", ">"),
    ">": (">=", "<="),
    ">=": (">", "<"),
    "+": ("-",),
    "-": ("+",),
    "*": ("/",),
    "/": ("*",),
    "%": ("*",),
    "&&": ("||",),
    "||": ("&&",),
}
"""For each operator those that are easily written instead: the other side of the boundary, and the opposite."""
_LOOPS: Final = {"all": "exists", "exists": "all", "exists_one": "exists"}
_NUMBER: Final = re.compile(r"\d+")
_DURATION: Final = re.compile(r"P(?=[0-9T])[0-9YMWDTHS.]+\Z")


@dataclass(frozen=True, slots=True)
class Mutant:
    """One changed place of an expression: its offsets, what stood there, what stands there now, and the whole."""

    start: int
    end: int
    before: str
    after: str
    expression: str

    @property
    def first(self) -> int:
        """The offset of the first character that is changed, spaces aside."""
        return self.start + len(self.before) - len(self.before.lstrip())


def mutants(text: str) -> list[Mutant]:
    """The mutants of an expression that parses, in the order of the text, no two alike.

    Left out is what is plainly the same as the original or as another mutant: the second of two equal conditions
    dropped, a negated ``has()`` of which only the negation could go.
    """
    found: dict[str, Mutant] = {}
    for start, end, after in _changes(parse(text), text, negated=False):
        mutant = Mutant(start, end, text[start:end], after, text[:start] + after + text[end:])
        if mutant.expression != text:
            found.setdefault(mutant.expression, mutant)
    return sorted(found.values(), key=lambda mutant: (mutant.start, mutant.end, mutant.after))


Change = tuple[int, int, str]
"""Offsets of a part of the text, and what is put there."""


def _changes(node: Node, text: str, negated: bool) -> Iterator[Change]:
    change = _OF_KIND.get(node.kind)
    if change is not None:
        yield from change(node, text)
    if node.is_has and not negated:
        yield node.start, node.end, f"!{text[node.start : node.end]}"
    if node.is_has:
        return  # what stands in has() is the name of a field, not a value
    for child in node.children:
        yield from _changes(child, text, negated=node.kind == "unary" and node.name == "!")


def _binary(node: Node, text: str) -> Iterator[Change]:
    at = node.at[0]
    if node.name == "in":
        yield node.start, node.end, f"!({text[node.start : node.end]})"
    for other in _SWAPPED.get(node.name, ()):
        yield at, at + len(node.name), other


def _logic(node: Node, text: str) -> Iterator[Change]:
    for at in node.at:
        for other in _SWAPPED[node.name]:
            yield at, at + 2, other
    parts = [text[child.start : child.end] for child in node.children]
    spans = [_span(child, text) for child in node.children]
    for index, part in enumerate(parts):
        if part in parts[:index] or part in parts[index + 1 :]:
            continue  # a && a is a
        # The condition goes with the operator after it, the last one with the operator before it.
        start, end = (
            (spans[index][0], spans[index + 1][0]) if index + 1 < len(parts) else (spans[index - 1][1], spans[index][1])
        )
        yield start, end, ""


def _span(node: Node, text: str) -> tuple[int, int]:
    """The offsets of a condition or branch with the parentheses around it; it never is all that a function is given."""
    start, end = node.start, node.end
    while True:
        before, after = text[:start].rstrip(), text[end:].lstrip()
        if not (before.endswith("(") and after.startswith(")")):
            return start, end
        start, end = len(before) - 1, len(text) - len(after) + 1


def _unary(node: Node, text: str) -> Iterator[Change]:
    for at in node.at:
        yield at, at + 1, ""


def _conditional(node: Node, text: str) -> Iterator[Change]:
    (yes_start, yes_end), (no_start, no_end) = (_span(child, text) for child in node.children[1:])
    yield yes_start, no_end, f"({text[no_start:no_end]}) : ({text[yes_start:yes_end]})"


def _method(node: Node, text: str) -> Iterator[Change]:
    if node.name in _LOOPS:
        yield node.at[0], node.at[0] + len(node.name), _LOOPS[node.name]


def _literal(node: Node, text: str) -> Iterator[Change]:
    if node.name in ("int", "uint", "double"):
        unsigned = "u" if node.name == "uint" else ""
        for step in (1, -1):
            value = node.value + step  # type: ignore[operator]
            if value >= 0 or not unsigned:
                yield node.start, node.end, f"{value}{unsigned}"
    elif node.name == "bool":
        yield node.start, node.end, "false" if node.value else "true"
    elif node.name == "string":
        yield from ((node.start, node.end, other) for other in _other_strings(str(node.value)))


def _other_strings(value: str) -> Iterator[str]:
    """A duration becomes a longer and a shorter one, other text another text."""
    if not _DURATION.match(value):
        yield _quoted(f"{value}~" if value else "~")
        return
    number = _NUMBER.search(value)
    if number is not None:
        for step in (1, -1):
            if int(number[0]) + step >= 0:
                yield _quoted(f"{value[: number.start()]}{int(number[0]) + step}{value[number.end() :]}")


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return f"'{escaped}'"


_OF_KIND: Final[Mapping[str, Callable[[Node, str], Iterator[Change]]]] = {
    "binary": _binary,
    "logic": _logic,
    "unary": _unary,
    "conditional": _conditional,
    "method": _method,
    "literal": _literal,
}
