"""24: the emergency lane as a short cut: without an incident, without the board, without a review afterwards."""

from __future__ import annotations

import pytest

from itsm_as_code.snapshot import WorkTree
from itsm_as_code.validation import validate
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
from tests.conftest import NOW, Workshop, codes

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


# To act, or to record (30).

OVER = 'status: resolved\n  restoredAt: "2026-11-2%dT09:00:00Z"\n  resolvedAt: "2026-11-2%dT12:00:00Z"'
BEGUN = 'recordedAfterwards: true\n  actual: {start: "2026-11-12T12:00:00Z", end: "2026-11-12T13:00:00Z"}'


def recorded(shop: Workshop, afterwards: str = BEGUN, **replace: str) -> None:
    """A pull request that records what was done ten days ago, when nobody could be asked."""
    shop.write(INCIDENT_PATH, INCIDENT.replace("status: new", OVER % (0, 0)).replace("2026-11-22T08", "2026-11-12T08"))
    text = PAST.replace('actual: {start: "2026-11-12T12:00:00Z", end: "2026-11-12T13:00:00Z"}', afterwards)
    for old, new in replace.items():
        assert old in text
        text = text.replace(old, new)
    shop.write(PAST_PATH, text)
    shop.commit()


def test_an_incident_that_has_just_ended_may_still_be_acted_on(workshop: Workshop) -> None:
    """For a day: to noon of the 22nd where it ended at noon of the 21st, and then no more."""
    for end, allowed in ("2026-11-21T12:00:01Z", True), ("2026-11-21T12:00:00Z", False):
        with on_main(workshop):
            over = OVER % (1, 1)
            text = INCIDENT.replace("status: new", over).replace("2026-11-22T08", "2026-11-21T08")
            workshop.write(INCIDENT_PATH, text.replace("2026-11-21T12:00:00Z", end))
        emergency(workshop, incident=False)
        workshop.reviews.clear()
        approve(workshop, "carol")
        decision = workshop.judge()
        assert (decision.verdict == "approved") is allowed, codes(decision)
        if allowed:
            assert decision.evidence["validUntil"] == "2026-11-22T12:00:01Z"


@pytest.mark.parametrize(("hours", "allowed"), [("PT24H", "2026-11-23T12:00"), ("PT4H", "2026-11-22T16:00")])
def test_it_begins_within_what_the_organisation_says(workshop: Workshop, hours: str, allowed: str) -> None:
    with on_main(workshop):
        text = (workshop.path / "itsm.yaml").read_text()
        workshop.write("itsm.yaml", f"{text}  emergency: {{beginsWithin: {hours}}}\n")
    start = f'start: "{allowed}:00Z"'
    emergency(workshop, **{"2026-12-01T20:00": allowed, "2026-12-01T22:00": "2026-11-23T18:00"})
    approve(workshop, "carol")
    assert workshop.judge().verdict == "approved"
    workshop.edit(CHANGE, start, start.replace(":00Z", ":01Z"))
    workshop.commit()
    approve(workshop, "dave")
    decision = workshop.judge()
    assert codes(decision) == ["finding:emergency-soon"]
    assert "normal change" in decision.findings[0].remedy


def test_one_that_is_let_in_is_not_moved_further(workshop: Workshop) -> None:
    """Into the freeze, once it has been agreed to for today; that it has begun changes nothing."""
    with on_main(workshop):
        workshop.write(INCIDENT_PATH, INCIDENT)
        workshop.change(**URGENT)
    workshop.edit(CHANGE, '"2026-11-22T12:00:00Z", end: "2026-11-22T14', '"2026-12-20T12:00:00Z", end: "2026-12-20T14')
    workshop.edit(CHANGE, "status: impl", 'actual: {start: "2026-11-22T12:00:00Z"}\n  status: impl')
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert codes(workshop.judge()) == ["finding:emergency-soon"]


