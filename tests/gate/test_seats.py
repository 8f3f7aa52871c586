"""What reviews give a rule, as a pure function; and what no set of reviews may do."""

from __future__ import annotations

import string
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itsm_as_code.forges.interface import Review, ReviewState
from itsm_as_code.gate.identities import Directory
from itsm_as_code.gate.reviews import Verdicts, Void, latest_reviews
from itsm_as_code.gate.scope import MatchedRule
from itsm_as_code.gate.seats import Approval, settle
from itsm_as_code.gate.suggestions import suggest
from itsm_as_code.records.facts import Facts
from tests.gate.test_identities import account, away, person, team

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
COMMIT = "a" * 40
SHOP = (
    person("ann"), person("ben"), person("cat"), person("dan"), person("eve"), person("bot", bot=True),
    person("old", active=False), person("off", **away("eve")),
    team("board", ["ann", "ben", "cat", "off", "bot", "old"], roles=["cab"]),
    team("rules", ["ben", "dan"], roles=["gov"]),
)  # fmt: skip
ROLES = ({"role": "cab"}, {"role": "gov"}, {"team": "board"}, {"people": ["dan", "eve", "nobody"]}, {"anyone": True})


def review(who: str, state: str = "approved", minute: int = 0, by: str | None = None, commit: str = COMMIT) -> Review:
    return Review(who, ReviewState(state), commit, NOW - timedelta(hours=1) + timedelta(minutes=minute), by)


def rule(*approvals: dict[str, Any], bots: bool = False) -> MatchedRule:
    return MatchedRule("p", "r", approvals, bots, (), (), (), ())


def judge(
    asked: MatchedRule,
    reviews: Sequence[Review],
    contributors: frozenset[str] = frozenset({"ann"}),
    records: Sequence[dict[str, Any]] = SHOP,
    void: frozenset[str] = frozenset(),
) -> tuple[Approval, Verdicts]:
    facts = Facts.from_records(records)
    directory = Directory(facts, NOW)
    verdicts = latest_reviews(reviews, directory, NOW, contributors)

    def voided(_: MatchedRule, review: Review) -> Void | None:
        return Void("it changed") if review.commit in void else None

    approval = settle(asked, verdicts, contributors, directory, facts, voided)
    return suggest([approval], {item.person for item in verdicts.vetoes})[0], verdicts


def satisfied(asked: MatchedRule, reviews: Sequence[Review], **options: Any) -> bool:
    """No veto, and every seat taken: what the verdict asks of a rule."""
    approval, verdicts = judge(asked, reviews, **options)
    return approval.satisfied and not verdicts.vetoes


def test_seats_are_taken_and_the_rest_is_suggested() -> None:
    approval, _ = judge(rule({"from": {"role": "cab"}, "count": 2}), [review("ben")])
    need = approval.required[0]
    assert need.eligible == ("ben", "cat", "eve")
    assert (need.satisfied_by, need.missing) == (("ben",), 1)
    assert len(need.suggested) == 1
    assert need.suggested[0] in ("cat", "eve")


def test_whoever_asked_for_changes_is_not_suggested() -> None:
    approval, _ = judge(rule({"from": {"people": ["dan", "eve"]}}), [review("dan", "changes-requested")])
    assert approval.required[0].suggested == ("eve",)


@pytest.mark.parametrize(
    ("who", "code"),
    [("ann", "contributor"), ("bot", "bot"), ("old", "inactive"), ("off", "away"), ("dan", "not-eligible")],
)
def test_why_an_approval_does_not_count(who: str, code: str) -> None:
    approval, _ = judge(rule({"from": {"role": "cab"}}), [review(who)])
    assert not approval.satisfied
    assert [(item.reviewer, item.code) for item in approval.ignored] == [(who, code)]


def test_a_bot_counts_where_the_rule_says_so() -> None:
    asked = rule({"from": {"people": ["bot"]}}, bots=True)
    assert satisfied(asked, [review("bot")])


def test_a_void_approval_is_told_with_its_reason() -> None:
    approval, _ = judge(rule({"from": {"role": "cab"}}), [review("ben", commit="b" * 40)], void=frozenset({"b" * 40}))
    assert [(item.code, item.reason) for item in approval.ignored] == [("void", "it changed")]


def test_a_dismissed_veto() -> None:
    asked = rule({"from": {"role": "cab"}})
    words = [review("ben"), review("dan", "changes-requested", 1), review("dan", "dismissed", 2, "cat")]
    assert satisfied(asked, words)
    for by in (None, "ann", "bot", "old", "stranger"):
        assert not satisfied(asked, [*words[:2], review("dan", "dismissed", 2, by)])
    assert satisfied(asked, [*words[:2], review("dan", "dismissed", 2, "dan")])
    own = [review("ben"), review("ann", "changes-requested", 1), review("ann", "dismissed", 2, "ann")]
    assert satisfied(asked, own)  # whoever wrote it may take back what they said themselves


def test_a_dismissal_of_a_dismissal_is_nothing_new() -> None:
    asked = rule({"from": {"role": "cab"}})
    words = [review("ben"), review("ben", "dismissed", 1), review("ben", "dismissed", 2)]
    assert not satisfied(asked, words)


def test_owners_that_nobody_knows_are_never_satisfied() -> None:
    approval, _ = judge(rule({"from": {"owners": "self"}}), [review(name) for name in ("ben", "cat", "dan", "eve")])
    assert [need.missing for need in approval.required] == [1]


