"""Small changes to Python source that a test should notice: what ``tests/mutation.py`` makes and runs.

Operators are those of the literature (DeMillo, Lipton, Sayward, "Hints on test data selection", 1978; Offutt et al.,
1996), chosen for guards: conditions, comparisons, connectives, early ends, what is raised, yielded or added, defaults,
and the numbers and sums that comparisons are about. Nothing is made of tables at the top of a module, of annotations,
of indexes, of what cannot happen, or of figures and fallbacks (``text or "none"``) that decide nothing there.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

_SWAPS: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.In: ("in", "not in"),
    ast.NotIn: (r"not\s+in", "in"),
    ast.Is: ("is", "is not"),
    ast.IsNot: (r"is\s+not", "is"),
}
_CALLS = {"any": "all", "all": "any", "min": "max", "max": "min"}
_OPERATORS: dict[type[ast.operator], tuple[str, str]] = {
    ast.Add: (r"\+", "-"),
    ast.Sub: ("-", "+"),
    ast.BitAnd: ("&", "|"),
    ast.BitOr: (r"\|", "&"),
}
_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
Span = tuple[int, int]
Spans = tuple[Span, ...]
_REMOVED = (ast.Raise, ast.Continue, ast.Break, ast.AugAssign)


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change: bytes ``start`` to ``end`` of a source become ``text``.

    ``spans`` are lines (first and last, from 1) whose tests may notice it, the nearest first: those of the expression,
    of its statement, of its function.
    """

    what: str
    start: int
    end: int
    text: str
    spans: tuple[Span, ...]

    def apply(self, source: bytes) -> bytes:
        """The source with this change."""
        return source[: self.start] + self.text.encode() + source[self.end :]


def mutants(source: bytes) -> list[Mutant]:
    """Every mutant of a module, in the order of its text; :func:`compiles` says which can be run."""
    return sorted(dict.fromkeys(_Finder(source).all()), key=lambda item: (item.start, item.what, item.text))


