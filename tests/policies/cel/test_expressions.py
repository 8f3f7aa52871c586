"""Trees of expressions: the same language as the runtime's, with every part at its place."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itsm_as_code.policies.cel.environment import Environment
from itsm_as_code.policies.cel.expressions import Node, line_and_column, offset_of, parse
from itsm_as_code.policies.cel.tokens import SyntaxProblem
from itsm_as_code.records.document import load
from itsm_as_code.records.facts import Facts
from tests.conftest import ROOT, examples

RUNTIME = Environment(Facts({}))._environment


def texts(data: Any) -> list[str]:
    """The expressions of a Policy or an ApprovalPolicy."""
    spec = data["spec"]
    if data["kind"] == "Policy":
        return [spec["match"].get("where", "true"), spec["require"], spec["message"]]
    return [rule["match"]["where"] for rule in spec.get("rules", ()) if "where" in rule["match"]]


@cache
def expressions() -> tuple[str, ...]:
    """Every expression of this repository."""
    found: set[str] = set()
    for path in sorted(ROOT.joinpath("policies").rglob("*.yaml")):
        data: Any = load(path.name, path.read_bytes()).data  # type: ignore[union-attr]
        if data["kind"] in ("Policy", "ApprovalPolicy"):
            found.update(texts(data))
    return tuple(sorted(found))


def is_cel(text: str) -> bool:
    try:
        RUNTIME.compile(text, True)
    except RuntimeError as error:
        if "recursion" in str(error):
            raise RecursionError from None
        return False
    return True


def is_ours(text: str) -> bool:
    try:
        parse(text)
    except SyntaxProblem as problem:
        return not 0 <= problem.offset <= len(text)
    return True


def test_every_expression_of_this_repository_is_read() -> None:
    assert len(expressions()) > 100
    assert all(is_ours(text) and is_cel(text) for text in expressions())


PIECES = [*"()[]{},.?:!-+*/%<>'\"\\`= \n", "&&", "||", "==", "in", "1", "0x", "0x1F", "1u", "1e999", "1.5", ".5", "a"]
PIECES += ["for", "true", "null", "r'", "b'", "'''", "//", "`a`", "has(", "all(x,", "map(", "size()", "é", "\\x41"]
PIECES += ["\\400", "..", "a{", "{1:2,}", "[1,]", "-1", "99999999999999999999", ".m"]
EDITS = st.lists(
    st.tuples(st.integers(0, 4000), st.integers(0, 4), st.sampled_from(["", *PIECES])), min_size=1, max_size=4
)


@given(st.sampled_from(expressions()), EDITS, st.tuples(st.integers(0, 4000), st.integers(1, 60)))
@settings(max_examples=examples(180))
def test_what_is_an_expression_is_what_the_runtime_takes_for_one(
    text: str, edits: list[tuple[int, int, str]], piece: tuple[int, int]
) -> None:
    for place, removed, added in edits:
        place %= len(text) + 1
        text = text[:place] + added + text[place + removed :]
    start = piece[0] % (len(text) + 1)
    for candidate in (text, text[start : start + piece[1]]):
        try:
            assert is_ours(candidate) == is_cel(candidate), repr(candidate)
        except RecursionError:
            continue


SAME = {
    "reserved": "object.for == 1",
    "reserved variable": "for == 1",
    "keyword as field": "object.in",
    "optional": "a.?b",
    "quoted field": "object.`a-b/c d`",
    "quoted variable": "`a`",
    "has a variable": "has(a)",
    "has a field": "has(a.b)",
    "has an index": "has(a[0])",
    "absolute": ".object.spec == .has(1)",
    "loop over no name": "[1].all(a.b, true)",
    "loop with one argument": "[1].all(x)",
    "signs": "!!true && --1 == 1 && !-1",
    "mixed signs": "-!true",
    "two conditions": "1 ? 2 ? 3 : 4 : 5",
    "nested condition": "1 ? (2 ? 3 : 4) : 5 ? 6 : 7",
    "message": "a.b{c: 1, `d`: 2,} == .a{}",
    "empty list": "[,] == {,}",
    "lone comma": "f(1,)",
    "least": "-9223372036854775808",
    "less": "--9223372036854775808",
    "octal": "'\\377' + '\\400'",
    "surrogate": "'\\ud800'",
    "bytes": "b'\\u1234' == br'\\u1234'",
    "three quotes": '\'\'\'a\nb\'\'\' + """c"d"""',
    "line break": "'a\nb'",
    "comment": "1 // one\n+ 2",
    "call of a call": "a.b(1)(2)",
    "nothing": "",
    "space": " \t",
    "no-break space": "\u00a01",
    "wide": "'😀' + '\\U0001F600'",
}


@pytest.mark.parametrize("name", SAME)
def test_corners_of_the_language(name: str) -> None:
    assert is_ours(SAME[name]) == is_cel(SAME[name])


def shape(node: Node, shift: int) -> Any:
    """A tree without its places."""
    assert node.start >= shift
    return node.kind, node.name, node.value, [shape(child, shift) for child in node.children]


@pytest.mark.parametrize("text", expressions())
def test_every_part_stands_where_it_says(text: str) -> None:
    for node in parse(text).walk():
        assert shape(parse(text[node.start : node.end]), 0) == shape(node, node.start)
        if node.kind in ("identifier", "select", "call", "method", "binary", "logic", "unary"):
            assert all(text.startswith(node.name, at) for at in node.at), node
            assert node.at
        for child in node.children:
            assert node.start <= child.start < child.end <= node.end


@given(st.text("ab\n😀", max_size=40), st.integers(0, 40))
def test_lines_and_columns_lead_back(text: str, offset: int) -> None:
    offset = min(offset, len(text))
    assert offset_of(text, *line_and_column(text, offset)) == offset


@pytest.mark.parametrize("text", ["(" * 2000, "!" * 4000, "1+" * 2000, "a" + ".b" * 1999, "[" * 4000, "-" * 4000])
def test_nothing_nests_without_end(text: str) -> None:
    assert not is_ours(text)


@pytest.mark.parametrize(
    ("text", "message", "offset"),
    [
        ("a = b", "'=' is no part of CEL; compare with ==", 2),
        ("a & b", "'&' is no part of CEL; write &&", 2),
        ("(a", "the expression ends where ')' is expected", 2),
        ("a b", "'b' stands where an operator or the end is expected", 2),
        ("a.all(1, true)", "the first argument of all() is the name of its variable", 6),
        ("x == 'open", "the text is not closed, or has an escape that CEL does not know", 5),
    ],
)
def test_what_is_wrong_is_said_at_its_place(text: str, message: str, offset: int) -> None:
    with pytest.raises(SyntaxProblem) as caught:
        parse(text)
    assert (caught.value.message, caught.value.offset) == (message, offset)
