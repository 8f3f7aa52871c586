"""An approval holds for what was reviewed, by meaning."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from itsm_as_code.findings import parse_pointer
from itsm_as_code.forges.interface import PullRequest, Review, ReviewState
from itsm_as_code.gate.approvals import binding_of
from itsm_as_code.gate.candidate import read_candidate
from itsm_as_code.gate.findings import findings_of
from itsm_as_code.gate.reviews import Void
from itsm_as_code.gate.scope import MatchedRule, within
from itsm_as_code.git.repository import Repository
from itsm_as_code.records.diff import diff_data
from itsm_as_code.records.document import Document, load
from tests.attacks.tools import RULES, add_rule, missing, on_main
from tests.conftest import NOW, Workshop

CHANGE = "changes/2026/11/22/chg-20261122-tune.yaml"


def why_void(
    shop: Workshop, commit: str, paths: tuple[str, ...] = (), patterns: tuple[tuple[str, ...], ...] | None = None
) -> Void | None:
    """Why a review on ``commit`` would be void for a rule that covers all changed records, and some paths."""
    repository = Repository(shop.path)
    candidate = read_candidate(repository, "main", "topic", PullRequest("alice"), NOW)
    rule = MatchedRule("p", "r", (), False, (), candidate.diffs, (), paths, patterns)
    binding = binding_of(candidate, findings_of(candidate), repository)
    return binding.why_void(rule, Review("bob", ReviewState.APPROVED, commit, NOW))


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


# What stays, and what does not, when the base moves.

NEWSLETTER = "services/newsletter.yaml"


def stack(shop: Workshop) -> str:
    """A branch ``one`` that gives the newsletter another title, and on top of it topic, with another address."""
    shop.git("checkout", "-q", "-b", "one", "main")
    shop.edit(NEWSLETTER, "title: Newsletter", "title: Weekly newsletter")
    shop.write("docs/one.md", "One.\n")
    shop.commit()
    shop.git("checkout", "-q", "-B", "topic", "one")
    shop.edit(NEWSLETTER, "help@shop", "info@shop")
    reviewed = shop.commit()
    shop.review("bob")
    return reviewed


@pytest.mark.parametrize("how", ["--no-ff", "--ff-only", "--squash"])
@pytest.mark.parametrize("rebased", [False, True])
def test_the_lower_half_of_a_stack_is_merged(workshop: Workshop, how: str, rebased: bool) -> None:
    stack(workshop)
    assert workshop.judge(base="one").verdict == "approved"
    workshop.git("checkout", "-q", "main")
    workshop.git("merge", "-q", how, "one", who="erin")
    if how == "--squash":
        workshop.commit("Squash one", who="erin")
    if rebased:
        workshop.git("checkout", "-q", "topic")
        workshop.git("rebase", "-q", "main")
    assert workshop.judge().verdict == "approved"


def test_the_lower_half_of_a_stack_is_merged_otherwise(workshop: Workshop) -> None:
    """What the review saw of it is not what the base says now, so the whole record is another one."""
    reviewed = stack(workshop)
    workshop.git("checkout", "-q", "main")
    workshop.edit(NEWSLETTER, "title: Newsletter", "title: Daily newsletter")
    decided = workshop.commit(who="erin")
    workshop.git("checkout", "-q", "topic")
    workshop.git("merge", "-q", "-X", "ours", "--no-edit", "main")
    void = why_void(workshop, reviewed)
    assert void is not None
    assert (void.field, void.commit, void.side) == ("Service newsletter /metadata/title", decided, "before")


def test_the_same_change_comes_to_the_base_on_another_way(workshop: Workshop) -> None:
    workshop.edit(NEWSLETTER, "help@shop", "info@shop")
    workshop.write("docs/a.md", "A.\n")
    workshop.commit()
    workshop.review("bob")
    workshop.git("checkout", "-q", "main")
    workshop.edit(NEWSLETTER, "help@shop", "info@shop")
    workshop.commit(who="erin")
    assert workshop.judge().verdict == "approved"


def test_a_reviewed_commit_with_a_history_of_its_own(workshop: Workshop) -> None:
    workshop.git("checkout", "-q", "--orphan", "alone")
    alone = workshop.commit()
    workshop.git("checkout", "-q", "topic")
    workshop.change()
    workshop.commit()
    assert "has no history in common with the base" in str(why_void(workshop, alone))


def test_a_rule_for_fields_is_bound_by_those_fields(workshop: Workshop) -> None:
    """The owner of the support contact saw it; what else changes is for others to see."""
    with on_main(workshop):
        text = (workshop.path / RULES).read_text()
        rule = "match: {kinds: [Service], fields: [/spec/support]}"
        workshop.write(RULES, text.replace("match: {kinds: [Service]}", rule))
        add_rule(
            workshop,
            "{name: rest, match: {kinds: [Service], fields: [/spec/tier]}, approvals: [{from: {people: [carol]}}]}",
        )
    workshop.edit(NEWSLETTER, "help@shop", "info@shop")
    workshop.commit()
    workshop.review("bob")
    assert workshop.judge().verdict == "approved"
    workshop.edit(NEWSLETTER, "tier: 4", "tier: 3")
    workshop.commit()
    assert missing(workshop.judge()) == {"rest": 1}
    workshop.review("carol")
    assert workshop.judge().verdict == "approved"
    workshop.edit(NEWSLETTER, "channel: chat", "channel: mail")
    workshop.commit()
    assert missing(workshop.judge()) == {"service": 1}


@pytest.mark.parametrize(
    ("patterns", "field", "inside"),
    [
        (None, "/spec/tier", True),
        ((), "/spec/tier", False),
        (("/spec/tier",), "/spec/tier", True),
        (("/spec/tier",), "/spec", True),
        (("/spec/tier",), "", True),
        (("/spec/tier",), "/spec/tier/x", True),
        (("/spec/tier",), "/spec/tiers", False),
        (("/spec/rules/*/count",), "/spec/rules/0/name", True),
        (("/spec/rules/0/count",), "/spec/rules/1/name", True),
        (("/spec/rules/0/count",), "/spec/rule", False),
        (("/spec/tier", "/metadata"), "/metadata/title", True),
    ],
)
def test_what_lies_within_the_fields_of_a_rule(patterns: tuple[str, ...] | None, field: str, inside: bool) -> None:
    parsed = None if patterns is None else tuple(map(parse_pointer, patterns))
    assert within(parsed, parse_pointer(field)) is inside


def test_items_of_a_list_have_no_names_but_their_places(workshop: Workshop) -> None:
    """The base put another rule in the place of the one that was seen; the author changes the one that is there now."""
    first = "    - {name: one, match: {kinds: [Release]}, approvals: [{from: {role: governance}, count: %d}]}\n"
    second = first.replace("one", "two").replace("Release", "Problem")
    head = "apiVersion: itsm/v1\nkind: ApprovalPolicy\nmetadata: {name: more, title: More}\nspec:\n  rules:\n"
    path = "policies/approvals/more.yaml"
    with on_main(workshop):
        workshop.write(path, head + first % 2)
    workshop.write(path, head + first % 1)
    reviewed = workshop.commit()
    workshop.git("checkout", "-q", "main")
    workshop.write(path, head + second % 2)
    workshop.commit(who="erin")
    workshop.git("checkout", "-q", "-B", "topic", "main")
    workshop.write(path, head + second % 1)
    workshop.commit()
    void = why_void(workshop, reviewed)
    assert void is not None
    assert void.side == "after"
    # For a rule that looks at the counts alone.
    assert why_void(workshop, reviewed, patterns=(("spec", "rules", "*", "approvals"),)) is not None
    assert why_void(workshop, reviewed, patterns=(("spec", "nothing"),)) is None
