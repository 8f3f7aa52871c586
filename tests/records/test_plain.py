"""The reader of plain YAML says what the parser of the whole language says, or nothing."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from itsm_as_code.records import plain
from itsm_as_code.records.document import Refused, check_text, parse_whole
from itsm_as_code.records.writer import dump
from tests.fuzz.documents import changed, originals

READ = {
    "a mapping": "a: 1\nb: x\n",
    "a mapping in one": "a:\n  b: x\n  c:\n    d: y\ne: z\n",
    "a sequence": "a:\n- x\n- y\nb: z\n",
    "a sequence that is indented": "a:\n  - x\n  - y\nb: z\n",
    "a sequence of mappings": "a:\n- b: x\n  c: y\n- b: z\n",
    "a sequence in a mapping in a sequence": "a:\n- b:\n  - x\n  - y\n  c: z\n",
    "nothing": "a:\nb: x\n",
    "nothing at the end": "a: x\nb:\n",
    "nothing in a sequence": "a:\n- b:\n- c: x\n",
    "constants": "a: true\nb: false\nc: null\nd: Null\ne: [true, x]\nf: {g: null}\n",
    "what is no constant": "a: True\nb: yes\nc: nullable\nd: true story\n",
    "numbers": "a: 7\nb: 007\nc: 1.50\nd: 123456789012345678\n",
    "what begins like a number": "a: 2026-01-01\nb: 24:00\nc: 3 of them\nd: 2026-01-01T00:00:00Z\n",
    "a text on several lines": "a: one\n  two\n  three\nb: x\n",
    "a number on several lines": "a: 1\n  2\nb: x\n",
    "a text on several lines in a sequence": "a:\n- one\n  two\n- three\n",
    "an empty line": "a: x\n\nb: y\n\n\n",
    "an empty line behind a text on several lines": "a: x\n  y\n\nb: z\n",
    "comments": "# one\na: x\n# two\nb:\n# three\n  c: y\n  # four\n",
    "quotes": "a: 'it''s'\nb: \"x: y # z\"\nc: ''\nd: \"\"\ne: ''''\n",
    "a text as written": "a: |\n  x\n  y: z # w\n\n  v\n\nb: u\n",
    "a text without its end": "a: |-\n  x\n  y\nb: z\n",
    "a folded text": "a: >\n  x\n  y\n\n  z\n\n\n  w\nb: v\n",
    "a folded text without its end": "a:\n- b: >-\n    x\n    y\n  c: z\n",
    "words": "a: [x, y-1, z.w]\nb: []\nc: {}\nd: {e: f, g: 2}\n",
    "letters": "a: Zürich, Łódź\nb: \"日本\"\n",
    "signs within a text": "a: x [y], {z} & 'w' | v > u * t ! s % r @ q ` p\n",
}  # fmt: skip
"""Sources that are read here."""
LEFT = {
    "no mapping": "- a\n",
    "nothing at all": "\n",
    "only a comment": "# a\n",
    "a key that stands twice": "a: x\na: y\n",
    "a key that stands twice, in braces": "a: {b: x, b: y}\n",
    "a key that is no text": "true: x\n",
    "a key that is no text, in braces": "a: {null: x}\n",
    "a text with a colon": "a: b: c\n",
    "a text with a colon at its end": "a: b:\n",
    "a text with a comment": "a: b # c\n",
    "a text that goes on with a colon": "a: b\n  c: d\n",
    "a text that goes on with a comment": "a: b\n  c # d\n",
    "a text that goes on with a dash": "a: b\n  - c\n",
    "a text behind a comment": "a: b\n  # c\n  d\n",
    "paragraphs": "a: b\n\n  c\n",
    "an anchor": "a: &b c\n",
    "an alias": "a: *b\n",
    "a tag": "a: !b c\n",
    "an escape": 'a: "\\u0041"\n',
    "quotes that do not end": "a: 'b\n",
    "quotes on two lines": "a: 'b\n  c'\n",
    "quotes and more": "a: 'b' c\n",
    "a quote within quotes": 'a: "b" "c"\n',
    "a list on two lines": "a: [b,\n  c]\n",
    "a tab": "a:\tb\n",
    "a carriage return": "a: b\r\n",
    "a next line": "a: b\u0085c: d\n",
    "a line separator": "a: b\u2028c: d\n",
    "a space at the end of a line": "a: b \n",
    "no end of the last line": "a: b",
    "a document mark": "---\na: b\n",
    "a second document": "a: b\n---\nc: d\n",
    "an end of a document": "a: b\n...\n",
    "a directive": "%YAML 1.2\n",
    "a large number": "a: 1234567890123456789\n",
    "a number of another base": "a: 0x10\nb: 0o7\n",
    "a number with an exponent": "a: 1e3\n",
    "a number with a sign": "a: -1\n",
    "no number": "a: .nan\n",
    "a text that begins further in than others": "a: |\n    b\n  c\n",
    "a text whose lines are indented": "a: |\n  b\n    c\nd: e\n",
    "a text with an indentation": "a: |2\n  b\n",
    "a text that keeps its end": "a: |+\n  b\n\n",
    "a text of no lines": "a: |\nb: c\n",
    "a sequence in a sequence": "a:\n- - b\n",
    "an item of nothing": "a:\n-\n",
    "a sequence beside a mapping": "a: b\n- c\n",
    "a mapping beside a sequence": "a:\n  - b\n  c: d\n",
    "a mapping that begins between others": "a:\n    b: c\n  d: e\n",
    "a first key that is indented": "  a: b\n",
    "a word without a colon": "a: b\nc\n",
    "a key with a space": "a b: c\n",
    "a key in quotes": "'a': b\n",
    "a question mark": "? a\n: b\n",
    "too many levels": "".join(f"{' ' * level}a:\n" for level in range(40)),
    "too many levels of sequences": "a:\n" + "".join(f"{'  ' * level}- a:\n" for level in range(40)),
}
"""Sources that are left to the parser of the whole language, be they refused by it or not."""


@pytest.mark.parametrize("source", READ.values(), ids=READ)
def test_plain_sources_are_read_here_as_the_whole_language_has_them(source: str) -> None:
    assert same(source.encode()) is True


@pytest.mark.parametrize("source", LEFT.values(), ids=LEFT)
def test_other_sources_are_left_to_the_parser_of_the_whole_language(source: str) -> None:
    assert plain.read(source.encode()) is None


def test_the_records_of_this_repository_are_read_alike() -> None:
    assert sum(same(source) is True for source in originals().values()) > 300


_TEXT = st.text("aZ 0:#-'\"|>[]{},.äé\n", max_size=40)
_SCALAR = st.none() | st.booleans() | st.integers(-5, 5000) | st.floats(0, 99) | _TEXT
_DATA = st.recursive(
    _SCALAR,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abc-", min_size=1, max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text("abc", min_size=1, max_size=3), _DATA, min_size=1, max_size=4))
def test_what_this_program_writes_is_read_alike(data: dict[str, object]) -> None:
    same(dump(data))


@given(st.randoms(use_true_random=False))
def test_lines_at_random_are_read_alike(dice: random.Random) -> None:
    for _ in range(20):
        same(next(sources(dice)))


@pytest.mark.deep
def test_changed_sources_by_the_hundred_thousand_are_read_alike(record_property: Callable[[str, object], None]) -> None:
    wanted, seed = int(os.environ.get("FUZZ_SOURCES", "400000")), int(os.environ.get("FUZZ_SEED", "1"))
    made = sources(random.Random(seed))
    said = [same(next(made)) for _ in range(wanted)]
    record_property("sources read twice", f"seed {seed}|{wanted:,} sources|{said.count(True):,} of the plain part")
    assert said.count(True) > wanted // 20


def same(source: bytes) -> bool | None:
    """True for a source that both read alike, None for one that is not of the plain part or has other characters."""
    try:
        check_text(source)
    except Refused:
        return None
    found = plain.read(source)
    if found is None:
        return None
    try:
        assert repr(found) == repr(parse_whole(source)), source  # 1, 1.0 and True are equal, and not the same
    except (Refused, yaml.YAMLError) as error:
        raise AssertionError(source) from error
    return True


_STARTS = (b"", b"", b"- ", b"- ")
_KEYS = (b"a: ", b"b: ", b"c: ", b"d:", b"e:", b"f:", b"")
_SAID = (
    b"x", b"y z", b'"q"', b"'s'", b"[a, b]", b"{k: v}", b"|", b">-", b">", b"|-", b"", b"", b"", b"1", b"true",
    b"# c", b"x # y", b"(p", b"/p", b"2026-01-01", b"true story", b"1.5", b"x, y]", b"it's",
)  # fmt: skip
_BITS = (
    b"- ", b": ", b":", b"#", b" #", b"\n", b"  ", b" ", b"'", b'"', b"[", b"]", b"{", b"}", b", ", b"|", b">", b"|-\n",
    b">-\n", b"\n\n", b"null", b"~", b"0x1", b"1e3", b".5", b"-", b"---", b"...", b"&a", b"*a", b"!t", b"%", b"@", b"`",
    b"?", b"? ", b"<<", b"\t", b"\xc2\x85", b"\xe2\x80\xa8", b"\xc2\xa0", b"\xc3\xa4", b"a: b", b"a:\n", b"\n  - ",
    b"''", b"\\", b"0o7", b"1_0", b"12:30", b"1.", b"0", b"+1",
)  # fmt: skip


def sources(dice: random.Random) -> Iterator[bytes]:
    """Sources put together from lines, or records of this repository that were changed, without an end."""
    while True:
        if dice.random() < 0.7:
            lines = (
                b" " * dice.choice((0, 0, 0, 2, 2, 2, 4, 4, 1, 3, 6)) + dice.choice(_STARTS) + dice.choice(_KEYS)
                + dice.choice(_SAID) + (dice.choice(_BITS) if dice.random() < 0.07 else b"")
                for _ in range(dice.randrange(1, 9))
            )  # fmt: skip
            yield dice.choice((b"a0:\n", b"")) + b"\n".join(lines) + dice.choice((b"\n", b"\n", b"", b"\n\n"))
            continue
        source = dice.choice(list(originals().values()))
        if dice.random() < 0.5:
            source = changed(dice, source, dice.randrange(1, 3))
        for _ in range(dice.randrange(3)):
            at = dice.randrange(len(source) + 1)
            source = source[:at] + dice.choice(_BITS) + source[at + dice.randrange(3) :]
        yield source