def test_a_count_beyond_everybody_stays_missing() -> None:
    approval, _ = judge(rule({"from": {"anyone": True}, "count": 10**9}), [review("ben"), review("cat")])
    assert approval.required[0].missing == 10**9 - 2


def test_one_person_one_seat_over_all_groups_of_a_rule() -> None:
    asked = rule({"from": {"role": "cab"}}, {"from": {"role": "gov"}})
    assert not satisfied(asked, [review("ben")])
    assert satisfied(asked, [review("ben"), review("dan")])
    assert satisfied(asked, [review("ben"), review("cat")])


# Properties.

names = st.sampled_from(["ann", "ben", "cat", "dan", "eve", "bot", "old", "off", "stranger"])
states = st.sampled_from(["approved", "approved", "approved", "changes-requested", "commented", "dismissed"])
reviews_of = st.lists(st.builds(review, names, states, st.integers(0, 30), st.none() | names), max_size=10)
rules_of = st.lists(
    st.fixed_dictionaries({"from": st.sampled_from(ROLES), "count": st.integers(1, 3)}), min_size=1, max_size=3
).map(lambda approvals: rule(*approvals))


@given(rules_of, reviews_of, names)
def test_adding_an_approval_never_un_approves(asked: MatchedRule, reviews: list[Review], who: str) -> None:
    if satisfied(asked, reviews):
        assert satisfied(asked, [*reviews, review(who, minute=40)])


@given(rules_of, reviews_of, st.randoms(use_true_random=False))
def test_only_time_orders_reviews(asked: MatchedRule, reviews: list[Review], random: Any) -> None:
    shuffled = list(reviews)
    random.shuffle(shuffled)
    first, second = judge(asked, reviews), judge(asked, shuffled)
    assert first[0].required == second[0].required
    assert first[1].vetoes == second[1].vetoes
    assert set(first[0].ignored) == set(second[0].ignored)


@given(rules_of, reviews_of)
def test_without_any_counted_approval_of_a_just_sufficient_set_it_is_pending(
    asked: MatchedRule, reviews: list[Review]
) -> None:
    approval, verdicts = judge(asked, reviews)
    if not (approval.satisfied and not verdicts.vetoes):
        return
    counted = [name for need in approval.required for name in need.satisfied_by]
    just_enough = [item.review for item in verdicts.latest if item.person in counted]
    assert satisfied(asked, just_enough)
    for name in counted:
        assert not satisfied(asked, [item for item in just_enough if item.reviewer != name])


@given(rules_of, reviews_of)
def test_no_contributor_ever_takes_a_seat(asked: MatchedRule, reviews: list[Review]) -> None:
    approval, _ = judge(asked, reviews, contributors=frozenset({"ann", "ben", "off"}))
    for need in approval.required:
        assert not {"ann", "ben", "off", "bot", "old"} & {*need.satisfied_by, *need.eligible, *need.suggested}


@given(rules_of, reviews_of)
def test_a_seat_is_taken_by_somebody_eligible_and_once(asked: MatchedRule, reviews: list[Review]) -> None:
    approval, _ = judge(asked, reviews)
    counted = [name for need in approval.required for name in need.satisfied_by]
    assert len(counted) == len(set(counted))
    for need in approval.required:
        assert set(need.satisfied_by) <= set(need.eligible)


@given(rules_of, reviews_of)
def test_asking_for_more_is_never_easier(asked: MatchedRule, reviews: list[Review]) -> None:
    more = rule(*[{**item, "count": item["count"] + 1} for item in asked.approvals])
    assert satisfied(asked, reviews) or not satisfied(more, reviews)


@given(rules_of, reviews_of, st.permutations(string.ascii_lowercase[:9]))
def test_renaming_people_changes_nothing(asked: MatchedRule, reviews: list[Review], letters: list[str]) -> None:
    everybody = ("ann", "ben", "cat", "dan", "eve", "bot", "old", "off", "stranger")
    new = dict(zip(everybody, [f"{letter}{letter}" for letter in letters], strict=True))

    def renamed(data: Any) -> Any:
        if isinstance(data, str):
            local, _, domain = data.partition("@")
            return new.get(local, local) + (f"@{domain}" if domain else "")
        if isinstance(data, dict):
            return {key: renamed(value) for key, value in data.items()}
        return [renamed(item) for item in data] if isinstance(data, (list, tuple)) else data

    records = [renamed(record) for record in SHOP]
    theirs = rule(*renamed(list(asked.approvals)))
    words = [
        Review(
            new[item.reviewer], item.state, item.commit, item.at, new[item.dismissed_by] if item.dismissed_by else None
        )
        for item in reviews
    ]
    mine, _ = judge(asked, reviews)
    other, _ = judge(theirs, words, contributors=frozenset({new["ann"]}), records=records)
    assert sum(max(0, need.missing) for need in mine.required) == sum(max(0, need.missing) for need in other.required)
    assert satisfied(asked, reviews) == satisfied(theirs, words, contributors=frozenset({new["ann"]}), records=records)


def test_an_ambiguous_login() -> None:
    records = (*SHOP, person("twin", **account("local", "ben")))
    asked = rule({"from": {"role": "cab"}})
    assert not satisfied(asked, [review("ben")], records=records)
    assert satisfied(asked, [review("cat")], records=records)
    assert not satisfied(asked, [review("cat"), review("ben", "changes-requested")], records=records)