def test_another_incident_is_another_agreement(workshop: Workshop) -> None:
    without_board_rule(workshop)
    with on_main(workshop):
        workshop.write(INCIDENT_PATH, INCIDENT)
        workshop.write(INCIDENT_PATH.replace("slow", "late"), INCIDENT.replace("-slow", "-late"))
        workshop.change(**URGENT)
    workshop.edit(CHANGE, "incident: inc-20261122-slow", "incident: inc-20261122-late")
    workshop.commit()
    approve(workshop, "bob")
    assert missing(workshop.judge()) == {"emergency-lane": 1}


def test_what_is_recorded_afterwards_is_admitted_at_any_age(workshop: Workshop) -> None:
    """Ten days later, in one pull request, with the board's approval; the gate tells that it is an exception."""
    recorded(workshop)
    approve(workshop, "bob")
    assert missing(workshop.judge()) == {"emergency": 1}
    approve(workshop, "carol")
    decision = workshop.judge()
    assert decision.verdict == "approved", codes(decision)
    told = {finding.rule: finding.severity.value for finding in decision.findings}
    assert told == {"emergency-afterwards": "warning", "emergency-review": "warning"}


def test_what_is_recorded_afterwards_may_come_with_its_review(workshop: Workshop) -> None:
    review = 'review: {date: "2026-11-20", by: bob, findings: It held.}'
    recorded(workshop, **{"status: implemented": f"{review}\n  status: reviewed"})
    approve(workshop, "carol")
    assert missing(workshop.judge()) == {"agreed-by-bob": 1}
    approve(workshop, "bob")
    assert workshop.judge().verdict == "approved"


@pytest.mark.parametrize(
    ("afterwards", "replace", "code"),
    [
        (BEGUN.partition("\n")[0], {}, "finding:emergency-afterwards"),
        (BEGUN.replace("2026-11-12T", "2027-11-12T"), {}, "finding:emergency-afterwards"),
        (BEGUN, {"type: emergency": "type: normal"}, "finding:emergency-afterwards"),
        (BEGUN.partition("\n")[2].strip(), {}, "finding:emergency-afterwards"),
        (BEGUN, {"[newsletter]": "[orders]"}, "finding:emergency-incident"),
    ],
    ids=["no start", "a start to come", "a normal change", "not said", "of another service"],
)
def test_what_is_not_recorded_as_it_was(
    workshop: Workshop, afterwards: str, replace: dict[str, str], code: str
) -> None:
    recorded(workshop, afterwards, **replace)
    approve(workshop, *EVERYBODY)
    assert code in codes(workshop.judge())


def test_that_it_was_recorded_afterwards_is_settled(workshop: Workshop) -> None:
    with on_main(workshop):
        workshop.write(INCIDENT_PATH, INCIDENT)
        workshop.change(**{**URGENT, "status: proposed": f"status: implementing\n  {BEGUN}"})
    workshop.edit(CHANGE, "  recordedAfterwards: true\n", "")
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert "finding:lifecycle-frozen" in codes(workshop.judge())


# The late emergency: always a way out.


@pytest.mark.parametrize("status", ["implementing", "implemented"])
def test_the_review_that_is_overdue_is_mended_by_the_pull_request_that_brings_it(
    workshop: Workshop, status: str
) -> None:
    """Ten days over, declared over or not: one pull request takes it to reviewed, and the next change goes on."""
    actual = '  actual: {start: "2026-11-12T12:00:00Z", end: "2026-11-12T13:00:00Z"}\n'
    undeclared = {"status: implemented\n  result: successful": "status: implementing", actual: ""}
    unreviewed(workshop, **(undeclared if status == "implementing" else {}))
    text = (workshop.path / PAST_PATH).read_text().replace(f"status: {status}", "status: reviewed")
    if status == "implementing":
        text += f"{actual}  result: successful\n"
    workshop.write(PAST_PATH, text + '  review: {date: "2026-11-22", by: bob, findings: It held.}\n')
    workshop.commit()
    approve(workshop, "bob", "carol")
    decision = workshop.judge()
    assert decision.verdict == "approved", codes(decision)
    workshop.git("checkout", "-q", "-B", "main", "topic")
    workshop.git("checkout", "-q", "-b", "next")
    workshop.change()
    workshop.commit()
    workshop.reviews.clear()
    workshop.review("bob", commit=workshop.git("rev-parse", "next"))
    assert workshop.judge(head="next").verdict == "approved"


