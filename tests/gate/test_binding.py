"""An approval holds for what was reviewed, by meaning."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from itsm_as_code.forges.interface import PullRequest, Review, ReviewState
from itsm_as_code.gate.approvals import Void
from itsm_as_code.gate.judge import Judgement
from itsm_as_code.gate.scope import MatchedRule
from itsm_as_code.git.repository import Repository
from itsm_as_code.records.diff import diff_data
from itsm_as_code.records.document import Document, load
from tests.conftest import NOW, Workshop

CHANGE = "changes/2026/11/22/chg-20261122-tune.yaml"


def why_void(shop: Workshop, commit: str, paths: tuple[str, ...] = ()) -> Void | None:
    """Why a review on ``commit`` would be void for a rule that covers all changed records, and some paths."""
    repository = Repository(shop.path)
    base, head = repository.commit("main"), repository.commit("topic")
    candidate = repository.merge_tree(base, head)
    judgement = Judgement(repository, base, head, candidate, PullRequest("alice"), NOW)
    rule = MatchedRule("p", "r", (), False, (), tuple(judgement.diffs), (), paths)
    return judgement.binding.why_void(rule, Review("bob", ReviewState.APPROVED, commit, NOW))


@pytest.fixture
def reviewed(workshop: Workshop) -> tuple[Workshop, str]:
    workshop.change()
    return workshop, workshop.commit()


def test_the_tip_is_never_void(reviewed: tuple[Workshop, str]) -> None:
    shop, commit = reviewed
    assert why_void(shop, commit) is None


@pytest.mark.parametrize("commit", ["topic", "HEAD", "", "0" * 40, "main", "-h", "x\0y"])
def test_what_is_no_commit_id_of_this_clone_is_void(reviewed: tuple[Workshop, str], commit: str) -> None:
    shop, _ = reviewed
    assert "is not in this clone" in str(why_void(shop, commit))


def test_a_short_id_is_void(reviewed: tuple[Workshop, str]) -> None:
    shop, commit = reviewed
    assert "is not in this clone" in str(why_void(shop, commit[:12]))


def test_the_field_and_the_commit_are_named(reviewed: tuple[Workshop, str]) -> None:
    shop, commit = reviewed
    shop.write("docs/a.md", "a\n")
    shop.commit()
    shop.edit(CHANGE, "minutes: 10}\n  test", "minutes: 20}\n  test")
    culprit = shop.commit()
    shop.edit(CHANGE, "Send in smaller batches.", "Send.")
    shop.commit()
    void = why_void(shop, commit)
    assert void is not None
    assert (void.field, void.commit) == ("Change chg-20261122-tune /spec/implementation/minutes", culprit)
    reason = str(void)
    assert reason.startswith("/spec/implementation/minutes of Change chg-20261122-tune changed after")
    assert reason.endswith(f"(by commit {culprit[:12]})")


def test_a_file_that_could_not_be_read_then_is_void_now(workshop: Workshop) -> None:
    workshop.write(CHANGE, "a: [\n")
    commit = workshop.commit()
    workshop.change()
    workshop.commit()
    assert "changed after" in str(why_void(workshop, commit))


def test_a_file_that_was_a_link_then_is_void_now(workshop: Workshop) -> None:
    (workshop.path / CHANGE).parent.mkdir(parents=True)
    (workshop.path / CHANGE).symlink_to("elsewhere")
    commit = workshop.commit()
    (workshop.path / CHANGE).unlink()
    workshop.change()
    workshop.commit()
    assert "changed after" in str(why_void(workshop, commit))


def test_paths_are_bound_by_bytes_and_mode(workshop: Workshop) -> None:
    workshop.write("docs/a.md", "a\n")
    commit = workshop.commit()
    assert why_void(workshop, commit, ("docs/a.md",)) is None
    workshop.write("docs/a.md", "a \n")
    workshop.commit()
    void = why_void(workshop, commit, ("docs/a.md",))
    assert void is not None
    assert void.reason.startswith("docs/a.md changed after")
    assert (void.field, void.commit) == ("docs/a.md", workshop.git("rev-parse", "topic"))
    assert "docs/b.md changed" not in str(why_void(workshop, commit, ("docs/b.md",)))


# Meaning: what a record says, not how it is written.

scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text("abc 1", max_size=4)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1, max_size=2), inner, max_size=3)
    ),
    max_leaves=12,
)
records = st.dictionaries(st.text("abc", min_size=1, max_size=2), values, max_size=4)


def differ(old: Any, new: Any) -> bool:
    return any(True for _ in diff_data(old, new))


@given(records, records)
def test_two_records_differ_exactly_when_their_json_does(old: dict[str, Any], new: dict[str, Any]) -> None:
    option = orjson.OPT_SORT_KEYS
    assert differ(old, new) == (orjson.dumps(old, option=option) != orjson.dumps(new, option=option))


@given(records, records)
def test_difference_has_no_direction(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert differ(old, new) == differ(new, old)


@given(records, st.booleans(), st.sampled_from([None, True, False]))
def test_layout_is_no_difference(data: dict[str, Any], sort: bool, flow: bool | None) -> None:
    text = yaml.safe_dump(data, sort_keys=sort, default_flow_style=flow, default_style='"' if sort else None)
    if sort:
        text = orjson.dumps(data, option=orjson.OPT_INDENT_2).decode()  # JSON is YAML
    found = load("x.yaml", f"# comment\n{text}".encode())
    assert isinstance(found, Document)
    assert not differ(data, found.data)
