"""Formatting changes how a record is written, never what it says: data and comments stay, a second time nothing."""

from __future__ import annotations

import json
import random
import re
import subprocess
import time
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from itsm_as_code.findings import Severity
from itsm_as_code.records.document import Refused, parse
from itsm_as_code.records.formatting import FORMAT_KEPT, format_record
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.schemas import Schema
from itsm_as_code.records.writer import dump
from tests.conftest import examples
from tests.records.test_writer import NASTY, text, values

ROOT = Path(__file__).parents[2]
REGISTRY = KindRegistry.load()


def schema_of(data: dict[str, Any]) -> Schema | None:
    if data.get("kind") == "Configuration":
        return REGISTRY.bundled("configuration.schema.json")
    kind = REGISTRY.get(str(data.get("kind")))
    return kind.schema if kind else None


def comments(source: str) -> Counter[str]:
    """The comments of a source by PyYAML's own scanner (pure Python): whatever lies between its tokens after ``#``."""
    found: Counter[str] = Counter()
    at = 0
    source = source.replace("\r\n", "\n").replace("\t", " ")  # which refuses tabs that the C parser takes
    for token in yaml.scan(source):
        if token.start_mark.index >= at:
            gap = source[at : token.start_mark.index]
            found.update(line[line.index("#") :].rstrip() for line in gap.split("\n") if "#" in line)
            at = max(at, token.end_mark.index)
        if isinstance(token, yaml.ScalarToken) and token.style in ("|", ">"):
            header = source[token.start_mark.index : token.end_mark.index].split("\n")[0]
            found.update([header[header.index("#") :].rstrip()] if "#" in header else [])
    return found


def formatted(source: str | bytes, schema: Schema | None = None) -> str:
    """The formatted text, with everything proven that formatting promises."""
    raw = source.encode() if isinstance(source, str) else source
    result = format_record("x.yaml", raw, schema)
    assert not [finding for finding in result.findings if finding.severity is Severity.ERROR]
    assert json.dumps(parse(result.after), sort_keys=True) == json.dumps(parse(raw), sort_keys=True)
    assert result.after == raw or comments(result.after.decode()) == comments(raw.decode())
    assert format_record("x.yaml", result.after, schema).after == result.after
    if result.findings:
        assert result.after == raw
    elif b"\r" not in raw:
        lines = result.after.decode().split("\n")
        assert lines[-1] == ""
    return result.after.decode()


def settled(source: str, schema: Schema | None = None) -> str:
    """The formatted text of a source that can be normalised."""
    result = format_record("x.yaml", source.encode(), schema)
    assert result.findings == ()
    return formatted(source, schema)


