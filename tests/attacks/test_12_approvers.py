"""12: approvals by people who may not approve."""

from __future__ import annotations

import pytest

from tests.attacks.tools import CHANGE, add_rule, approve, ignored, missing, on_main
from tests.conftest import Workshop, codes


@pytest.fixture
def proposed(workshop: Workshop) -> Workshop:
    """A change that one of team-shop (alice, bob, robot) has to approve, by alice."""
    workshop.change()
    workshop.commit()
    return workshop


@pytest.mark.parametrize(
    ("login", "code"),
    [
        ("alice", "contributor"),
        ("ALICE", "contributor"),
        ("alice-gh", "contributor"),
        ("Alice-GH", "contributor"),
        ("robot", "bot"),
        ("carol", "not-eligible"),
        ("gina", "away"),
        ("mallory", "unknown-reviewer"),
        ("@bob", "unknown-reviewer"),
        ("bob@shop.example", "unknown-reviewer"),
        ("Bob Brook", "unknown-reviewer"),
    ],
)
def test_who_may_not_approve(proposed: Workshop, login: str, code: str) -> None:
    proposed.review(login)
    decision = proposed.judge()
    assert (decision.verdict, missing(decision)) == ("pending", {"normal": 1})
    assert code in {found for _, found in ignored(decision)}


@pytest.mark.parametrize("login", ["bob", "BOB", "bob-gh", "Bob-Gh", " bob "])
def test_case_and_account_do_not_matter_for_who_may(proposed: Workshop, login: str) -> None:
    proposed.review(login)
    assert proposed.judge().verdict == "approved"


def test_one_person_twice_takes_one_seat(workshop: Workshop) -> None:
    workshop.edit("people/teams/team-data.yaml", "title: Data team", "title: Data")
    workshop.commit()
    approve(workshop, "dave", "dave-gh", "DAVE")
    decision = workshop.judge()
    assert (decision.verdict, missing(decision)) == ("pending", {"what-judges": 1})


def test_one_person_does_not_take_the_seats_of_two_groups(workshop: Workshop) -> None:
    with on_main(workshop):
        both = "[{from: {role: governance}}, {from: {role: change-advisory-board}}]"
        add_rule(workshop, f"{{name: both, match: {{kinds: [Change]}}, approvals: {both}}}")
    workshop.change()
    workshop.commit()
    approve(workshop, "bob", "dave")
    assert missing(workshop.judge()) == {"both": 1}
    workshop.review("carol")
    assert workshop.judge().verdict == "approved"


def test_a_former_member_and_a_former_colleague(workshop: Workshop) -> None:
    with on_main(workshop):
        workshop.edit("people/bob.yaml", "spec:\n", "spec:\n  active: false\n")
    workshop.change()
    workshop.commit()
    approve(workshop, "bob", "dave")
    decision = workshop.judge()
    assert missing(decision) == {"normal": 1}
    assert {("bob", "inactive"), ("dave", "not-eligible")} == ignored(decision)


def test_a_retired_team_approves_nothing(workshop: Workshop) -> None:
    with on_main(workshop):
        workshop.edit("people/teams/team-shop.yaml", "spec:\n", "spec:\n  retired: true\n")
    workshop.change()
    workshop.commit()
    workshop.review("bob")
    decision = workshop.judge()
    assert missing(decision) == {"normal": 1}
    assert ("bob", "not-eligible") in ignored(decision)


def test_a_delegate_stands_in_and_the_absent_does_not(workshop: Workshop) -> None:
    """Gina of the board is away, frank stands in for her."""
    workshop.change(**{"  status: proposed": "  risk: {level: very-high}\n  status: proposed"})
    workshop.commit()
    approve(workshop, "bob", "gina", "carol")
    decision = workshop.judge()
    assert missing(decision) == {"high-risk": 1}
    assert ("gina", "away") in ignored(decision)
    workshop.review("frank")
    assert workshop.judge().verdict == "approved"


def test_a_delegate_of_a_delegate_does_not_stand_in(workshop: Workshop) -> None:
    with on_main(workshop):
        away = "spec:\n  away: [{start: '2026-11-01T00:00:00Z', end: '2026-12-01T00:00:00Z', delegate: bob}]\n"
        workshop.edit("people/frank.yaml", "spec:\n", away)
    workshop.change(**{"  status: proposed": "  risk: {level: very-high}\n  status: proposed"})
    workshop.commit()
    approve(workshop, "bob", "carol", "frank")
    decision = workshop.judge()
    assert missing(decision) == {"high-risk": 1}
    assert {("bob", "not-eligible"), ("frank", "away")} <= ignored(decision)


