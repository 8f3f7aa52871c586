"""What the writer writes is what the reader reads, and looks as a person would write it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from itsm_as_code.records.characters import FORBIDDEN
from itsm_as_code.records.document import parse
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.writer import dump
from tests.conftest import examples

ROOT = Path(__file__).parents[2]
NASTY = [
    "", " ", "no", "No", "NO", "y", "on", "off", "true", "True", "24:00", "0755", "0o17", "0x1F", "1_000",
    "2026-01-01", "2026-11-22T08:00:00Z", "null", "Null", "~", "- x", "-", "--- x", "...", "... x", "a: b", "a:",
    ":a", "#x", "a #b", "a#b", "trailing ", " leading", "\ttab", "a\tb", "tab\t", "'", '"', "it's",
    'say "hi"', "'quoted'", "\\", "a\\nb", "*a", "&a", "!a", "%a", "@a", "`a`", "|", ">", "? x", "?", "{a}",
    "[a]", "a, b", "a]", "<<", "=", "1.0", ".5", "+1", "-1", ".inf", "-.INF", ".nan", "1e3", "0b1",
    "190:20:30", "café", "日本", "\U0001f600", "a\u00a0b", "\u3000", "line one\nline two",
    "line one\nline two\n", "a\n\n\nb\n\n", "\nleading line", "  indented\nless", "\tx\ny", "a\n  \nb",
    "a\n ", "a \nb", "\n", "\n\n", "a\r\nb", "# a\n# b", "--- \n...\n", "x" * 1000, "é\n\té\n",
]  # fmt: skip
text = st.one_of(
    st.sampled_from(NASTY),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    st.text(st.sampled_from(" \n\t\r:-#'\"|>?[]{},&*!%@`~ab01.é"), max_size=20),
).filter(lambda value: not FORBIDDEN.search(value))
scalars = st.one_of(
    text,
    st.none(),
    st.booleans(),
    st.integers(-(1 << 63), (1 << 63) - 1),
    st.floats(allow_nan=False, allow_infinity=False),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(text, inner, max_size=4)),
    max_leaves=20,
)


@settings(max_examples=examples(30))
@given(st.dictionaries(text, values, max_size=5))
@example({f"key {value}": value for value in NASTY})
@example({value: [value, {value: [value]}] for value in NASTY})
@example({"a": [[], {}, [[]], [{}], [["x", "y"], ["a\nb"]]]})
@example({"k" * 1024: {"é" * 900: ["a", "x" * 3000]}})
@example({"float": [1e20, 1e-7, 1.5, -0.0, 3.0]})
def test_reads_back_as_the_same_data(data: dict[str, Any]) -> None:
    source = dump(data)
    assert parse(source) == data
    assert source.endswith(b"\n")
    # Text of both, since Python takes 1, 1.0 and true for equal.
    assert json.dumps(parse(source), sort_keys=True) == json.dumps(data, sort_keys=True)


@settings(max_examples=examples(30))
@given(st.dictionaries(text, st.one_of(text, st.lists(text, max_size=3)), max_size=5))
@example({value or "empty": value for value in NASTY})
def test_means_the_same_to_a_reader_of_yaml_1_1(data: dict[str, Any]) -> None:
    assert yaml.load(dump(data), Loader=yaml.CSafeLoader) == data


@pytest.mark.parametrize(
    "character", ["\x00", "\r", "\x1b", "\x7f", "\x85", "\u200b", "\u202e", "\ufeff", "\u2028", "\ud800"]
)
@pytest.mark.parametrize("place", ["value", "key", "block"])
def test_characters_that_records_refuse_are_not_written(character: str, place: str) -> None:
    value = f"a{character}b"
    data = {"value": {"x": value}, "key": {value: "x"}, "block": {"x": f"one\n{value}"}}[place]
    with pytest.raises(ValueError, match=r"U\+|surrogates|not a record"):
        dump(data)


@pytest.mark.parametrize(
    "value",
    [
        1 << 63,
        -(1 << 63) - 1,
        float("nan"),
        float("inf"),
        {1: "x"},
        {None: "x"},
        {"x"},
        b"x",
        "x" * (1 << 20),
    ],
)
def test_what_a_record_cannot_hold_is_not_written(value: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        dump({"a": value})


def test_too_deep_is_refused_not_a_crash() -> None:
    deep: Any = "x"
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ValueError, match="64 levels"):
        dump({"a": deep})
    kind = KindRegistry.load()["Service"]
    with pytest.raises(ValueError, match="64 levels"):
        dump({"a": deep}, schema=kind.schema)


def test_deepest_that_the_reader_takes() -> None:
    deep: Any = "x"
    for _ in range(63):
        deep = {"a": deep}
    assert parse(dump({"a": deep})) == {"a": deep}
    with pytest.raises(ValueError, match="64 levels"):
        dump({"a": {"a": deep}})
    kind = KindRegistry.load()["Service"]
    assert parse(dump({"a": deep}, schema=kind.schema)) == {"a": deep}


def test_looks_as_a_person_would_write_it() -> None:
    data = {
        "spec": {
            "dependsOn": [{"note": "Why: it stores", "strength": "hard", "service": "payments-db"}],
            "tier": 1,
            "owner": "team-payments",
            "consumers": ["Web shop", "App"],
            "repositories": [],
        },
        "kind": "Service",
        "metadata": {
            "links": [{"url": "https://wiki.example.org", "title": "Wiki"}],
            "description": "First line.\n\n- a point\n",
            "labels": {"tier": "1", "in-scope": "no"},
            "name": "payments-api",
        },
        "apiVersion": "itsm/v1",
    }
    kind = KindRegistry.load()["Service"]
    assert dump(data, schema_comment="../schemas/service.schema.json", schema=kind.schema).decode() == (
        """\
