"""Line and column of a pointer, against a reader that remembers where it found each value."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from itsm_as_code.findings import Finding, Location, Severity
from itsm_as_code.records.document import Document, load
from itsm_as_code.records.positions import locate, place_findings
from tests.conftest import ROOT, examples

SOURCE = """\
# comment
a: 1
b:
  - x
  - {c: "y", d: [1, 2]}
e:
"f/g": |
  text
h: {}
ü: {é: 1}
"""


def test_a_scalar_is_where_its_value_stands_a_collection_where_its_key_stands() -> None:
    expected: dict[tuple[str | int, ...], tuple[int, int]] = {
        (): (2, 1),
        ("a",): (2, 4),
        ("b",): (3, 1),
        ("b", 0): (4, 5),
        ("b", 1): (5, 5),
        ("b", 1, "c"): (5, 9),
        ("b", 1, "d"): (5, 14),
        ("b", 1, "d", 1): (5, 21),
        ("e",): (6, 1),
        ("f/g",): (7, 8),
        ("h",): (9, 1),
        ("ü", "é"): (10, 8),
    }
    assert locate(SOURCE.encode(), expected) == expected


def test_what_is_missing_is_shown_at_its_parent() -> None:
    missing = [("b", 1, "nothing"), ("b", 7), ("nothing",), ("a", "b", "c")]
    assert list(locate(SOURCE.encode(), missing).values()) == [(5, 5), (3, 1), (2, 1), (2, 4)]


def test_a_source_that_is_gone_leaves_the_finding_as_it_is() -> None:
    finding = Finding("x", Severity.ERROR, Location("gone.yaml", pointer=("a",)), "message")
    placed = Finding("x", Severity.ERROR, Location("here.yaml", 7, 7, ("a",)), "message")
    whole = Finding("x", Severity.ERROR, Location("here.yaml"), "message")
    assert place_findings([finding, placed, whole], {"here.yaml": b"a: 1\n"}) == [finding, placed, whole]
    pointed = Finding("x", Severity.ERROR, Location("here.yaml", pointer=("a",)), "message")
    assert str(place_findings([pointed], {"here.yaml": b"a: 1\n"})[0].location) == "here.yaml:1:4"


def reference(node: yaml.Node, at: tuple[str | int, ...], found: dict[tuple[str | int, ...], tuple[int, int]]) -> None:
    """Places by PyYAML's composer: the same question answered another way."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            plain = isinstance(value, yaml.ScalarNode) and value.value
            mark = value.start_mark if plain else key.start_mark
            found[(*at, key.value)] = (mark.line + 1, mark.column + 1)
            reference(value, (*at, key.value), found)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            found[(*at, index)] = (value.start_mark.line + 1, value.start_mark.column + 1)
            reference(value, (*at, index), found)


def pointers(value: Any, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every pointer into some data."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(pointer for key, below in items for pointer in pointers(below, (*at, key)))]


def check(source: bytes) -> None:
    document = load("x.yaml", source)
    if isinstance(document, Document):
        node = yaml.compose(source, yaml.BaseLoader)
        expected = {(): (node.start_mark.line + 1, node.start_mark.column + 1)}
        reference(node, (), expected)
        assert locate(source, pointers(document.data)) == expected


TEXTS = st.text(st.characters(whitelist_categories=("L", "N", "P", "Zs")), min_size=1, max_size=8)


@settings(max_examples=examples(45))
@given(
    st.dictionaries(
        TEXTS,
        st.recursive(
            TEXTS | st.integers() | st.none() | st.booleans(),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
        ),
        min_size=1,
        max_size=4,
    ),
    st.booleans(),
)
def test_places_are_those_of_the_composer(data: dict[str, Any], flow: bool) -> None:
    check(yaml.safe_dump(data, default_flow_style=flow, allow_unicode=True, width=30).encode())


def test_places_in_the_living_example() -> None:
    files = sorted((ROOT / "services").rglob("*.yaml"))[:25] + sorted((ROOT / "changes").rglob("*.yaml"))[:25]
    for file in files:
        check(file.read_bytes())
