"""Edits of files: they say what was meant, keep comments and order, stay in form, or are refused."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from itsm_as_code.errors import UsageError
from itsm_as_code.records.document import parse
from itsm_as_code.records.editing import edited
from itsm_as_code.records.formatting import format_record
from itsm_as_code.records.kinds import KindRegistry
from tests.conftest import ROOT

REGISTRY = KindRegistry.load()
TEAM = """\
# yaml-language-server: $schema=../../schemas/team.schema.json
# About the file.

apiVersion: itsm/v1
kind: Team
metadata: {name: team-x, title: Team X}  # who they are
spec:
  purpose: |
    Two lines,
    # of which this is one.
  # The people of the team.
  members:
    - alice  # leads
    # in training
    - bob

    - carol
    # and more to come
  lead: alice
  # The last word.
"""


def after(source: str, change: Any) -> str:
    data = copy.deepcopy(parse(source.encode()))
    change(data)
    return edited("people/teams/team-x.yaml", source.encode(), data, REGISTRY["Team"].schema).decode()


def test_a_value_changes_in_its_place() -> None:
    text = after(TEAM, lambda data: data["spec"].update(lead="bob"))
    assert text == TEAM.replace("lead: alice", "lead: bob")


def test_items_keep_their_comments() -> None:
    def change(data: Any) -> None:
        data["spec"]["members"] = ["dave", "bob", "erin", "carol"]

    wanted = TEAM.replace("- alice  #", "- dave  #").replace("    - bob\n\n", "    - bob\n    - erin\n\n")
    assert after(TEAM, change) == wanted


def test_what_is_taken_out_takes_its_own_comments_along() -> None:
    def change(data: Any) -> None:
        data["spec"]["members"].remove("bob")

    assert after(TEAM, change) == TEAM.replace("    # in training\n    - bob\n", "")


def test_a_new_key_stands_where_the_schema_has_it() -> None:
    text = after(TEAM, lambda data: data["spec"].update(parent="team-y"))
    lines = [line.strip().split(":")[0] for line in text.splitlines() if line.startswith("  ") and line[2] not in " #"]
    order = [name for name in REGISTRY["Team"].schema["properties"]["spec"]["properties"] if name in lines]
    assert lines == order
    assert format_record("x", text.encode(), REGISTRY["Team"].schema).after == text.encode()


def test_a_file_that_has_an_order_of_its_own_keeps_it() -> None:
    source = TEAM.replace("  lead: alice\n", "").replace("  # The people", "  lead: alice\n  # The people")
    text = after(source, lambda data: data["spec"].update(lead="bob", parent="team-y"))
    changed = source.replace("lead: alice", "lead: bob").replace("  # The last", "  parent: team-y\n  # The last")
    assert text == changed


def test_a_line_in_braces_stays_one_while_it_fits() -> None:
    text = after(TEAM, lambda data: data["metadata"].update(title="Team, X: {a}", labels={"tier": "1"}))
    head = 'metadata: {name: team-x, title: "Team, X: {a}", labels: {tier: "1"}}  # who they are\n'
    assert text == TEAM.replace("metadata: {name: team-x, title: Team X}  # who they are\n", head)
    long = after(TEAM, lambda data: data["metadata"].update(description="many words " * 12))
    assert "\n  name: team-x\n" in long
    assert "metadata:  # who they are\n" in long


def test_a_comment_at_the_end_of_a_line_goes_above_a_text_of_several() -> None:
    source = TEAM.replace("lead: alice\n", "lead: alice  # for now\n")
    text = after(source, lambda data: data["spec"].update(lead="a\nb\n"))
    assert "  # for now\n  lead: |\n    a\n    b\n" in text


def test_the_place_that_is_kept_for_a_key_is_filled_in() -> None:
    source = TEAM.replace("  # The last", "  # parent: team-y  # The team above.\n  # parent: ask alice\n  # The last")
    text = after(source, lambda data: data["spec"].update(parent="team-y"))
    assert "# parent: team-y" not in text
    assert "# parent: ask alice" in text, "what a person wrote stays"


def test_line_ends_stay_as_they_are() -> None:
    text = after(TEAM.replace("\n", "\r\n"), lambda data: data["spec"].update(lead="bob"))
    assert text == TEAM.replace("lead: alice", "lead: bob").replace("\n", "\r\n")


@pytest.mark.parametrize(
    ("source", "change", "said"),
    [
        (
            TEAM.replace("lead: alice", "lead:\n    # who\n    alice"),
            {"lead": "bob"},
            "team-x.yaml:21:5: a comment between a key and its value cannot be kept",
        ),
        (
            TEAM.replace("lead: alice", "contacts: [\n    # the phone\n    ]"),
            {"contacts": [{"name": "x"}]},
            "a comment would be lost",
        ),
        ("{apiVersion: itsm/v1, kind: Team, metadata: {name: x}, spec: {}}", {"lead": "bob"}, "one flow mapping"),
    ],
)
def test_what_cannot_be_edited_is_left_as_it_is(source: str, change: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said) as refused:
        after(source, lambda data: data["spec"].update(change))
    assert "by hand" in refused.value.remedy


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """All places in data, as what they lie in and the key or index there."""
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from places(value[key])


WORDS = ["x", "no", "1.0", "2026-01-01", "a: b", "a, b", "[x]", "two\nlines\n", "#", "", "'", '"', "ä", "- x", "{}"]
VALUES: list[Any] = [*WORDS, 1, 1.5, True, None, [], {}, ["a", "b c"], [{"a": "1"}, ["x"]], {"k": {"l": ["m"]}}]
FILES = [
    path
    for folder in ("tests/fixtures/small", "changes", "services", "operations", "policies", "people")
    for path in sorted((ROOT / folder).rglob("*.yaml"))
    if path.name != "itsm.yaml"
]


@pytest.mark.parametrize("seed", range(4))
def test_any_edit_of_any_record_says_what_was_meant_and_stays_in_form(seed: int) -> None:
    chance = random.Random(seed)
    refused = 0
    for path in chance.sample(FILES, 25):
        refused += not is_right(path, chance)
    assert refused < 3


def is_right(path: Path, chance: random.Random) -> bool:
    """Change a few places of a record; False where the edit was refused."""
    source = path.read_bytes()
    before = parse(source)
    kind = REGISTRY.get(before["kind"])
    data = copy.deepcopy(before)
    for _ in range(chance.randint(1, 4)):
        inside, key = chance.choice(list(places(data)))
        if inside is data:
            continue
        act = chance.choice(["replace", "remove", "add"])
        if act == "remove" and len(inside) > 1:
            del inside[key]
        elif act == "add" and isinstance(inside, list):
            inside.insert(key, copy.deepcopy(chance.choice(VALUES)))
        elif act == "add":
            inside["new-key"] = copy.deepcopy(chance.choice(VALUES))
        else:
            inside[key] = copy.deepcopy(chance.choice(VALUES))
    schema = kind.schema if kind else None
    try:
        result = edited(str(path), source, data, schema)
    except UsageError:  # a comment would be lost
        return False
    assert parse(result) == data
    was_in_form = format_record("x", source, schema).after == source
    assert not was_in_form or format_record("x", result, schema).after == result
    return True
