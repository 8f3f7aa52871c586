"""CEL expressions as trees with source offsets: what the runtime parses but does not hand out.

Grammar: https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax. Checks and tests of policies need to know
where each name, operator and constant stands; the runtime's own parser stays the judge of what is CEL. A test holds
both side by side over this repository's expressions and thousands of changed ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from itsm_as_code.policies.cel.tokens import END, SyntaxProblem, Token, literal, tokens

MAX_DEPTH: Final = 64
"""Levels of nesting; the runtime stops at 32 of its own, which are never more than these."""
RESERVED: Final = frozenset(
    ("as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "namespace")
).union(("package", "return", "var", "void", "while"))
"""Words that may be fields, but neither variables nor functions."""
MACROS: Final = {"all": (2,), "exists": (2,), "exists_one": (2,), "map": (2, 3), "filter": (2,)}
"""The loops, with their numbers of arguments; the first argument names the loop's variable."""


@dataclass(frozen=True, slots=True)
class Node:
    """A part of an expression; ``start`` and ``end`` are offsets in characters, parentheses around it left out.

    ``kind`` is one of: ``literal`` (``name`` is its type: int, uint, double, string, bytes, bool, null, and ``value``
    its value), ``identifier`` (``name``), ``select`` (a field: ``name``, of the one child), ``index`` (children: what,
    at), ``call`` (``name``, children: arguments), ``method`` (``name``, children: target, then arguments; loops are
    methods too), ``list``, ``map`` (children: key, value, key, value...), ``message`` (``name``, children: values),
    ``unary`` (``name``: ``!`` or ``-``), ``binary`` (``name``: the operator), ``logic`` (``name``: ``&&`` or ``||``,
    two or more children), ``conditional`` (three children).

    ``at`` holds the offsets of the tokens that make the node what it is: those of the operators (one for each sign of
    a ``unary``, one fewer than children for ``logic``), of the name of a field, variable, function or method.
    """

    kind: str
    start: int
    end: int
    children: tuple[Node, ...] = ()
    name: str = ""
    at: tuple[int, ...] = ()
    value: object = None

    def walk(self) -> Iterator[Node]:
        """The node and all below it, parents first, in the order of the text."""
        todo = [self]
        while todo:
            node = todo.pop()
            yield node
            todo.extend(reversed(node.children))

    @property
    def is_loop(self) -> bool:
        """True for ``all``, ``exists``, ``exists_one``, ``map`` and ``filter``, which bring a variable along."""
        return self.kind == "method" and len(self.children) - 1 in MACROS.get(self.name, ())

    @property
    def is_has(self) -> bool:
        """True for ``has(a.b)``."""
        return self.kind == "call" and self.name == "has" and len(self.children) == 1


@lru_cache(maxsize=4096)
def parse(text: str) -> Node:
    """The tree of an expression; :class:`SyntaxProblem` when it is none."""
    return _node(READY[text]) if text in READY else _Parser(text).parse()


READY: Final[dict[str, list[Any]]] = {}
"""Trees that an earlier run made, as plain data (:mod:`~itsm_as_code.policies.cel.kept`)."""


def _node(row: list[Any]) -> Node:
    kind, start, end, below, name, at, value = row
    return Node(kind, start, end, tuple(map(_node, below)), name, tuple(at), value)


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    """Line and column (from 1, in characters) of an offset, as the runtime counts them."""
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def offset_of(text: str, line: int, column: int) -> int:
    """The offset of a line and column (from 1), within the text at all events."""
    start = 0
    for _ in range(line - 1):
        start = text.find("\n", start) + 1
    return max(0, min(start + column - 1, len(text)))


