"""The strict loader: what is refused and where, what stays text, and that nothing takes it down."""

from __future__ import annotations

import json
import re
import sys
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from itsm_as_code.findings import Finding
from itsm_as_code.records.characters import DUAL_JOINING, FORBIDDEN, RIGHT_JOINING, VIRAMA
from itsm_as_code.records.document import MAX_BYTES, MAX_DEPTH, Document, load
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.reading import load_catalogue
from itsm_as_code.snapshot import WorkTree
from tests.conftest import examples
from tests.limits import within

INT64 = 1 << 63


def refused(source: bytes | str) -> str:
    """``rule line:column`` of the finding that a source gives."""
    found = load("x.yaml", source if isinstance(source, bytes) else source.encode())
    assert isinstance(found, Finding), f"accepted as {found.data}"
    place = str(found.location).removeprefix("x.yaml").removeprefix(":")
    assert found.message
    assert "\n" not in found.message
    return f"{found.rule} {place}".strip()


def accepted(source: bytes | str) -> Any:
    """The data of a source that must be accepted."""
    found = load("x.yaml", source if isinstance(source, bytes) else source.encode())
    assert isinstance(found, Document), f"refused: {found.rule} {found.location}: {found.message}"
    return found.data


REFUSED = {
    "empty": ("", "yaml-syntax 1:1"),
    "only a comment": ("# nothing\n", "yaml-syntax 1:1"),
    "only a document mark": ("---\n", "yaml-syntax 2:1"),
    "a sequence": ("- a\n", "yaml-syntax 1:1"),
    "a scalar": ("text\n", "yaml-syntax 1:1"),
    "a second document": ("a: 1\n---\nb: 2\n", "yaml-feature 2:1"),
    "a second document after an end": ("a: 1\n...\nb: 2\n", "yaml-syntax 3:1"),
    "a directive": ("%YAML 1.1\n---\na: no\n", "yaml-feature 1:1"),
    "a tag directive": ("%TAG ! tag:x,2000:\n---\na: 1\n", "yaml-feature 1:1"),
    "an anchor": ("a: &x 1\n", "yaml-feature 1:4"),
    "an anchor on a key": ("&x a: 1\n", "yaml-feature 1:1"),
    "an anchor on a sequence": ("a: &x [1]\n", "yaml-feature 1:4"),
    "an anchor on a mapping": ("a: &x {b: 1}\n", "yaml-feature 1:4"),
    "an alias of nothing": ("a: 1\nb: *a\n", "yaml-feature 2:4"),
    "an alias as a key": ("a: 1\n*a : 2\n", "yaml-feature 2:1"),
    "an alias of an anchor": ("a: &x 1\nb: *x\n", "yaml-feature 1:4"),
    "a merge key": ("a: 1\n<<: {b: 2}\n", "yaml-feature 2:1"),
    "a tag": ("a: !!str 1\n", "yaml-feature 1:4"),
    "a local tag": ("a: !secret x\n", "yaml-feature 1:4"),
    "a python tag": ("a: !!python/object/apply:os.system [id]\n", "yaml-feature 1:4"),
    "the non-specific tag": ("a: ! 1\n", "yaml-feature 1:4"),
    "a tag at the top": ("!x\na: 1\n", "yaml-feature 1:1"),
    "a binary": ("a: !!binary aGk=\n", "yaml-feature 1:4"),
    "a duplicate key": ("a: 1\nb: 2\na: 3\n", "yaml-duplicate-key 3:1"),
    "a duplicate key, quoted": ('a: 1\n"a": 2\n', "yaml-duplicate-key 2:1"),
    "a duplicate key, escaped": ('a: 1\n"\\u0061": 2\n', "yaml-duplicate-key 2:1"),
    "a duplicate key, deep": ("a:\n  - b: {c: 1, d: 2, c: 3}\n", "yaml-duplicate-key 2:21"),
    "a duplicate key, block": ("a: 1\n? |-\n  a\n: 2\n", "yaml-duplicate-key 2:3"),
    "a key that is a number": ("1: a\n", "yaml-syntax 1:1"),
    "a key that is a boolean": ("true: a\n", "yaml-syntax 1:1"),
    "a key that is null": ("~: a\n", "yaml-syntax 1:1"),
    "a key that is empty": (": a\n", "yaml-syntax 1:1"),
    "a key that is a list": ("[a]: 1\n", "yaml-syntax 1:1"),
    "a key that is a mapping": ("{a: 1}: 1\n", "yaml-syntax 1:1"),
    "a key that is a list, explicitly": ("? [a]\n: 1\n", "yaml-syntax 1:3"),
    "a tab in indentation": ("a:\n\tb: 1\n", "yaml-syntax 2:1"),
    "a tab after spaces": ("a:\n  \tb: 1\n", "yaml-syntax 2:3"),
    "a tab in a flow list": ("a: [\n\tb]\n", "yaml-character 2:1"),
    "a tab in folded quotes": ('a: "b\n \tc"\n', "yaml-character 2:2"),
    "a tab after a block scalar": ("a: |\n  x\nb: [\n\t1]\n", "yaml-character 4:1"),
    "a NUL": (b"a: b\x00c\n", "yaml-encoding"),
    "a NUL beside UTF-8": ("a: ü\x00\n", "yaml-encoding"),
    "UTF-16": ("a: b\n".encode("utf-16"), "yaml-encoding"),
    "UTF-16 without a mark": ("a: b\n".encode("utf-16-le"), "yaml-encoding"),
    "UTF-32": ("a: b\n".encode("utf-32"), "yaml-encoding"),
    "a byte order mark": (b"\xef\xbb\xbfa: b\n", "yaml-encoding 1:1"),
    "Latin-1": ("x: ü\na: ".encode() + b"\xfc\n", "yaml-encoding 2:4"),
    "a surrogate in UTF-8": (b"a: \xed\xa0\x80\n", "yaml-encoding 1:4"),
    "an overlong form": (b"a: \xc0\xaf\n", "yaml-encoding 1:4"),
    "a binary file": (bytes(range(256)), "yaml-encoding"),
    "an escape of a surrogate": ('a: "\\ud800"\n', "yaml-syntax 1:7"),
    "an escape of NUL": ('a: "x\\0"\n', "yaml-character 1:4"),
    "an escape of ESC": ('a: "\\e[31m"\n', "yaml-character 1:4"),
    "an escape in a key": ('"a\\u200b": 1\n', "yaml-character 1:1"),
    "an escape of a carriage return": ('a: "x\\ry"\n', "yaml-character 1:4"),
    "an escape of next line": ('a: "\\N"\n', "yaml-character 1:4"),
    "a carriage return alone": (b"a: b\rc: d\n", "yaml-character 1:5"),
    "bidirectional text": ("a: ü\u202ex\n", "yaml-character 1:5"),
    "an invisible character in a comment": ("# \u2066\na: b\n", "yaml-character 1:3"),
    "a form feed": ("b: 1\na: \x0c\n", "yaml-character 2:4"),
    "an integer over 64 bits": (f"a: {INT64}\n", "yaml-limit 1:4"),
    "an integer under 64 bits": (f"a: {-INT64 - 1}\n", "yaml-limit 1:4"),
    "an integer of a megabyte": ("a: " + "1" * 1_000_000, "yaml-limit 1:4"),
    "a hexadecimal over 64 bits": ("a: 0x8000000000000000\n", "yaml-limit 1:4"),
    "an octal over 64 bits": ("a: 0o1000000000000000000000\n", "yaml-limit 1:4"),
    "a float that is too large": ("a: 1e999\n", "yaml-limit 1:4"),
    "infinity": ("a: -.inf\n", "yaml-limit 1:4"),
    "not a number": ("a: .NaN\n", "yaml-limit 1:4"),
    "too deep": ("a: " + "[" * MAX_DEPTH + "]" * MAX_DEPTH, "yaml-limit 1:67"),
    "too large": ("a: " + "x" * MAX_BYTES, "yaml-limit"),
    "a plain colon": ("a: b: c\n", "yaml-syntax 1:5"),
    "an open quote": ("a: 'b\n", "yaml-syntax 2:1"),
    "an open bracket": ("a: [b\n", "yaml-syntax 2:1"),
    "an at sign": ("a: @b\n", "yaml-syntax 1:4"),
    "a backtick": ("a: `b`\n", "yaml-syntax 1:4"),
    "a percent sign": ("a: %b\n", "yaml-syntax 1:4"),
    "bad indentation": ("a:\n  b: 1\n c: 2\n", "yaml-syntax 3:2"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_is_refused(name: str) -> None:
    source, expected = REFUSED[name]
    assert refused(source) == expected


PLAIN = """
no on off yes y n NO On True TRUE False FALSE nil none 24:00 8:30 190:20:30 2026-01-01 2026-11-22T08:00:00Z
1_000 0b101 0755x 1.2.3 1e 1e+ .e1 ._ + . -. +. .. -- 0o 0o8 0x 0xg 1,000 $1 = =a .infinity nan Infinity <<<
"""
TEXT = PLAIN.split()
NUMBERS = {
    "0": 0,
    "-0": 0,
    "0755": 755,
    "007": 7,
    "+12": 12,
    "-5": -5,
    "0o17": 15,
    "0xFf": 255,
    "1.5": 1.5,
    ".5": 0.5,
    "5.": 5.0,
    "-1e3": -1000.0,
    "1E-2": 0.01,
    "99.95": 99.95,
    str(INT64 - 1): INT64 - 1,
    str(-INT64): -INT64,
}


@pytest.mark.parametrize("text", TEXT)
def test_stays_text(text: str) -> None:
    assert accepted(f"a: {text}\nb: [{text.replace(',', '')}]\n")["a"] == text


@pytest.mark.parametrize("text", TEXT)
def test_stays_text_as_a_key(text: str) -> None:
    assert accepted(f"{text}: 1\n") == {text: 1}


@pytest.mark.parametrize("text", NUMBERS)
def test_is_a_number(text: str) -> None:
    value = accepted(f"a: {text}\n")["a"]
    assert (type(value), value) == (type(NUMBERS[text]), NUMBERS[text])
    assert accepted(f"a: '{text}'\nb: \"{text}\"\n") == {"a": text, "b": text}


def test_is_a_constant() -> None:
    data = accepted("a: true\nb: false\nc: null\nd: ~\ne:\nf: Null\ng: 'true'\nh: \"\"\n")
    expected = {"a": True, "b": False, "c": None, "d": None, "e": None, "f": None, "g": "true", "h": ""}
    assert data == expected
    assert [type(value) for value in data.values()] == [type(value) for value in expected.values()]


def test_what_is_plain_is_accepted() -> None:
    assert accepted("a: |\n  x\n  \ty\n") == {"a": "x\n\ty\n"}
    assert accepted("a:\tb\n") == {"a": "b"}
    assert accepted("a: b\r\nc: d\r\n") == {"a": "b", "c": "d"}
    assert accepted("---\na: b\n...\n") == {"a": "b"}
    assert accepted("? a\n: b\n") == {"a": "b"}
    assert accepted("a: b" + "#" * 10) == {"a": "b##########"}
    assert accepted("a: 🏷️ grüße שלום\n") == {"a": "🏷️ grüße שלום"}
    assert accepted('"<<": 1\n') == {"<<": 1}
    assert accepted("a: '\"\\u200b\"'\n") == {"a": '"\\u200b"'}
    assert accepted('a: "x\\n\\ty"\n') == {"a": "x\n\ty"}
    depth = MAX_DEPTH - 1
    assert accepted("a: " + "[" * depth + "]" * depth)
    assert accepted(b"a: " + b"x" * (MAX_BYTES - 3))


# Characters that do not show. Cf has some that do: the Arabic, Syriac and Kaithi number and verse signs, and the
# format controls of Egyptian hieroglyphs.
VISIBLE_CF = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD, *range(0x13430, 0x13440)}
SHOWN = VISIBLE_CF | {0x09, 0x0A, 0x0D}
MORE = {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180D, 0x180F, 0x2065, 0x3164, 0xFE00, 0xFFA0, 0xFFF0, 0xE0100}


@cache
def hidden() -> list[int]:
    every = range(sys.maxunicode + 1)
    of_category = {code for code in every if unicodedata.category(chr(code)) in ("Cc", "Cf", "Zl", "Zp")}
    return sorted(of_category - SHOWN | MORE | {0xFDD0, 0xFDEF, 0xFFFE, 0xFFFF, 0x1FFFE, 0x10FFFF})


def test_what_does_not_show_is_refused_raw_and_escaped() -> None:
    for code in hidden():
        raw = refused(f"b: 1\na: x{chr(code)}\n".encode())
        assert raw in ("yaml-character 2:5", "yaml-encoding"), hex(code)
        assert refused(f'a: "x\\U{code:08x}"\n') == "yaml-character 1:4", hex(code)
        assert refused(f'"x\\U{code:08x}": 1\n') == "yaml-character 1:1", hex(code)


def test_what_shows_is_accepted() -> None:
    shown = [code for code in range(0x20, 0x3000) if unicodedata.category(chr(code))[0] in "LMNPSZ"]
    shown = [code for code in shown if code not in hidden() and not FORBIDDEN.match(chr(code))]
    assert len(shown) > 8000
    for code in (*shown, 0xFE0F, 0x1F600):
        assert accepted(f'a: "\\U{code:08x}"\n') == {"a": chr(code)}


TRAPS = {
    "brackets": "a: " + "[" * 25_000,
    "braces": "a: " + "{a: " * 25_000,
    "dashes": "a:\n  " + "- " * 25_000,
    "question marks": "? " * 25_000,
    "flow question marks": "a: [" + "? " * 25_000,
    "pairs": "a: " + "[a: " * 25_000,
    "closed brackets": "a: " + "[" * 25_000 + "]" * 25_000,
    "indentation": "".join(" " * depth + "a:\n" for depth in range(1_400)),
    "alias bomb": "a: &a [x,x]\n"
    + "".join(f"{b}: &{b} [*{a},*{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)),
    "quotes": "a: " + "'" * 1_000_001,
    "escapes": 'a: "' + "\\u0041" * 170_000 + '"',
    "tabs in a block": "a: |\n" + "  \tx\n" * 200_000,
    "empty lines": 'a: "' + "x\n\n" * 300_000 + '"',
    "a plain scalar": "a: " + "x " * 500_000,
    "a float": "a: " + "1" * 1_000_000 + ".0",
    "a comment": "#" * 1_000_000,
    "keys": "{" + ",".join(f"k{number}: " for number in range(40_000)) + "}",
    "colons": "a: " + ":" * 1_000_000,
    "simple keys": "a" * 1_000 + ": [" + "a " * 200_000,
}


NESTED = {
    "brackets": (TRAPS["brackets"], "yaml-limit", 1, 67),
    "brackets behind letters of two bytes": ("é: [ü, " + "[" * 5_000, "yaml-limit", 1, 70),
    "closed brackets, as many as the newer parser takes": ("a: " + "[" * 999 + "]" * 999, "yaml-limit", 1, 67),
    "closed brackets, one more": ("a: " + "[" * 1_001 + "]" * 1_001, "yaml-limit", 1, 67),
    "brackets on lines of their own": ("a: " + "[\n" * 1_001 + "]" * 1_001, "yaml-limit", 64, 1),
    "braces": (TRAPS["braces"], "yaml-limit", 1, 256),
    "a mistake before the brackets": ("a: 1\na: 2\nb: " + "[" * 25_000, "yaml-duplicate-key", 2, 1),
    "a key before the brackets": ("a: " + "[{" * 1_001, "yaml-syntax", 1, 6),
    "indentation": (TRAPS["indentation"], "yaml-limit", 65, 65),
}


@pytest.mark.parametrize("name", NESTED)
def test_every_version_of_the_parser_gives_the_same_finding(name: str) -> None:
    """libyaml 0.2.6 stops at 1,000 levels by itself, 0.2.5 never does (`make test DEPS=lowest` has it)."""
    text, rule, line, column = NESTED[name]
    refused = load("x.yaml", text.encode())
    assert isinstance(refused, Finding)
    assert (refused.rule, refused.location.line, refused.location.column) == (rule, line, column)


@pytest.mark.parametrize("name", TRAPS)
def test_no_file_stalls_or_crashes_the_loader(name: str) -> None:
    source = TRAPS[name].encode()
    with within(1):
        load("x.yaml", source)


def test_a_huge_file_is_never_read(tmp_path: Path) -> None:
    huge = tmp_path / "services" / "huge.yaml"
    huge.parent.mkdir()
    with huge.open("wb") as file:
        file.truncate(64 << 30)  # a file with a hole: more than the machine has memory
    catalogue = load_catalogue(WorkTree(tmp_path), KindRegistry.load())
    assert [(finding.rule, finding.location.path) for finding in catalogue.findings] == [
        ("yaml-limit", "services/huge.yaml")
    ]


def _text_tree() -> st.SearchStrategy[dict[str, Any]]:
    text = st.text(st.characters(blacklist_categories=("Cs",)), max_size=20)
    return st.dictionaries(
        text,
        st.recursive(text, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3)),
        min_size=1,
        max_size=4,
    )


@settings(max_examples=examples(45))
@given(
    data=_text_tree(),
    style=st.sampled_from([None, "'", '"', "|", ">"]),
    flow=st.booleans(),
    unicode=st.booleans(),
)
def test_text_reads_as_pyyaml_reads_it(data: dict[str, Any], style: str | None, flow: bool, unicode: bool) -> None:
    source = yaml.safe_dump(data, default_style=style, default_flow_style=flow, allow_unicode=unicode, width=40)
    found = load("x.yaml", source.encode())
    if isinstance(found, Document):
        assert found.data == data
    else:  # only for what is refused on purpose
        assert found.rule in ("yaml-character", "yaml-feature", "yaml-encoding"), (source, found)


YAML = (
    "a,b,: ,:,- ,? ,\n,  ,\t,[,],{,},',\",|,>,|2-\n,&x ,*x,!t ,#, #,%,---\n,...\n,\\,\\x00,<<,1,0x,.,~,true,\r\n,\r,\0"
)
OTHER = (b", ", b"\xff", b"\xc3\xbc", b"\xe2\x80\xa8", b"\xe2\x80\xae", b"@", b"`")
FRAGMENTS = st.sampled_from([*YAML.encode().split(b","), *OTHER])


@settings(max_examples=examples(120))
@given(st.one_of(st.binary(max_size=200), st.lists(FRAGMENTS, max_size=30).map(b"".join)))
def test_any_bytes_give_a_document_or_a_finding(source: bytes) -> None:
    found = load("x.yaml", source)
    assert isinstance(found, (Document, Finding))
    if isinstance(found, Finding):
        line = found.location.line
        assert line is None or 1 <= line <= source.count(b"\n") + 2
        return
    assert isinstance(found.data, dict)
    try:
        reference = yaml.load(source, yaml.BaseLoader)  # noqa: S506 (every scalar as text)
    except yaml.YAMLError:
        return  # the pure Python scanner refuses a few tabs that libyaml takes for white space
    assert _is_same(found.data, reference), (found.data, reference)


def _is_same(value: Any, reference: Any) -> bool:
    """The same mappings, sequences and texts; a number or constant here is some text there."""
    if isinstance(value, dict):
        return value.keys() == reference.keys() and all(_is_same(value[key], reference[key]) for key in value)
    if isinstance(value, list):
        return len(value) == len(reference) and all(map(_is_same, value, reference))
    return value == reference if isinstance(value, str) else isinstance(reference, str)


def test_the_position_of_a_record_file(tmp_path: Path) -> None:
    """A finding of the loader keeps its place on its way through the catalogue."""
    from itsm_as_code.snapshot import WorkTree

    (tmp_path / "services").mkdir()
    (tmp_path / "services" / "a.yaml").write_text("kind: Service\nkind: Service\n")
    catalogue = load_catalogue(WorkTree(tmp_path), KindRegistry.load())
    assert [f"{finding.location} {finding.rule}" for finding in catalogue.findings] == [
        "services/a.yaml:2:1 yaml-duplicate-key"
    ]


JOINED = (
    "می\u200cخواهم", "کتاب\u200cها", "خانه\u200cای", "بَ\u200cها",
    "क्\u200cष", "क्\u200dष", "ශ්\u200dරී", "ന്\u200d", "র\u200d্যাম", "ರ\u200d್ಕ",
    "👩\u200d💻", "👨\u200d👩\u200d👧", "❤\ufe0f\u200d🔥", "👩🏽\u200d🚀", "🐈\u200d⬛", "🏳\ufe0f\u200d🌈",
)  # fmt: skip
UNJOINED = (
    "News\u200dletter", "a\u200cb", "1\u200d2", "é\u200cé", "\u200d", "\u200d👩", "👩\u200d", "👩\u200d\u200d💻",
    "👩\u200c💻", "x\ufe0f\u200d👩", "👩\u200da", "ا\u200cب", "ب\u200c", "\u200cب", "ب\u200c\u200cب", "ب\u200dب",
    "क\u200dष", "क\u200cष", "क्\u200dि", "्\u200dष", "क्\u200ca",
    "র\u200dযা", "র\u200d্ক", "ক\u200d্য", "র\u200c্যাম", "ক\u200d্",
)  # fmt: skip


def test_joiners_stand_where_they_show_and_nowhere_else() -> None:
    """UAX 31 (rules A1, A2, B) and UTS 51: Persian, the scripts of India, sequences of emoji."""
    for text in JOINED:
        for written in (f"a: {text}\n", f'a: "{text}"\n', f"a: {json.dumps(text)}\n"):
            if "\\ud8" not in written:  # JSON writes emoji as surrogates, which YAML does not have
                assert accepted(written) == {"a": text}
    for text in UNJOINED:
        assert refused(f"b: 1\na: {text}\n").startswith("yaml-character 2:"), text
        escaped = text.replace("\u200c", "\\u200c").replace("\u200d", "\\u200d")
        assert refused(f'a: "{escaped}"\n') == "yaml-character 1:4", text


def test_the_viramas_are_those_of_unicode() -> None:
    assert {chr(code) for code in range(0x900, 0xE00) if unicodedata.combining(chr(code)) == 9} == set(VIRAMA)


def test_every_letter_of_arabic_joins_in_one_way() -> None:
    """But for the two hamzas, and what modifies letters."""
    letters = {chr(code) for code in (*range(0x620, 0x700), *range(0x750, 0x780)) if chr(code).isalpha()}
    dual, right = (set(re.findall(f"[{joining}]", "".join(letters))) for joining in (DUAL_JOINING, RIGHT_JOINING))
    assert dual & right == set()
    others = letters - dual - right
    assert {unicodedata.category(letter) for letter in others - set("\u0621\u0674")} <= {"Lm"}
