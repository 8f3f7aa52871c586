"""Whom to ask: the fewest people over all rules, compared with trying every set of people."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itsm_as_code.gate import suggestions
from itsm_as_code.gate.scope import MatchedRule
from itsm_as_code.gate.seats import Approval, Requirement, match_seats
from itsm_as_code.gate.suggestions import suggest

NAMES = "abcdef"
needs = st.builds(
    lambda count, eligible: Requirement({}, "", count, tuple(sorted(eligible)), ()),
    st.integers(1, 3),
    st.frozensets(st.sampled_from(NAMES)),
)
approvals_of = st.lists(st.lists(needs, min_size=1, max_size=3), max_size=3)
people = st.frozensets(st.sampled_from(NAMES), max_size=2)


def settled(required: list[Requirement], counted: frozenset[str]) -> Approval:
    """A rule in which ``counted`` people have approved."""
    seats = [frozenset(need.eligible) for need in required for _ in range(need.count)]
    owners = [index for index, need in enumerate(required) for _ in range(need.count)]
    taken = match_seats(seats, sorted(counted))
    sitting = [
        tuple(sorted(name for seat, name in enumerate(taken) if name and owners[seat] == index))
        for index in range(len(required))
    ]
    rule = MatchedRule("p", "r", (), False, (), (), (), ())
    rows = [
        Requirement({}, "", need.count, need.eligible, names) for need, names in zip(required, sitting, strict=True)
    ]
    return Approval(rule, tuple(rows), ())


def filled(approval: Approval, names: frozenset[str]) -> int:
    seats = [frozenset(need.eligible) for need in approval.required for _ in range(need.count)]
    return sum(name is not None for name in match_seats(seats, sorted(names)))


def asked(approvals: list[Approval]) -> frozenset[str]:
    return frozenset(name for approval in approvals for need in approval.required for name in need.suggested)


@given(approvals_of, people, people)
def test_no_smaller_set_would_do(tables: list[list[Requirement]], counted: frozenset[str], no: frozenset[str]) -> None:
    refused = no - counted
    before = [settled(required, counted) for required in tables]
    chosen = asked(suggest(before, refused))
    most = [filled(approval, frozenset(NAMES) - refused) for approval in before]
    assert not chosen & (refused | counted)
    assert [filled(approval, counted | chosen) for approval in before] == most
    for smaller in combinations(sorted(frozenset(NAMES) - refused - counted), max(0, len(chosen) - 1)):
        enough = [filled(approval, counted | frozenset(smaller)) for approval in before] == most
        assert not enough or not chosen


@given(approvals_of, people)
def test_nobody_is_asked_for_a_seat_that_is_taken(tables: list[list[Requirement]], counted: frozenset[str]) -> None:
    for approval in suggest([settled(required, counted) for required in tables], set()):
        for need in approval.required:
            assert len(need.suggested) <= max(0, need.missing)


RULES = (
    "ann ben cat pam", "ann ben cat pam", "ben pam", "ann ben cat quinn", "ann quinn", "cat quinn",
)  # fmt: skip
"""Who may sit for each."""


def test_the_search_ends_at_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = [settled([Requirement({}, "", 1, tuple(names.split()), ())], frozenset()) for names in RULES]
    found = []
    for most in range(20):
        monkeypatch.setattr(suggestions, "MAX_STEPS", most)
        found.append(len(asked(suggest(rules, set()))))
    assert found == [3] * 12 + [2] * 8


def test_two_do_where_leaving_out_one_by_one_ends_with_three() -> None:
    """Quinn may sit for fewer rules than Ann, Ben and Cat, and is left out first; with Ben it would have been two."""
    rules = [settled([Requirement({}, "", 1, tuple(names.split()), ())], frozenset()) for names in RULES]
    assert asked(suggest(rules, set())) == {"ben", "quinn"}


def test_one_person_for_two_rules() -> None:
    first = settled([Requirement({}, "", 1, ("ann", "cat"), ())], frozenset())
    second = settled([Requirement({}, "", 1, ("ben", "cat"), ())], frozenset())
    assert [[need.suggested for need in row.required] for row in suggest([first, second], set())] == [
        [("cat",)],
        [("cat",)],
    ]


def test_hundreds_of_people_are_no_trouble() -> None:
    """The search is bounded: past that, a set in which nobody is too much will do."""
    names = [f"p{index:03}" for index in range(300)]
    rules = [
        settled([Requirement({}, "", 2, tuple(names[start::7][: 10 + start]), ())], frozenset()) for start in range(25)
    ]
    chosen = asked(suggest(rules, set()))
    assert all(filled(rule, chosen) == 2 for rule in rules)