_BINARY: Final = ({"<", "<=", ">=", ">", "==", "!=", "in"}, {"+", "-"}, {"*", "/", "%"})


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = tokens(text)
        self._index = 0
        self._depth = 0

    def parse(self) -> Node:
        node = self._expression()
        if self._token.kind != END:
            raise self._unexpected("an operator or the end")
        return node

    @property
    def _token(self) -> Token:
        return self._tokens[self._index]

    @property
    def _last_end(self) -> int:
        return self._tokens[self._index - 1].end

    def _next(self) -> Token:
        token = self._token
        self._index += 1
        return token

    def _sees(self, *texts: str) -> bool:
        return self._token.kind == "operator" and self._token.text in texts

    def _expect(self, text: str) -> Token:
        if not self._sees(text):
            raise self._unexpected(f"'{text}'")
        return self._next()

    def _unexpected(self, wanted: str) -> SyntaxProblem:
        token = self._token
        found = "the expression ends" if token.kind == END else f"'{token.text}' stands"
        return SyntaxProblem(f"{found} where {wanted} is expected", token.start)

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise SyntaxProblem(f"more than {MAX_DEPTH} levels of nesting", self._token.start)

    def _expression(self) -> Node:
        self._deeper()
        start = self._token.start
        condition = self._logic("||")
        if self._sees("?"):
            first = self._next()
            yes = self._logic("||")
            second = self._expect(":")
            no = self._expression()
            parts = (condition, yes, no)
            condition = Node("conditional", start, self._last_end, parts, at=(first.start, second.start))
        self._depth -= 1
        return condition

    def _logic(self, operator: str) -> Node:
        def below() -> Node:
            return self._logic("&&") if operator == "||" else self._binary(0)

        start = self._token.start
        parts, places = [below()], []
        while self._sees(operator):
            places.append(self._next().start)
            parts.append(below())
        if not places:
            return parts[0]
        return Node("logic", start, self._last_end, tuple(parts), operator, tuple(places))

    def _binary(self, level: int) -> Node:
        if level == len(_BINARY):
            return self._unary()
        start = self._token.start
        left = self._binary(level + 1)
        count = 0
        while self._sees(*_BINARY[level]):
            count += 1
            self._deeper()
            operator = self._next()
            right = self._binary(level + 1)
            left = Node("binary", start, self._last_end, (left, right), operator.text, (operator.start,))
        self._depth -= count
        return left

    def _unary(self) -> Node:
        if not self._sees("!", "-"):
            return self._member()
        sign = self._token.text
        places = []
        while self._sees(sign):
            places.append(self._next().start)
        if sign == "-" and len(places) == 1 and self._token.kind in ("int", "double"):
            self._index -= 1  # the sign belongs to the number
            return self._member()
        operand = self._member()
        return Node("unary", places[0], self._last_end, (operand,), sign, tuple(places))

    def _member(self) -> Node:
        start = self._token.start
        node = self._primary()
        count = 0
        while self._sees(".", "["):
            count += 1
            self._deeper()
            if self._next().text == "[":
                at = self._expression()
                node = Node("index", start, self._expect("]").end, (node, at), at=(at.start,))
                continue
            name = self._token
            if name.kind not in ("name", "quoted"):
                raise self._unexpected("the name of a field")
            self._next()
            if name.kind == "name" and self._sees("("):
                arguments = self._arguments()
                node = Node("method", start, self._last_end, (node, *arguments), name.text, (name.start,))
                _check_loop(node)
            else:
                node = Node("select", start, name.end, (node,), name.text.strip("`"), (name.start,))
        self._depth -= count
        return node

    def _primary(self) -> Node:
        token = self._token
        if self._sees("("):
            self._next()
            node = self._expression()
            self._expect(")")
            return node
        if self._sees("["):
            self._next()
            items = self._entries("]")
            return Node("list", token.start, self._last_end, tuple(items))
        if self._sees("{"):
            self._next()
            entries = self._entries("}", self._map_key)
            return Node("map", token.start, self._last_end, tuple(entries))
        if self._sees(".") or token.kind == "name":
            return self._named()
        if token.kind in ("string", "int", "uint", "double", "constant") or self._sees("-"):
            return self._literal()
        raise self._unexpected("a value")

    def _named(self) -> Node:
        start = self._token.start
        absolute = self._sees(".")
        if absolute:
            self._next()
        name = self._token
        if name.kind != "name":
            raise self._unexpected("a name")
        self._next()
        message = self._message(start)
        if message is not None:
            return message
        if name.text in RESERVED:
            raise SyntaxProblem(f"'{name.text}' is a reserved word", name.start)
        if self._sees("("):
            arguments = tuple(self._arguments())
            node = Node("call", start, self._last_end, arguments, "." * absolute + name.text, (name.start,))
            _check_has(node)
            return node
        return Node("identifier", start, name.end, (), name.text, (name.start,))

    def _message(self, start: int) -> Node | None:
        """``a.b.C{field: value}``, which the language has and policies have no use for; None when it is no such."""
        index = self._index
        while self._sees(".") and self._tokens[self._index + 1].kind == "name":
            self._index += 2
        if not self._sees("{"):
            self._index = index
            return None
        name = "".join(token.text for token in self._tokens[index - 1 : self._index])
        self._next()
        values = self._entries("}", self._field_name)
        return Node("message", start, self._last_end, tuple(values), name, (start,))

    def _arguments(self) -> list[Node]:
        self._expect("(")
        found = []
        if not self._sees(")"):
            found.append(self._expression())
            while self._sees(","):
                self._next()
                found.append(self._expression())
        self._expect(")")
        return found

    def _entries(self, closing: str, before: Callable[[], Iterable[Node]] = tuple) -> list[Node]:
        """What stands in brackets up to ``closing``: expressions, each with what ``before`` reads before it."""
        found: list[Node] = []
        while not self._sees(closing, ","):
            found += before()
            found.append(self._expression())
            if not self._sees(",") or self._tokens[self._index + 1].text == closing:
                break
            self._next()
        if self._sees(","):
            self._next()
        self._expect(closing)
        return found

    def _map_key(self) -> list[Node]:
        key = self._expression()
        self._expect(":")
        return [key]

    def _field_name(self) -> list[Node]:
        if self._token.kind not in ("name", "quoted"):
            raise self._unexpected("the name of a field")
        self._next()
        self._expect(":")
        return []

    def _literal(self) -> Node:
        first = self._next()
        sign = -1 if first.text == "-" and first.kind == "operator" else 1
        if sign < 0 and self._token.kind not in ("int", "double"):
            raise self._unexpected("a number")
        token = self._next() if sign < 0 else first
        kind, value = literal(token, sign)
        return Node("literal", first.start, token.end, (), kind, (first.start,), value)


def _check_has(node: Node) -> None:
    if node.is_has and node.children[0].kind != "select":
        raise SyntaxProblem("has() takes a field, as in has(object.spec.owner)", node.children[0].start)


def _check_loop(node: Node) -> None:
    if not node.is_loop:
        return
    variable = node.children[1]
    if variable.kind != "identifier" or variable.start != variable.at[0]:
        message = f"the first argument of {node.name}() is the name of its variable"
        raise SyntaxProblem(message, variable.start)
