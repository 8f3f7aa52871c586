"""24: the emergency lane as a short cut: without an incident, without the board, without a review afterwards."""

from __future__ import annotations

import pytest

from tests.attacks.tools import (
    CHANGE,
    EVERYBODY,
    RULES,
    STANDARD,
    STANDARD_PATH,
    approve,
    ignored,
    missing,
    on_main,
)
from tests.conftest import Workshop, codes

INCIDENT_PATH = "operations/incidents/inc-20261122-slow.yaml"
INCIDENT = """\
apiVersion: itsm/v1
kind: Incident
metadata: {name: inc-20261122-slow, title: The newsletter is slow}
spec:
  services: [newsletter]
  impact: 2
  urgency: 2
  status: new
  detectedAt: "2026-11-22T08:00:00Z"
"""
URGENT = {
    "type: normal": "type: emergency\n  incident: inc-20261122-slow",
    "2026-12-01T20:00": "2026-11-22T12:00",
    "2026-12-01T22:00": "2026-11-22T14:00",
    "status: proposed": "status: implementing",
}
PAST_PATH = "changes/2026/11/12/chg-20261112-urgent.yaml"
PAST = """\
apiVersion: itsm/v1
kind: Change
metadata: {name: chg-20261112-urgent, title: Urgent}
spec:
  type: emergency
  services: [newsletter]
  requester: alice
  summary: Mend it.
  justification: It was broken.
  incident: inc-20261122-slow
  schedule: {start: "2026-11-12T12:00:00Z", end: "2026-11-12T14:00:00Z"}
  actual: {start: "2026-11-12T12:00:00Z", end: "2026-11-12T13:00:00Z"}
  implementation: {steps: [Mend it]}
  test: {summary: Tried., passed: true}
  backout: {steps: [Set it back, Restart]}
  status: implemented
  result: successful
"""
OVERDUE = "finding:review-first"


def emergency(shop: Workshop, incident: bool = True, **replace: str) -> None:
    if incident:
        shop.write(INCIDENT_PATH, INCIDENT)
    shop.change(**{**URGENT, **replace})
    shop.commit()


def without_board_rule(shop: Workshop) -> None:
    """A base whose approval rules let an emergency through with anybody's approval."""
    with on_main(shop):
        shop.edit(RULES, "[{from: {role: change-advisory-board}, count: 1}]", "[{from: {anyone: true}, count: 1}]")


def unreviewed(shop: Workshop, **replace: str) -> None:
    """A base with an emergency change whose review is overdue."""
    text = PAST
    for old, new in replace.items():
        assert old in text
        text = text.replace(old, new)
    with on_main(shop):
        shop.write(INCIDENT_PATH, INCIDENT)
        shop.write(PAST_PATH, text)


def test_the_lane_is_open_to_what_keeps_its_rules(workshop: Workshop) -> None:
    emergency(workshop)
    approve(workshop, "carol")
    assert workshop.judge().verdict == "approved"


@pytest.mark.parametrize("incident", ["", "\n  incident: inc-20261122-slow"])
def test_an_emergency_without_an_incident(workshop: Workshop, incident: str) -> None:
    emergency(workshop, incident=False, **{"type: normal": f"type: emergency{incident}"})
    approve(workshop, *EVERYBODY)
    assert "finding:emergency-incident" in codes(workshop.judge())


def test_the_incident_link_is_taken_away_once_it_is_merged(workshop: Workshop) -> None:
    with on_main(workshop):
        workshop.write(INCIDENT_PATH, INCIDENT)
        workshop.change(**URGENT)
    workshop.edit(CHANGE, "  incident: inc-20261122-slow\n", "")
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert "finding:emergency-incident" in codes(workshop.judge())


def test_the_board_decides_even_where_no_rule_asks_it(workshop: Workshop) -> None:
    without_board_rule(workshop)
    emergency(workshop)
    approve(workshop, "bob")
    decision = workshop.judge()
    assert (decision.verdict, missing(decision)) == ("pending", {"emergency-lane": 1})
    approve(workshop, "dave")
    assert workshop.judge().verdict == "approved"


def test_a_member_of_the_board_does_not_approve_their_own(workshop: Workshop) -> None:
    without_board_rule(workshop)
    workshop.author = "carol"
    workshop.write(INCIDENT_PATH, INCIDENT)
    workshop.change(**URGENT)
    workshop.commit(who="carol")
    approve(workshop, "bob", "carol")
    decision = workshop.judge()
    assert missing(decision) == {"emergency-lane": 1}
    assert ("carol", "contributor") in ignored(decision)


def test_the_general_board_does_not_stand_in_where_there_is_an_emergency_board(workshop: Workshop) -> None:
    with on_main(workshop):
        workshop.edit("people/teams/team-data.yaml", "roles: []", "roles: [emergency-change-advisory-board]")
    emergency(workshop)
    approve(workshop, "dave", "erin")
    decision = workshop.judge()
    assert missing(decision) == {"emergency-lane": 1}
    approve(workshop, "carol")
    assert workshop.judge().verdict == "approved"


def test_an_emergency_board_of_ones_own(workshop: Workshop) -> None:
    """A team with the role that comes in the same pull request is not asked."""
    without_board_rule(workshop)
    workshop.edit("people/teams/team-shop.yaml", "roles: []", "roles: [emergency-change-advisory-board]")
    emergency(workshop)
    approve(workshop, "bob")
    assert missing(workshop.judge())["emergency-lane"] == 1