def compiles(source: bytes) -> bool:
    """True for source that can be compiled."""
    try:
        compile(source, "mutant", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return False
    return True


class _Finder:
    def __init__(self, source: bytes) -> None:
        self.source = source
        self.tree = ast.parse(source)

    @cached_property
    def starts(self) -> list[int]:
        starts = [0]
        for line in self.source.splitlines(keepends=True):
            starts.append(starts[-1] + len(line))
        return starts

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self.starts[node.lineno - 1] + node.col_offset, self.starts[node.end_lineno - 1] + node.end_col_offset

    def text(self, node: ast.expr | ast.stmt) -> str:
        start, end = self.span(node)
        return self.source[start:end].decode()

    def all(self) -> Iterator[Mutant]:
        for function in (node for node in ast.walk(self.tree) if isinstance(node, _FUNCTION)):
            body = (function.body[0].lineno, function.end_lineno or function.lineno)
            for statement in self._statements(function.body):
                around = (_own_lines(statement), body)
                yield from self._removals(statement, around)
                for node in self._expressions(statement):
                    yield from self._expression(node, statement, around)
            yield from self._defaults(function, (body,))

    def _statements(self, body: list[ast.stmt]) -> Iterator[ast.stmt]:
        """Every statement of a function but those of functions in it, and of what cannot happen."""
        for statement in body:
            if isinstance(statement, (*_FUNCTION, ast.ClassDef, ast.Assert)) or _cannot_happen(statement):
                continue
            yield statement
            for field in ("body", "orelse", "finalbody"):
                yield from self._statements(getattr(statement, field, []))
            for part in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
                yield from self._statements(part.body)

    def _expressions(self, statement: ast.stmt) -> Iterator[ast.expr]:
        """The expressions of a statement's own lines, without annotations and texts with values in them."""
        todo = [child for child in ast.iter_child_nodes(statement) if not isinstance(child, ast.stmt)]
        if isinstance(statement, ast.AnnAssign):
            todo = [statement.value] if statement.value else []
        while todo:
            node = todo.pop()
            if isinstance(node, (ast.JoinedStr, ast.ExceptHandler, ast.match_case)):
                continue
            if isinstance(node, ast.keyword) and node.arg == "strict":
                continue  # of zip(): lists of two lengths are what cannot happen
            if isinstance(node, ast.Subscript) and isinstance(node.slice, (ast.Constant, ast.UnaryOp, ast.Slice)):
                todo.append(node.value)  # which part of a thing is taken is no guard
                yield node
                continue
            if isinstance(node, ast.expr):
                yield node
            todo += [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.stmt)]

    @cached_property
    def deciding(self) -> set[ast.AST]:
        """What decides something, and all that stands in it: tests, what is there to be true or false, comparisons."""
        found: set[ast.AST] = set()
        for node in ast.walk(self.tree):
            tests = [getattr(node, "test", None), *getattr(node, "ifs", ())]
            if isinstance(node, ast.Compare):
                tests.append(node)
            if isinstance(node, ast.BoolOp) and any(_is_boolean(value) for value in node.values):
                tests.append(node)
            for test in filter(None, tests):
                found.update(ast.walk(test))
        return found

    def _mutant(
        self, what: str, node: ast.expr | ast.stmt, text: str, around: Spans, gap: tuple[int, int] | None = None
    ) -> Mutant:
        start, end = gap or self.span(node)
        own = () if what == "default changed" else ((node.lineno, node.end_lineno or node.lineno),)
        return Mutant(what, start, end, text, (*own, *around))

    def _removals(self, statement: ast.stmt, around: Spans) -> Iterator[Mutant]:
        if isinstance(statement, (ast.If, ast.For, ast.While)):
            for inner in (*statement.body[-1:], *statement.orelse[-1:]):
                is_last = inner.end_lineno == around[-1][1]
                if isinstance(inner, ast.Return) and not is_last:
                    yield self._mutant("early return dropped", inner, "pass", around)
        if isinstance(statement, _REMOVED):
            yield self._mutant(f"{type(statement).__name__.lower()} removed", statement, "pass", around)
        if isinstance(statement, ast.Expr) and isinstance(statement.value, (ast.Yield, ast.YieldFrom)):
            # What is left behind keeps the function a generator.
            yield self._mutant("yield removed", statement, "yield from ()", around)
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            yield self._mutant("call removed", statement, "pass", around)

    def _expression(self, node: ast.expr, statement: ast.stmt, around: Spans) -> Iterator[Mutant]:
        tests = [getattr(node, "test", None), *(test for part in getattr(node, "generators", ()) for test in part.ifs)]
        if isinstance(statement, (ast.If, ast.While)) and node is statement.test:
            tests.append(node)
        for test in filter(None, tests):
            is_plain = not isinstance(test, (ast.Compare, ast.BoolOp, ast.UnaryOp))
            if is_plain or (isinstance(test, ast.Compare) and len(test.ops) > 1):
                yield self._mutant("condition negated", test, f"(not ({self.text(test)}))", around)
        if isinstance(node, ast.Compare):
            yield from self._comparison(node, around)
        elif isinstance(node, ast.BoolOp) and node in self.deciding:
            yield from self._connective(node, around)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yield self._mutant("not dropped", node, f"({self.text(node.operand)})", around)
        elif isinstance(node, ast.Constant) and type(node.value) in (bool, int) and self._decides(node):
            yield self._mutant("constant changed", node, self._other(node.value), around)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _CALLS:
            yield self._mutant("call swapped", node.func, _CALLS[node.func.id], around)
        elif isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS and node in self.deciding:
            yield from self._swap("operator swapped", node, node.left, node.right, _OPERATORS[type(node.op)], around)

    def _decides(self, node: ast.Constant) -> bool:
        return isinstance(node.value, bool) or node in self.deciding

    def _comparison(self, node: ast.Compare, around: Spans) -> Iterator[Mutant]:
        operands = [node.left, *node.comparators]
        for left, operator, right in zip(operands, node.ops, operands[1:], strict=False):
            yield from self._swap("comparison swapped", node, left, right, _SWAPS[type(operator)], around)
            if isinstance(operator, (ast.In, ast.NotIn)) and isinstance(right, (ast.Tuple, ast.Set, ast.List)):
                for dropped in right.elts if len(right.elts) > 1 else ():
                    rest = "".join(f"{self.text(item)}, " for item in right.elts if item is not dropped)
                    yield self._mutant("member dropped", right, f"({rest})", around)

    def _connective(self, node: ast.BoolOp, around: Spans) -> Iterator[Mutant]:
        word, other = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        parts = [f"({self.text(value)})" for value in node.values]
        yield self._mutant(f"{word} became {other}", node, f"({f' {other} '.join(parts)})", around)
        for index in range(len(parts)):
            rest = f" {word} ".join(parts[:index] + parts[index + 1 :])
            yield self._mutant("operand dropped", node, f"({rest})", around)

    def _swap(
        self,
        what: str,
        node: ast.expr,
        left: ast.expr,
        right: ast.expr,
        words: tuple[str, str],
        around: Spans,
    ) -> Iterator[Mutant]:
        """The operator between two operands becomes another one."""
        start, end = self.span(left)[1], self.span(right)[0]
        match = re.search(words[0], self.source[start:end].decode())
        if match:
            yield self._mutant(what, node, words[1], around, (start + match.start(), start + match.end()))

    def _defaults(self, function: ast.FunctionDef | ast.AsyncFunctionDef, around: Spans) -> Iterator[Mutant]:
        for default in (*function.args.defaults, *filter(None, function.args.kw_defaults)):
            if isinstance(default, ast.Constant) and type(default.value) in (bool, int):
                yield self._mutant("default changed", default, self._other(default.value), around)

    @staticmethod
    def _other(value: bool | int) -> str:
        return str(not value) if isinstance(value, bool) else str(value + 1)


def _is_boolean(node: ast.expr) -> bool:
    """True for what is there to be true or false."""
    if isinstance(node, ast.BoolOp):
        return any(_is_boolean(value) for value in node.values)
    is_not = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
    named = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _BOOLEAN
    return is_not or named or isinstance(node, ast.Compare)


_BOOLEAN = ("any", "all", "isinstance", "bool")


def _own_lines(statement: ast.stmt) -> Span:
    """The lines of a statement without those of the statements in it."""
    below = getattr(statement, "body", None) or getattr(statement, "cases", None)
    inner = below[0] if below else None
    first = getattr(inner, "lineno", None) or getattr(getattr(inner, "pattern", None), "lineno", None)
    last = first - 1 if first else statement.end_lineno or statement.lineno
    return statement.lineno, max(last, statement.lineno)


def _cannot_happen(statement: ast.stmt) -> bool:
    """True for what is there for type checkers and for those who break the program, which no test can reach."""
    if isinstance(statement, ast.Raise):
        return "AssertionError" in ast.unparse(statement)
    if isinstance(statement, ast.If):
        only = statement.body[0] if len(statement.body) == 1 else None
        return ast.unparse(statement.test) == "TYPE_CHECKING" or (only is not None and _cannot_happen(only))
    return False