def test_nobody_stands_in_for_a_contributor(workshop: Workshop) -> None:
    """Alice is away, names frank as her delegate, and opens a pull request that her own team has to approve."""
    with on_main(workshop):
        away = "spec:\n  away: [{start: '2026-11-01T00:00:00Z', end: '2026-12-01T00:00:00Z', delegate: frank}]\n"
        workshop.edit("people/alice.yaml", "spec:\n", away)
    workshop.change()
    workshop.commit()
    workshop.review("frank")
    decision = workshop.judge()
    assert (decision.verdict, missing(decision)) == ("pending", {"normal": 1})
    assert ("frank", "not-eligible") in ignored(decision)


def test_two_who_are_away_with_one_delegate_are_one_seat(workshop: Workshop) -> None:
    with on_main(workshop):
        away = "spec:\n  away: [{start: '2026-11-01T00:00:00Z', end: '2026-12-01T00:00:00Z', delegate: frank}]\n"
        workshop.edit("people/dave.yaml", "spec:\n", away)
        workshop.edit("people/erin.yaml", "spec:\n", away)
    workshop.edit("people/teams/team-data.yaml", "title: Data team", "title: Data")
    workshop.commit()
    approve(workshop, "frank", "frank-gh")
    decision = workshop.judge()
    assert (decision.verdict, missing(decision)) == ("pending", {"what-judges": 1})


def test_a_stranger_with_a_colleagues_name_as_login(proposed: Workshop) -> None:
    """At a forge a login is an account, not a name: anybody may open the account ``bob`` there."""
    proposed.author = "alice-gh"
    proposed.review("bob")
    pull_request = proposed.pull_request() | {"forge": "github"}
    proposed.pull_request = lambda: pull_request  # type: ignore[method-assign]
    decision = proposed.judge()
    assert missing(decision) == {"normal": 1}
    assert ("bob", "unknown-reviewer") in ignored(decision)
    pull_request["reviews"] = [row | {"reviewer": "Bob-GH"} for row in proposed.reviews]
    assert proposed.judge().verdict == "approved"


def test_an_account_with_a_colleagues_name(workshop: Workshop) -> None:
    """Frank has the login ``bob``: nobody can tell whose approval that is, so it is nobody's."""
    with on_main(workshop):
        workshop.edit("people/frank.yaml", "login: frank-gh", "login: Bob")
    workshop.change()
    workshop.commit()
    workshop.review("bob")
    decision = workshop.judge()
    assert missing(decision) == {"normal": 1}
    assert ("bob", "ambiguous-reviewer") in ignored(decision)
    workshop.review("bob-gh")
    assert workshop.judge().verdict == "approved"


def test_a_veto_under_a_shared_login_counts(workshop: Workshop) -> None:
    with on_main(workshop):
        workshop.edit("people/frank.yaml", "login: frank-gh", "login: bob-gh")
    workshop.change()
    workshop.commit()
    workshop.review("bob")
    workshop.review("bob-gh", "changes-requested")
    decision = workshop.judge()
    assert (decision.verdict, set(codes(decision))) == ("pending", {"changes-requested", "approval-missing"})


def test_owners_of_both_sides_approve(workshop: Workshop) -> None:
    """A pull request that takes a service over is not approved by the new owners alone."""
    workshop.edit("services/newsletter.yaml", "owner: team-shop", "owner: team-data")
    workshop.commit()
    workshop.review("carol")
    decision = workshop.judge()
    assert missing(decision) == {"service": 1}
    assert decision.evidence["approvals"][0]["required"][1]["eligible"] == ["bob"]


def test_owners_of_a_service_that_a_change_drops_still_approve(workshop: Workshop) -> None:
    with on_main(workshop):
        workshop.change(**{"services: [newsletter]": "services: [database]"})
    workshop.edit(CHANGE, "services: [database]", "services: [newsletter]")
    workshop.commit()
    workshop.review("bob")
    assert missing(workshop.judge()) == {"normal": 1}
    workshop.review("carol")
    assert workshop.judge().verdict == "approved"


@pytest.mark.parametrize("is_new", [True, False])
def test_whoever_takes_part_does_not_approve_where_a_rule_is_independent(workshop: Workshop, is_new: bool) -> None:
    """Nor does whom the pull request takes out of the change. Where the rule does not say so they may."""
    part = {"requester: alice": "requester: carol", "implementers: [alice]": "implementers: [bob]"}
    with on_main(workshop):
        add_rule(
            workshop, "{name: apart, match: {kinds: [Change]}, approvals: [{from: {anyone: true}}], independent: true}"
        )
        if not is_new:
            workshop.change(**part)
    workshop.change(**(part if is_new else {"implementers: [alice]": "implementers: [dave]"}))
    workshop.commit()
    approve(workshop, "bob", "carol")
    decision = workshop.judge()
    assert missing(decision) == {"apart": 1}
    assert ignored(decision) == {("bob", "takes-part"), ("carol", "takes-part")} | {("carol", "not-eligible")}
    approve(workshop, "erin")
    assert workshop.judge().verdict == "approved"