CASES = {
    "order of the envelope": (
        "spec: {}\nmetadata:\n  title: T\n  name: a\nkind: K\napiVersion: itsm/v1\n",
        "apiVersion: itsm/v1\nkind: K\nmetadata:\n  name: a\n  title: T\nspec: {}\n",
    ),
    "indentation": (
        "a:\n    b:\n    - c\n    -   d: 1\n        e: 2\n",
        "a:\n  b:\n    - c\n    - d: 1\n      e: 2\n",
    ),
    "sequences in sequences": ("a:\n- - x\n  - w\n-\n  - z\n", "a:\n  - - x\n    - w\n  - - z\n"),
    "quotes that others need": ("a: no\nb: 24:00\non: 2026-01-01\n", 'a: "no"\nb: "24:00"\n"on": "2026-01-01"\n'),
    "quotes that nobody needs": ("\"a\": 'x'\nb: \"it's\"\n", "a: x\nb: it's\n"),
    "needed quotes": ("a: 'no'\nb: '#x'\nc: 'say \"x\" #'\n", 'a: "no"\nb: "#x"\nc: \'say "x" #\'\n'),
    "escapes stay": ('a: "x\\ty"\nb: "\\u00e9"\nc: "\\u00a0"\n', 'a: "x\\ty"\nb: é\nc: "\\u00a0"\n'),
    "other types stay": (
        "a: 0o17\nb: 1.50\nc: ~\nd:\ne: true\nf: 99.95\ng: Null\n",
        "a: 0o17\nb: 1.50\nc: ~\nd:\ne: true\nf: 99.95\ng: Null\n",
    ),
    "white space": ("a:   1  \nb :\t2\n\n\n\nc: 3\n\n\n", "a: 1\nb: 2\n\nc: 3\n"),
    "no end of the last line": ("a: 1", "a: 1\n"),
    "a value on the next line": ("a:\n  x\nb:\n  [1,\n   2]\n", "a: x\nb: [1,\n   2]\n"),
    "a document mark": ("# x\n---\na: 1\n...\n", "# x\na: 1\n"),
    "blank lines at the start of a block": ("\n\na:\n\n  b: 1\n\n\n  c: 2\n", "a:\n  b: 1\n\n  c: 2\n"),
    "comments at the end of lines": (
        "kind: K # the kind\napiVersion: v # 1\na: # of a\n    b: [1] # of b\nc: # C\n  - 1 # 1\n  - # two\n    d: 1\n",
        "apiVersion: v # 1\nkind: K # the kind\na: # of a\n  b: [1] # of b\nc: # C\n  - 1 # 1\n  - # two\n    d: 1\n",
    ),
    "comments above": (
        "# of spec\n# two lines\nspec:\n      # of x\n    x: 1\n\n    # of w\n    w: 2\n# of kind\nkind: K\n",
        "# of kind\nkind: K\n# of spec\n# two lines\nspec:\n  # of x\n  x: 1\n\n  # of w\n  w: 2\n",
    ),
    "comments above items": (
        "a:\n# one\n- 1\n# two\n- 2\n# at the end\n",
        "a:\n  # one\n  - 1\n  # two\n  - 2\n# at the end\n",
    ),
    "a comment that ends a block": (
        "spec:\n    a:\n        - 1\n        # - 2\n    # b: 3\nkind: K\n",
        "kind: K\nspec:\n  a:\n    - 1\n    # - 2\n  # b: 3\n",
    ),
    "a comment that is indented too much": ("a: 1\n      # of b\nb: 2\n", "a: 1\n# of b\nb: 2\n"),
    "a comment between dash and key": ("a:\n  -\n    # of b\n    b: 1\n", "a:\n  # of b\n  - b: 1\n"),
    "the modeline": (
        "# about the file\n# yaml-language-server: $schema=x\n\nkind: K\napiVersion: v\n",
        "# yaml-language-server: $schema=x\n# about the file\n\napiVersion: v\nkind: K\n",
    ),
    "comments about the file": (
        "# yaml-language-server: $schema=x\n# SPDX\n\n# of kind\nkind: K\napiVersion: v\n",
        "# yaml-language-server: $schema=x\n# SPDX\n\napiVersion: v\n# of kind\nkind: K\n",
    ),
    "the modeline stays where the first key goes": (
        "# yaml-language-server: $schema=x\nkind: K\napiVersion: v\n",
        "# yaml-language-server: $schema=x\napiVersion: v\nkind: K\n",
    ),
    "block scalars": (
        "a:\n    b: |\n        x\n          z\n\n\n    c: >-\n      some\n      text\n    d: |+\n      z\n\n    e: 1\n",
        "a:\n  b: |\n    x\n      z\n\n  c: >-\n    some\n    text\n  d: |+\n    z\n\n  e: 1\n",
    ),
    "a block scalar with its own indentation": (
        "a:\n    - |2-\n          x\n    - >1 # folded\n     y\n",
        "a:\n  - |2-\n        x\n  - >1 # folded\n   y\n",
    ),
    "a comment below a block scalar": ("a:\n    b: |\n      x\n    # c\n# d\n", "a:\n  b: |\n    x\n  # c\n# d\n"),
    "a blank line behind a block that keeps its line ends": (
        "b: |+\n  x\n\n# c\n\nkind: K\n",
        "# c\n\nkind: K\nb: |+\n  x\n\n",
    ),
    "an empty block scalar": ("a: |\nb: >-\n\nc: 1\n", "a: |\nb: >-\n\nc: 1\n"),
    "flow collections keep their form": (
        "a: {b: [1,2],   c: 'x' }\nd: [ # c\n    x,  \n    no, # e\n  ]\n",
        "a: {b: [1,2],   c: 'x' }\nd: [ # c\n    x,\n    \"no\", # e\n  ]\n",
    ),
    "a flow collection moves with its key": (
        "a:\n    b: {\n        c: 1,\n    }\n",
        "a:\n  b: {\n      c: 1,\n  }\n",
    ),
    "comments above the first key of an item, with blank lines": (
        "a:\n  -\n    # b\n\n    # c\n    d: 1\n",
        "a:\n  # b\n\n  # c\n  - d: 1\n",
    ),
    "text over some lines": (
        "a: one\n    two\n\n    three\nb: \"one \\\n      two\\  \n    three\"\nc:\n    'x\n     y'\n",
        "a: one\n  two\n\n  three\nb: \"one \\\n  two\\  \n  three\"\nc: 'x\n  y'\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_cases(name: str) -> None:
    before, after = CASES[name]
    assert settled(before) == after


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ("a:\n  # c\n  x\n", (2, 3)),
        ("a: # c\n  x\n", (2, 3)),
        ("a:\n  - # c\n    x\n", (3, 5)),
        ("a:\n  # c\n  [1]\n", (3, 3)),
        ("? a\n: 1\n", (1, 1)),
        ("{a: 1, b: 2}\n", (1, 1)),
        ("--- # c\na: 1\n", (1, 5)),
        ("a: 1\n... # c\n", (2, 5)),
        ("a: |\n  no end of the last line", None),
    ],
)
def test_what_cannot_be_normalised_is_left_alone(source: str, place: tuple[int, int] | None) -> None:
    result = format_record("x.yaml", source.encode(), None)
    (finding,) = result.findings
    assert result.after == source.encode()
    assert (finding.rule, finding.severity) == (FORMAT_KEPT.id, Severity.INFO)
    where = finding.location
    if place is not None and source.startswith("a:\n  # c\n  x"):
        place = (3, 3)
    assert (where.line, where.column) == (place or (None, None))


