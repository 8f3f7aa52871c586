"""34: a record walks through its lifecycle in one pull request, past what a step would have asked for."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product

import pytest

from itsm_as_code.gate.authorise import Question, authorise
from itsm_as_code.git.repository import Repository
from itsm_as_code.records.kinds import Kind, KindRegistry
from itsm_as_code.records.lifecycle_path import shortest_path
from itsm_as_code.validation import load_rule_set
from tests.attacks.scenarios_paths import end
from tests.attacks.test_24_emergency import INCIDENT, INCIDENT_PATH
from tests.attacks.tools import (
    CHANGE,
    EVERYBODY,
    STANDARD,
    STANDARD_PATH,
    add_rule,
    approve,
    blocking,
    missing,
    on_main,
    rules,
)
from tests.conftest import Workshop, codes

KINDS = [kind for kind in KindRegistry.load() if kind.lifecycle is not None]
CLOSED = 'status: closed\n  result: successful\n  actual: {start: "2026-11-21T20:00:00Z", end: "2026-11-21T21:00:00Z"}'
REVIEW = '\n  review: {date: "2026-11-22", by: dave, findings: It held.}'
BLAMING = INCIDENT.replace("status: new", "status: new\n  causedBy: chg-20261122-tune")


def test_a_new_change_comes_as_scheduled_with_the_approvals_of_its_risk(workshop: Workshop) -> None:
    workshop.change(**{"status: proposed": "status: scheduled"})
    workshop.commit()
    assert missing(workshop.judge()) == {"normal": 1}
    approve(workshop, "bob")
    assert workshop.judge().verdict == "approved"


def test_what_is_merged_as_scheduled_is_authorised(workshop: Workshop) -> None:
    """`itsm authorise` says so, in its window and not before; evidence is asked for apart."""
    with on_main(workshop):
        workshop.change(**{"status: proposed": "status: scheduled"})
    rule_set = load_rule_set(Repository(workshop.path).snapshot("main"))
    found = {
        hour: authorise(Question("chg-20261122-tune", None, datetime(2026, 12, 1, hour, tzinfo=UTC)), rule_set)
        for hour in (19, 21)
    }
    assert [reason.code for reason in found[19].reasons] == ["too-early"]
    assert found[21].authorised


def test_a_change_that_went_well_is_closed_in_one_pull_request(workshop: Workshop) -> None:
    with on_main(workshop):
        workshop.change(**{"status: proposed": "status: scheduled"})
    end(workshop, CHANGE, "bob")
    decision = workshop.judge()
    assert decision.verdict == "approved", codes(decision)
    assert [row["to"] for row in decision.evidence["transitions"]] == ["implementing", "implemented", "closed"]


@pytest.mark.parametrize(
    ("type_", "result"), [("normal", "failed"), ("normal", "successful-with-issues"), ("emergency", "successful")]
)
def test_what_did_not_go_well_is_not_closed_without_its_review(workshop: Workshop, type_: str, result: str) -> None:
    with on_main(workshop):
        workshop.change(**{"status: proposed": "status: scheduled", "type: normal": f"type: {type_}"})
    end(workshop, CHANGE, *EVERYBODY, **{"result: successful": f"result: {result}"})
    assert "lifecycle-required" in blocking(workshop.judge())


def test_each_person_is_asked_once_for_all_steps(workshop: Workshop) -> None:
    with on_main(workshop):
        for state in ("proposed", "authorised", "scheduled"):
            match = f"match: {{kinds: [Change], where: object.spec.status == '{state}'}}"
            add_rule(workshop, f"{{name: at-{state}, {match}, approvals: [{{from: {{people: [bob]}}}}]}}")
    workshop.change(**{"status: proposed": "status: scheduled"})
    workshop.commit()
    approve(workshop, "bob")
    decision = workshop.judge()
    assert decision.verdict == "approved"
    assert {"at-proposed", "at-authorised", "at-scheduled"} <= set(rules(decision))


def test_a_state_on_the_way_that_no_rule_covers(workshop: Workshop) -> None:
    """Made alone, the step would have been refused."""
    with on_main(workshop):
        where = "object.spec.type == 'standard'"
        workshop.edit("policies/approvals/all.yaml", where, f"{where} && object.spec.status != 'implemented'")
        workshop.write(STANDARD_PATH, STANDARD)
    end(workshop, STANDARD_PATH, *EVERYBODY)
    decision = workshop.judge()
    assert codes(decision) == ["not-covered"]
    assert "on its way, as implemented" in decision.reasons[0].message


def test_an_approval_of_a_shorter_way_covers_no_longer_one(workshop: Workshop) -> None:
    with on_main(workshop):
        workshop.change(**{"status: proposed": "status: draft"})
    workshop.edit(CHANGE, "status: draft", "status: proposed")
    workshop.commit()
    approve(workshop, "bob")
    workshop.edit(CHANGE, "status: proposed", "status: scheduled")
    workshop.commit()
    assert missing(workshop.judge()) == {"normal": 1}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_no_path_enters_a_state_twice(kind: Kind) -> None:
    lifecycle = kind.lifecycle or {}
    for start, target in product([None, *lifecycle["transitions"]], lifecycle["transitions"]):
        path = shortest_path(lifecycle, {"spec": {"type": "normal"}}, start, target)
        if path is not None and start != target:
            entered = [state for layer in path.layers for state in layer]
            assert len({start, *entered}) == len(entered) + 1, (start, target)


# Waiting that is written down when the clock has run out, and incidents that were none.


def test_waiting_is_not_made_up_once_service_is_restored(workshop: Workshop) -> None:
    over = 'status: restored\n  restoredAt: "2026-11-22T10:00:00Z"'
    with on_main(workshop):
        workshop.write(INCIDENT_PATH, INCIDENT.replace("status: new", over))
    hold = '\n  onHold: [{start: "2026-11-22T09:00:00Z", end: "2026-11-22T09:50:00Z", reason: Something}]'
    workshop.write(INCIDENT_PATH, INCIDENT.replace("status: new", over + hold))
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert blocking(workshop.judge()) == {"lifecycle-frozen"}


def test_an_emergency_acts_on_no_incident_that_was_cancelled(workshop: Workshop) -> None:
    with on_main(workshop):
        over = 'status: cancelled\n  resolutionCode: false-alarm\n  closedAt: "2026-11-22T11:00:00Z"'
        workshop.write(INCIDENT_PATH, INCIDENT.replace("status: new", over))
    workshop.change(
        **{"type: normal": "type: emergency\n  incident: inc-20261122-slow", "2026-12-01T2": "2026-11-22T2"}
    )
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert blocking(workshop.judge()) == {"emergency-incident"}


# A closed change that turns out to have broken something.


@pytest.mark.parametrize("before", [True, False], ids=["an incident names it", "it comes with the review"])
def test_a_closed_change_gets_a_review_when_an_incident_names_it(workshop: Workshop, before: bool) -> None:
    with on_main(workshop):
        workshop.change(**{"status: proposed": CLOSED})
        if before:
            workshop.write(INCIDENT_PATH, BLAMING)
    workshop.write(INCIDENT_PATH, BLAMING)
    workshop.edit(CHANGE, CLOSED, CLOSED + REVIEW)
    workshop.commit()
    approve(workshop, "bob", "dave", "carol")
    decision = workshop.judge()
    assert decision.verdict == "approved", codes(decision)


@pytest.mark.parametrize("had", ["", REVIEW.replace("held", "broke")], ids=["nobody names it", "it has one"])
def test_a_closed_change_gets_no_other_review(workshop: Workshop, had: str) -> None:
    with on_main(workshop):
        workshop.change(**{"status: proposed": CLOSED + had})
        if had:
            workshop.write(INCIDENT_PATH, BLAMING)
    workshop.edit(CHANGE, CLOSED + had, CLOSED + REVIEW)
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert blocking(workshop.judge()) == {"lifecycle-final"}
