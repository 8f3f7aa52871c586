"""The place of a token inside a text, however YAML writes the text."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from itsm_as_code.findings import Pointer
from itsm_as_code.records.document import Refused, parse
from itsm_as_code.records.positions import Place, locate_inside, plain_scalars
from tests.conftest import examples

WRITTEN = [
    "b: one == zq.two",
    "b: one ==\n  zq.two\n  && three",
    "b: one\n\n\n  zq",
    "b: 'it''s' + 'x'\n",
    "b: '''a'' == zq'",
    "b: 'one ''and''\n\n  zq'",
    'b: "a \\" == \\x7a\\u0041zq"',
    'b: "one \\\n   zq"',
    'b: "one\n\n   zq"',
    'b: "\\tone\\n zq"',
    "b: |\n  one\n  zq\n",
    "b: |-\n  one\n    zq\n\n",
    "b: |2-\n    one\n   zq\n",
    "b: >-\n  one ==\n  zq\n",
    "b: >2+\n   one\n   zq\n\n",
    "b: > # a comment with zq\n\n  one\n\n    deeper\n    zq\n  two\n",
    "b: [x, one, zq]\n",
    "b: {c: zq}\n",
    "b:\n- x\n- |\n  ü€😀 zq\n",
    "b: ü€😀 zq",
    "b: one zq # zq",
]


def place_inside(source: bytes, pointer: Pointer, offset: int) -> Place:
    """The place of one character."""
    (place,) = locate_inside(source, [(pointer, offset)])
    return place


def walk(data: Any, at: tuple[Any, ...] = ()) -> Any:
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        yield from walk(value, (*at, key))
    if isinstance(data, str):
        yield at, data


@pytest.mark.parametrize("source", [text for text in WRITTEN if "zq" in text])
def test_a_token_is_found_in_every_style(source: str) -> None:
    ((pointer, value),) = [(at, text) for at, text in walk(parse(source.encode())) if "zq" in text]
    line, column = place_inside(source.encode(), pointer, value.index("zq"))
    assert source.split("\n")[line - 1][column - 1 :].startswith("zq"), (line, column)


WORDS = st.lists(
    st.one_of(
        st.sampled_from(
            ["object.spec.tier", "==", "'it'", '"x"', "&&", "\\", "ü", "😀", "#", ":", "- a", "[", "{", "%"]
        ),
        st.text("ab'\"\\:#-é", min_size=1, max_size=5),
    ),
    max_size=12,
)
SPACES = st.sampled_from([" ", "  ", "\n", "\n  ", "\n\n", " \n", "\t"])


@given(WORDS, st.lists(SPACES, min_size=30, max_size=30), st.data())
@settings(max_examples=examples(45))
def test_a_token_is_found_however_a_text_is_written(words: list[str], spaces: list[str], data: st.DataObject) -> None:
    words.insert(data.draw(st.integers(0, len(words))), "zqzq")
    text = "".join(word + space for word, space in zip(words, spaces, strict=False)).rstrip()
    style = data.draw(st.sampled_from([None, "'", '"', "|", ">"]))
    width, indent = data.draw(st.sampled_from([10, 40, 400])), data.draw(st.integers(2, 6))
    document = {"first": {"list": ["x", text]}, "second": 1}
    source = yaml.dump(
        document, default_style=style, width=width, indent=indent, allow_unicode=data.draw(st.booleans())
    )
    source = re.sub(r"!!int ", "", source)
    try:
        assume(parse(source.encode())["first"]["list"][1] == text)
    except Refused:
        assume(False)
    line, column = place_inside(source.encode(), ("first", "list", 1), text.index("zqzq"))
    assert source.split("\n")[line - 1][column - 1 :].startswith("zqzq"), (source, line, column)
    for offset, character in enumerate(text):
        line, column = place_inside(source.encode(), ("first", "list", 1), offset)
        found = source.split("\n")[line - 1][column - 1 :]
        if character.isascii() and character not in " \t\n" and not found.startswith("\\"):
            assert found.startswith(character), (source, line, column)


def test_what_is_no_text_is_shown_where_it_stands() -> None:
    assert place_inside(b"a: {b: 1}\n", ("a",), 3) == (1, 1)
    assert place_inside(b"a: {b: 1}\n", ("gone",), 3) == (1, 1)
    assert place_inside(b"a: ''\n", ("a",), 0) == (1, 4)
    assert place_inside(b"a: one\n", ("a",), 3) == (1, 7)


def test_what_is_written_without_quotes() -> None:
    found = plain_scalars(b"a: 1.10\nb: '0042'\nc: \"1.10\"\nd: [0042]\ne: |\n  1.10\n")
    assert found == {("a",): "1.10", ("d", 0): "0042"}