def test_what_cannot_be_read_is_an_error() -> None:
    result = format_record("x.yaml", b"a: [1\n", None)
    assert [(finding.rule, finding.severity) for finding in result.findings] == [("yaml-syntax", Severity.ERROR)]
    assert result.after == b"a: [1\n"


def test_line_ends_stay_as_the_work_tree_has_them() -> None:
    result = format_record("x.yaml", b"b:  1\r\n# c  \r\nkind: K\r\nd: |\r\n  x\r\n", None)
    assert result.after == b"# c\r\nkind: K\r\nb: 1\r\nd: |\r\n  x\r\n"
    assert format_record("x.yaml", b"a: 1\r\nb:  2\n", None).after == b"a: 1\nb: 2\n"


def test_keys_are_in_the_order_of_the_schema() -> None:
    source = (
        "spec:\n  status: draft\n  # two at most\n  services: [a]\n  unknown: 1\n  type: normal\n"
        "  schedule: {end: x, start: z}\n  outage:\n    minutes: 0\n    expected: none\n"
    )
    assert settled(source, REGISTRY["Change"].schema) == (
        "spec:\n  type: normal\n  # two at most\n  services: [a]\n  schedule: {end: x, start: z}\n"
        "  outage:\n    expected: none\n    minutes: 0\n  status: draft\n  unknown: 1\n"
    )


def _example_files() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z", "*.yaml"], cwd=ROOT, capture_output=True, check=False)
    paths = listed.stdout.decode().split("\0") if listed.returncode == 0 else [str(p) for p in ROOT.rglob("*.yaml")]
    return [path for path in paths if path and (ROOT / path).is_file()]


@cache
def records() -> dict[str, bytes]:
    """All records of the repository but those that show what cannot be normalised."""
    found = {}
    for path in _example_files():
        if path.startswith("tests/examples/fail/format-"):
            continue
        source = (ROOT / path).read_bytes()
        try:
            data = parse(source)
        except Refused:
            continue
        if data.get("apiVersion") == "itsm/v1":
            found[path] = source
    return found


@pytest.mark.parametrize("every", [5, pytest.param(1, marks=pytest.mark.deep)], ids=["sample", "all"])
def test_every_record_of_the_repository_can_be_normalised(every: int) -> None:
    of_each_folder = {tuple(path.split("/")[:2]): path for path in records()}
    chosen = {*list(records())[::every], *of_each_folder.values()}
    assert len(chosen) > 100
    print(f"{len(chosen)} records")
    for path in sorted(chosen):
        source = records()[path]
        schema = schema_of(parse(source))
        assert format_record(path, source, schema).findings == (), path
        formatted(source, schema)


@settings(max_examples=examples(60))
@given(st.deferred(lambda: st.sampled_from(sorted(records()))), st.randoms(use_true_random=False))
def test_records_with_comments_and_blank_lines_anywhere(path: str, rng: random.Random) -> None:
    lines = records()[path].decode().splitlines()
    for number in range(rng.randint(1, 12)):
        at = rng.randint(0, len(lines))
        kind = rng.randrange(4)
        if kind == 0:
            lines.insert(at, " " * rng.randint(0, 8) + f"# comment {number}")
        elif kind == 1:
            lines.insert(at, " " * rng.randint(0, 4))
        elif at < len(lines) and kind == 2:
            lines[at] += " " * rng.randint(1, 3) + f"# at the end {number}"
        elif at < len(lines):
            lines[at] += "  "
    source = "\n".join(lines) + "\n"
    try:
        data = parse(source.encode())
    except Refused:
        return
    formatted(source, schema_of(data))