def test_a_draft_slips_into_the_lane(workshop: Workshop) -> None:
    without_board_rule(workshop)
    with on_main(workshop):
        workshop.write(INCIDENT_PATH, INCIDENT)
        workshop.change(**{**URGENT, "status: proposed": "status: draft"})
    workshop.edit(CHANGE, "status: draft", "status: implementing")
    workshop.commit()
    approve(workshop, "bob")
    assert missing(workshop.judge()) == {"emergency-lane": 1}


def test_the_plan_grows_after_the_board_agreed(workshop: Workshop) -> None:
    without_board_rule(workshop)
    with on_main(workshop):
        workshop.write(INCIDENT_PATH, INCIDENT)
        workshop.change(**URGENT)
    workshop.edit(CHANGE, "Set the batch size to 500", "Drop the queue")
    workshop.commit()
    approve(workshop, "bob")
    assert missing(workshop.judge()) == {"emergency-lane": 1}


def test_the_next_change_while_the_review_is_overdue(workshop: Workshop) -> None:
    unreviewed(workshop)
    workshop.change()
    workshop.commit()
    approve(workshop, "bob")
    decision = workshop.judge()
    assert codes(decision) == [OVERDUE]
    assert "chg-20261112-urgent" in decision.reasons[0].message
    assert "2026-11-19T23:00:00Z" in decision.reasons[0].message


def test_a_standard_change_waits_too(workshop: Workshop) -> None:
    unreviewed(workshop)
    workshop.write(STANDARD_PATH, STANDARD)
    workshop.commit()
    assert codes(workshop.judge()) == [OVERDUE]


def test_one_service_among_several_is_enough(workshop: Workshop) -> None:
    unreviewed(workshop)
    workshop.change(**{"services: [newsletter]": "services: [orders, newsletter]"})
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert codes(workshop.judge()) == [OVERDUE]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("services: [newsletter]", "services: [orders]"),
        ("type: emergency", "type: normal"),
        ("2026-11-12T13:00", "2026-11-20T13:00"),
        ("status: implemented", "status: reviewed"),
    ],
)
def test_the_overdue_change_is_rewritten_in_the_same_pull_request(workshop: Workshop, old: str, new: str) -> None:
    unreviewed(workshop)
    workshop.edit(PAST_PATH, old, new)
    workshop.change()
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert OVERDUE in codes(workshop.judge())


def test_the_overdue_change_is_deleted(workshop: Workshop) -> None:
    unreviewed(workshop)
    (workshop.path / PAST_PATH).unlink()
    workshop.change()
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert OVERDUE in codes(workshop.judge())


def test_an_emergency_that_nobody_declares_over(workshop: Workshop) -> None:
    actual = '  actual: {start: "2026-11-12T12:00:00Z", end: "2026-11-12T13:00:00Z"}\n'
    unreviewed(workshop, **{"status: implemented\n  result: successful": "status: implementing", actual: ""})
    workshop.change()
    workshop.commit()
    approve(workshop, "bob")
    assert codes(workshop.judge()) == [OVERDUE]


def test_the_review_may_come_with_the_next_change(workshop: Workshop) -> None:
    unreviewed(workshop)
    workshop.edit(PAST_PATH, "status: implemented", "status: reviewed")
    workshop.write(
        PAST_PATH,
        (workshop.path / PAST_PATH).read_text() + '  review: {date: "2026-11-20", by: bob, findings: It held.}\n',
    )
    workshop.change()
    workshop.commit()
    approve(workshop, "bob", "carol")
    assert workshop.judge().verdict == "approved"


def test_another_emergency_does_not_wait(workshop: Workshop) -> None:
    unreviewed(workshop)
    emergency(workshop, incident=False)
    approve(workshop, "carol")
    assert workshop.judge().verdict == "approved"


def test_another_service_does_not_wait(workshop: Workshop) -> None:
    unreviewed(workshop, **{"services: [newsletter]": "services: [orders]"})
    workshop.change()
    workshop.commit()
    approve(workshop, "bob")
    assert workshop.judge().verdict == "approved"


def test_due_is_not_overdue(workshop: Workshop) -> None:
    """Monday 16 November 2026 and five working days: the end of Monday 23."""
    unreviewed(workshop, **{"2026-11-12T1": "2026-11-16T1"})
    workshop.change()
    workshop.commit()
    approve(workshop, "bob")
    assert workshop.judge().verdict == "approved"


def test_a_scheduled_change_turns_to_the_service_while_the_review_is_overdue(workshop: Workshop) -> None:
    with on_main(workshop):
        workshop.change(**{"services: [newsletter]": "services: [orders]"})
    unreviewed(workshop)
    workshop.edit(CHANGE, "services: [orders]", "services: [orders, newsletter]")
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert codes(workshop.judge()) == [OVERDUE]


def test_the_end_is_moved_so_that_the_review_is_due_later(workshop: Workshop) -> None:
    without_board_rule(workshop)
    unreviewed(workshop)
    workshop.edit(PAST_PATH, 'end: "2026-11-12T13:00:00Z"}', 'end: "2026-11-21T13:00:00Z"}')
    workshop.commit()
    approve(workshop, "bob")
    assert missing(workshop.judge()) == {"emergency-lane": 1}