# yaml-language-server: $schema=../schemas/service.schema.json
apiVersion: itsm/v1
kind: Service
metadata:
  name: payments-api
  description: |
    First line.

    - a point
  labels:
    tier: "1"
    in-scope: "no"
  links:
    - title: Wiki
      url: https://wiki.example.org
spec:
  owner: team-payments
  tier: 1
  consumers:
    - Web shop
    - App
  dependsOn:
    - service: payments-db
      strength: hard
      note: "Why: it stores"
  repositories: []
"""
    )
    assert dump(data).decode().startswith("apiVersion: itsm/v1\nkind: Service\nmetadata:\n  name: payments-api\n")


def test_short_lists_of_names_stand_on_one_line() -> None:
    assert dump({"members": ["ann", "bob"]}) == b"members: [ann, bob]\n"
    assert dump({"members": ["ann", "no"]}) == b'members:\n  - ann\n  - "no"\n'
    assert dump({"members": [f"member-{n}" for n in range(9)]}).startswith(b"members:\n  - member-0\n")


def test_the_schema_comment_is_one_line() -> None:
    with pytest.raises(ValueError, match="address of the schema"):
        dump({"a": "b"}, schema_comment="x\nkind: Other")


@pytest.mark.parametrize("folder", ["services", "people", "changes", "schemas"])
def test_rewriting_the_records_of_this_repository_keeps_their_data(folder: str) -> None:
    for path in (ROOT / folder).rglob("*.yaml"):
        data = parse(path.read_bytes())
        assert parse(dump(data)) == data


def test_references_that_lead_in_a_circle_end() -> None:
    """A schema of one's own may hold such; its keys are then in no order, and the record is written all the same."""
    schema = {
        "properties": {"spec": {"$ref": "#/$defs/a"}},
        "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}},
    }
    assert dump({"spec": {"b": 1, "a": 2}}, schema=schema) == dump({"spec": {"b": 1, "a": 2}})
