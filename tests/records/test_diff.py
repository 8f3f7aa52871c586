"""What changed, by meaning: nothing is missed, nothing is made up."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itsm_as_code.records.catalogue import get
from itsm_as_code.records.diff import MOST_SHOWN, Action, count_shown, covers, diff_catalogues, diff_data, show_fields
from itsm_as_code.records.kinds import KindRegistry
from tests.conftest import SMALL, examples
from tests.snapshots import catalogue_of, folder

REGISTRY = KindRegistry.load()
SCALARS = st.sampled_from([None, True, False, 0, 1, 1.0, 0.0, 2, "", "1", "true", "a"])
KEYS = st.sampled_from(["a", "b", "0", "a/b", ""])
DATA = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=12
)
MAPPINGS = st.dictionaries(KEYS, DATA, max_size=3)


def same(left: Any, right: Any) -> bool:
    """Equal in value and in type, all the way down."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right)


@settings(max_examples=examples(120))
@given(MAPPINGS, MAPPINGS)
def test_there_is_a_difference_exactly_when_they_differ(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert (list(diff_data(old, new)) == []) is same(old, new)
    assert list(diff_data(old, old)) == []


@settings(max_examples=examples(120))
@given(MAPPINGS, MAPPINGS)
def test_every_field_that_is_told_differs_and_they_are_enough(old: dict[str, Any], new: dict[str, Any]) -> None:
    fields = list(diff_data(old, new))
    assert len(set(fields)) == len(fields)
    missing = object()
    for field in fields:
        before, after = get(old, field, missing), get(new, field, missing)
        assert before is missing or after is missing or not same(before, after), field
    changed = _put_all(old, new, fields)
    assert same(changed, new), "what is told leads from the old to the new"
    assert sorted(map(str, fields)) == sorted(map(str, diff_data(new, old))), "both ways alike"


def _put_all(old: Any, new: Any, fields: list[Any], at: tuple[Any, ...] = ()) -> Any:
    """The old value with only the told fields taken from the new one."""
    if at in fields:
        return new
    if isinstance(old, dict) and isinstance(new, dict):
        result = {}
        for key in old.keys() | new.keys():
            told = any(field[: len(at) + 1] == (*at, key) for field in fields)
            if key in new and (key in old or told):
                result[key] = _put_all(old.get(key, {}), new[key], fields, (*at, key)) if key in old else new[key]
            elif key in old and not told:
                result[key] = old[key]
        return result
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [_put_all(a, b, fields, (*at, index)) for index, (a, b) in enumerate(zip(old, new, strict=True))]
    return old


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"a": 1}, {"a": True}, ["/a"]),
        ({"a": 1}, {"a": 1.0}, ["/a"]),
        ({"a": 0}, {"a": False}, ["/a"]),
        ({"a": [1, 2]}, {"a": [True, 2]}, ["/a/0"]),
        ({"a": "1"}, {"a": 1}, ["/a"]),
        ({"a": None}, {}, ["/a"]),
        ({"a": {}}, {}, ["/a"]),
        ({}, {"a": []}, ["/a"]),
        ({"a": [1]}, {"a": [1, 2]}, ["/a"]),
        ({"a": [1, 2]}, {"a": [2, 1]}, ["/a/0", "/a/1"]),
        ({"a": {"b": 1, "c": 2}}, {"a": {"c": 2, "b": 1}}, []),
        ({"a": {"b": {"c": 1, "d": 2}}}, {}, ["/a/b/c", "/a/b/d"]),
        ({"a": {"b": 1}}, {"a": "b"}, ["/a"]),
        (None, {"a": {"b": 1}, "c": 2}, ["/a/b", "/c"]),
        ({"a": 1}, None, ["/a"]),
        ({"a/b": 1}, {"a/b": 2}, ["/a~1b"]),
        (None, {}, ["/"]),
    ],
)
def test_fields(old: Any, new: Any, expected: list[str]) -> None:
    assert show_fields(tuple(diff_data(old, new))) == expected


def test_layout_order_and_comments_do_not_count() -> None:
    files = folder(SMALL)
    other = dict(files)
    other["services/database.yaml"] = (
        "# a comment\nkind: 'Service'\napiVersion: \"itsm/v1\"\nspec:\n  support:\n    email: help@shop.example\n"
        "    channel: chat\n  type: application\n  tier: 2\n  lifecycle: live\n  stage: catalogue\n  owner: team-data\n"
        "metadata:\n  title: Database\n  name: database\n"
    )
    assert diff_catalogues(catalogue_of(files, REGISTRY), catalogue_of(other, REGISTRY)) == []


def test_added_modified_deleted_moved() -> None:
    files = folder(SMALL)
    other = dict(files)
    other["services/shops/web-shop.yaml"] = other.pop("services/web-shop.yaml")
    del other["people/robot.yaml"]
    orders = other["services/orders.yaml"]
    assert isinstance(orders, bytes)
    other["services/orders.yaml"] = orders.replace(b"tier: 2", b"tier: 3")
    other["people/zoe.yaml"] = "apiVersion: itsm/v1\nkind: Person\nmetadata: {name: zoe, title: Z}\nspec: {}\n"
    found = diff_catalogues(catalogue_of(files, REGISTRY), catalogue_of(other, REGISTRY))
    envelope = ["/apiVersion", "/kind", "/metadata/name", "/metadata/title"]
    assert [(str(diff.id), diff.action, show_fields(diff.fields)) for diff in found] == [
        ("Person robot", Action.DELETED, [*envelope, "/spec/bot", "/spec/emails"]),
        ("Person zoe", Action.ADDED, [*envelope, "/spec"]),
        ("Service orders", Action.MODIFIED, ["/spec/tier"]),
        ("Service web-shop", Action.MODIFIED, []),
    ]
    assert found[3].paths == ("services/web-shop.yaml", "services/shops/web-shop.yaml")
    assert [diff.record.name for diff in found] == ["robot", "zoe", "orders", "web-shop"]


@pytest.mark.parametrize(
    ("pattern", "field", "expected"),
    [
        (("spec",), ("spec", "owner"), True),
        (("spec", "owner"), ("spec",), False),
        (("spec", "*", "name"), ("spec", 3, "name"), True),
        (("spec", "0"), ("spec", 0, "x"), True),
        (("spec", "own"), ("spec", "owner"), False),
        ((), ("spec",), True),
        (("*",), (), False),
    ],
)
def test_covers(pattern: tuple[str, ...], field: tuple[str | int, ...], expected: bool) -> None:
    assert covers(pattern, field) is expected


def test_many_fields_are_shown_by_the_first_ones_and_counted() -> None:
    few = tuple(("spec", f"k{number}") for number in range(MOST_SHOWN))
    assert show_fields(few)[-1] == "/spec/k999"
    assert count_shown(show_fields(few)) == MOST_SHOWN
    many = (*few, *(("metadata", "labels", "x" * 1000, "y" * 1000, number) for number in range(4321)))
    assert show_fields(many)[-1] == "and 4,321 more"
    assert count_shown(show_fields(many)) == len(many)
    assert len(show_fields(many[-1:])[0]) < 310
    assert show_fields(((),)) == ["/"]
    assert count_shown([]) == 0