class _Layouter:
    """Writes data in some layout of many, with a comment above and behind every other entry."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.above: dict[str, str] = {}
        self.behind: dict[str, str] = {}
        self.number = 0

    def write(self, keys: list[str]) -> str:
        return "\n".join(self._mapping(keys, 0, 4)) + "\n" * self.rng.randint(1, 3)

    def _mapping(self, keys: list[str], indent: int, depth: int) -> list[str]:
        lines: list[str] = []
        for key in keys:
            lines += self._comments(key, indent)
            lines += self._entry(" " * indent + key + " " * self.rng.randint(0, 1) + ":", key, indent, depth)
        return lines

    def _entry(self, head: str, key: str, indent: int, depth: int) -> list[str]:
        behind = ""
        if self.rng.random() < 0.4:
            self.behind[key] = f"# behind {key}"
            behind = " " * self.rng.randint(1, 3) + self.behind[key]
        choice = self.rng.randrange(9 if depth else 6)
        step = self.rng.randint(1, 4)
        if choice < 3:
            value = self.rng.choice(["x y", '"a#"', "'no'", "on", "", "1.50", "[a, {b: no}]", "~", "2026-01-01"])
            return [f"{head} {value}".rstrip() + behind]
        if choice == 3:
            self.behind.pop(key, None)
            return [f"{head} |{self.rng.choice(['', '-', '+'])}", " " * (indent + step) + "text # no comment"]
        if choice == 4:
            return [f"{head} {{", " " * (indent + step) + "a: 1,", " " * (indent + 1) + "}" + behind]
        if choice == 5:
            return [f"{head} some text", " " * (indent + step) + "goes on" + behind]
        if choice < 8:
            return [head + behind, *self._mapping(self._keys(), indent + step, depth - 1)]
        return [head + behind, *self._items(indent + self.rng.choice([0, step]), depth - 1)]

    def _items(self, indent: int, depth: int) -> list[str]:
        lines = []
        for key in self._keys():
            dash = " " * indent + "-" + " " * self.rng.randint(1, 3)
            lines += self._comments(key, indent)
            inner = self._mapping([key, *self._keys()], len(dash), depth) if depth else [dash + key]
            while inner[0].lstrip().startswith("#") or not inner[0].strip():
                inner.pop(0)  # what stands above the first key stands above the dash already
            lines += [dash + inner[0].lstrip(), *inner[1:]]
        return lines

    def _comments(self, key: str, indent: int) -> list[str]:
        lines = [""] * (self.rng.random() < 0.3)
        if self.rng.random() < 0.4:
            self.above[key] = f"# above {key}"
            lines.append(" " * indent + self.above[key])
        return lines

    def _keys(self) -> list[str]:
        self.number += 1
        return [f"k{self.number}-{index}" for index in range(self.rng.randint(1, 3))]


@settings(max_examples=examples(90))
@given(st.randoms(use_true_random=False))
def test_comments_stay_with_their_keys(rng: random.Random) -> None:
    layouter = _Layouter(rng)
    keys = rng.sample(["spec", "kind", "metadata", "apiVersion", "other"], rng.randint(1, 5))
    source = layouter.write(keys)
    lines = settled(source).split("\n")

    def line_of(key: str) -> int:
        return next(
            number
            for number, line in enumerate(lines)
            if line.lstrip(" -").startswith((f"{key}:", f"{key} ")) or line.lstrip(" -") == key
        )

    for key, comment in layouter.above.items():
        if any(line.strip() == comment for line in lines):  # the first key below a dash shares its comment
            above = line_of(key) - 1
            while not lines[above].strip():
                above -= 1
            assert lines[above].strip() == comment, "\n".join(lines)
    for key, comment in layouter.behind.items():
        if any(line.endswith(comment) for line in lines):
            assert next(line for line in lines[line_of(key) :] if "# behind" in line).endswith(comment)


@settings(max_examples=examples(30))
@given(st.dictionaries(text, values, min_size=1, max_size=5))
@example({value: [value, {value: [value]}] for value in NASTY})
@example({"a": [[], {}, [[]], [{}], [["x", "y"], ["a\nb"]], "\n\n", "a\n\n"], "b": 1})
def test_what_the_writer_writes_is_in_form(data: dict[str, Any]) -> None:
    source = dump(data)
    if b"? " not in source:
        assert formatted(source).encode() == source


@settings(max_examples=examples(150))
@given(st.text(st.sampled_from(" \n-:#'\"|>+2?[]{},&\\~ab.é\t"), max_size=60))
def test_any_text_is_formatted_or_left_alone(source: str) -> None:
    result = format_record("x.yaml", f"a:{source}".encode(), None)
    if any(finding.severity is Severity.ERROR for finding in result.findings):
        assert result.after == result.before
    elif not re.search(r"[|>][-+1-9]*#", source):  # the scanner of the test does not take such a comment
        formatted(f"a:{source}")


def test_a_large_record_is_formatted_in_time() -> None:
    item = "    - name: n\n      # c\n      value: 'x'\n"
    source = ("spec:\n  items:\n" + item * 5_000).encode()
    start = time.perf_counter()
    assert format_record("x.yaml", source, None).findings == ()
    assert time.perf_counter() - start < 5