def test_a_step_towards_the_review_is_not_stopped_by_it(workshop: Workshop) -> None:
    actual = '  actual: {start: "2026-11-12T12:00:00Z", end: "2026-11-12T13:00:00Z"}\n'
    unreviewed(workshop, **{"status: implemented\n  result: successful": "status: implementing", actual: ""})
    text = (workshop.path / PAST_PATH).read_text().replace("status: implementing", "status: implemented")
    workshop.write(PAST_PATH, f"{text}{actual}  result: successful\n")
    workshop.commit()
    approve(workshop, "carol")
    decision = workshop.judge()
    assert decision.verdict == "approved", codes(decision)
    assert [item.rule for item in decision.findings] == ["emergency-review"]


def test_the_author_cannot_review_their_own_emergency_alone(workshop: Workshop) -> None:
    """Even where no approval rule asks for anybody."""
    with on_main(workshop):
        workshop.edit(RULES, "[{from: {role: change-advisory-board}, count: 1}]", "[]")
    unreviewed(workshop)
    workshop.edit(PAST_PATH, "status: implemented", "status: reviewed")
    text = (workshop.path / PAST_PATH).read_text()
    workshop.write(PAST_PATH, text + '  review: {date: "2026-11-20", by: alice, findings: It held.}\n')
    workshop.commit()
    assert missing(workshop.judge()) == {"agreed-by-somebody-else": 1}
    approve(workshop, "bob")
    assert workshop.judge().verdict == "approved"


def test_the_remedy_is_one_that_can_be_done(workshop: Workshop) -> None:
    unreviewed(workshop)
    workshop.change()
    workshop.commit()
    finding = next(item for item in workshop.judge().findings if item.rule == "review-first")
    assert finding.remedy == (
        "set chg-20261112-urgent to reviewed with its actual times, result and review (date, by, findings), "
        "in this pull request or in one before it"
    )


def test_an_emergency_that_was_agreed_to_and_never_moved_on_is_due_too(workshop: Workshop) -> None:
    """It may have been deployed; whoever never did so cancels it, also in the pull request of the next change."""
    actual = '  actual: {start: "2026-11-12T12:00:00Z", end: "2026-11-12T13:00:00Z"}\n'
    unreviewed(workshop, **{"status: implemented\n  result: successful": "status: scheduled", actual: ""})
    workshop.change()
    workshop.commit()
    approve(workshop, "bob", "carol")
    decision = workshop.judge()
    assert codes(decision) == [OVERDUE]
    assert any("cancel it" in item.remedy for item in decision.findings)
    workshop.edit(PAST_PATH, "status: scheduled", "status: cancelled")
    workshop.commit()
    workshop.reviews.clear()
    approve(workshop, "bob", "carol")
    assert workshop.judge().verdict == "approved"


@pytest.mark.parametrize(("day", "rules"), [("12", ["emergency-review"]), ("16", [])])
def test_validation_and_gate_name_it_from_the_same_instant_on(workshop: Workshop, day: str, rules: list[str]) -> None:
    """Ended on Thursday the 12th: due at the end of Thursday the 19th in Berlin; on Monday the 16th: not yet."""
    unreviewed(workshop, **{"2026-11-12T1": f"2026-11-{day}T1"})
    found = [item for item in validate(WorkTree(workshop.path), NOW).findings if item.rule == "emergency-review"]
    assert [item.rule for item in found] == rules
    assert all("2026-11-19T23:00:00Z" in item.message and item.severity.value == "error" for item in found)
