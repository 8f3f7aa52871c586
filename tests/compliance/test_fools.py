"""What must not fool a control: each case looks as if all were well, and a control that says so is fooled."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from itsm_as_code.clock import parse_instant
from itsm_as_code.compliance import Known, Sample
from itsm_as_code.compliance.known import Approval, Deployment, ForgeAnswer
from itsm_as_code.compliance.population import drawn
from tests.compliance.place import Place
from tests.conftest import NOW

IN_PRODUCTION = {"kind": "Change", "at": "/spec/actual/start"}
TESTED = {
    "type": "records",
    "require": "has(object.spec.test) && has(object.spec.test.passed) && object.spec.test.passed",
}
POLICY = {"type": "policy", "policy": "backout-is-planned"}
FRESH = {"type": "freshness", "kind": "Service", "field": "/spec/continuity/lastTested", "maxAge": "P365D"}
AUDIT = {
    "type": "audit", "on": "2026-10-01", "validUntil": "2027-10-01", "result": "passed", "auditor": "Lindgren Audit AB",
    "url": "https://audits.example.org/1",
}  # fmt: skip


def approved(*names: str, **wrong: str) -> Known:
    found = {name: Approval("c0ffee") for name in names} | {name: Approval("bad", why) for name, why in wrong.items()}
    return Known(approvals={name.replace("_", "-"): approval for name, approval in found.items()})


# No record to look at.


@pytest.mark.parametrize(
    "evidence",
    [
        TESTED,
        {"type": "check", "check": "incident-priority"},
        {"type": "gate"},
        {"type": "deployments"},
        {"type": "training"},
        {"type": "review", "where": "object.spec.tier == 9"},
        {**FRESH, "kind": "Training"},
    ],
)
def test_where_there_is_nothing_to_look_at_nothing_is_assessed(evidence: dict[str, Any], place: Place) -> None:
    for change in (place.top / "changes").rglob("*.yaml"):
        change.unlink()
    for kind in ("incidents", "calendars"):
        for file in (place.top / "operations" / kind).rglob("*.yaml"):
            file.unlink()
    found = place.assess(evidence, population=IN_PRODUCTION, known=Known(approvals={}, deployments=()))
    assert (found.status, found.size, found.exceptions) == ("not-assessed", 0, ())
    assert found.evidence[0].missing


# A date that is still to come.


def test_a_date_in_the_future_is_not_fresh(place: Place) -> None:
    place.test_of_continuity("orders", "2026-11-23")
    fresh = {**FRESH, "where": "has(object.spec.continuity)"}
    found = place.assess(fresh)
    assert (found.status, found.evidence[0].unknown) == ("not-assessed", 1)
    assert "still to come" in found.evidence[0].missing
    assert place.assess(fresh, now=NOW + timedelta(days=1)).status == "satisfied"


def test_a_change_that_says_a_time_to_come_is_not_assessed(place: Place) -> None:
    place.done("chg-20261122-later", "2026-12-24T10:00:00Z", test={"passed": True, "summary": "All."})
    found = place.assess(TESTED, population=IN_PRODUCTION)
    assert (found.status, found.missing) == (
        "not-assessed", "Change chg-20261122-later says a time that is still to come",
    )  # fmt: skip


# An undated record.


def test_an_undated_record_is_an_exception(place: Place) -> None:
    place.test_of_continuity("orders", "2026-10-01")
    found = place.assess(FRESH)
    assert found.status == "not-satisfied"
    assert {item.subject for item in found.exceptions} == {"Service database", "Service newsletter", "Service web-shop"}
    assert {item.message for item in found.exceptions} == {"carries no date in /spec/continuity/lastTested"}


def test_a_change_that_was_done_and_says_not_when_is_an_exception(place: Place) -> None:
    place.done("chg-20261122-good", "2026-11-02T10:00:00Z", test={"passed": True, "summary": "All."})
    place.done("chg-20261122-when", None, test={"passed": True, "summary": "All."})
    found = place.assess(TESTED, population=IN_PRODUCTION)
    assert (found.status, [item.subject for item in found.exceptions]) == (
        "not-satisfied", ["Change chg-20261122-when"],
    )  # fmt: skip


# An audit that its owner wrote.


@pytest.mark.parametrize("lacking", ["url", "auditor"])
def test_an_audit_without_document_or_auditor_is_not_assessed(lacking: str, place: Place) -> None:
    assert place.assess(AUDIT).status == "satisfied"
    assert place.assess({key: value for key, value in AUDIT.items() if key != lacking}).status == "not-assessed"


@pytest.mark.parametrize("auditor", ["alice", "Alice", "TEAM-SHOP", "Team Shop"])
def test_an_audit_by_the_owner_is_not_assessed(auditor: str, place: Place) -> None:
    team = "kind: Team\nmetadata: {name: team-shop, title: Team Shop}\nspec: {members: [alice, bob], lead: bob}\n"
    place.write("people/teams/team-shop.yaml", f"apiVersion: itsm/v1\n{team}")
    found = place.assess({**AUDIT, "auditor": auditor}, owner="team-shop")
    assert (found.status, found.evidence[0].missing) == ("not-assessed", f"{auditor} audited what is theirs")
    assert place.assess({**AUDIT, "auditor": "erin"}, owner="team-shop").status == "satisfied"


def test_an_audit_without_an_end_is_no_control(place: Place) -> None:
    with pytest.raises(KeyError):  # its schema refuses it, and what is no control satisfies nothing
        place.assess({key: value for key, value in AUDIT.items() if key != "validUntil"})


def test_no_audit_holds_until_2099(place: Place) -> None:
    old = {**AUDIT, "on": "2023-11-22", "validUntil": "2099-01-01"}
    assert place.assess(old).status == "stale"
    assert place.assess({**old, "on": "2023-11-23"}).status == "satisfied"


def test_a_record_that_cannot_be_read_is_not_left_out(place: Place) -> None:
    place.done("chg-20261122-good", "2026-11-02T10:00:00Z", test={"passed": True, "summary": "All."})
    assert place.assess(TESTED, population=IN_PRODUCTION).status == "satisfied"
    place.done("chg-20261122-odd", "2026-11-02T10:00:00Z", test={"passed": "yes"})
    assert place.assess(TESTED, population=IN_PRODUCTION).status == "not-assessed"


# Only what is open today.


def test_what_is_over_is_looked_at_as_it_stood_at_work(place: Place) -> None:
    """The policy is about changes that are proposed or at work; the one that was closed without a way back is over."""
    file = next((place.top / "policies").rglob("backout-is-planned.yaml"))
    file.write_text(
        file.read_text().replace(
            "object.spec.status == 'proposed'", "object.spec.status in ['proposed', 'implementing']"
        )
    )
    place.change("chg-20261122-open", "Set it back", "Restart")
    assert place.assess(POLICY).status == "satisfied"
    place.done("chg-20261122-over", "2026-11-02T10:00:00Z", backout={"steps": ["Hope"]})
    found = place.assess(POLICY)
    assert (found.status, [item.subject for item in found.exceptions]) == (
        "not-satisfied", ["Change chg-20261122-over"],
    )  # fmt: skip


def test_a_member_that_no_evidence_looks_at_is_not_assessed(place: Place) -> None:
    place.change("chg-20261122-open", "Set it back", "Restart")
    place.done("chg-20261122-over", "2026-11-02T10:00:00Z")
    found = place.assess({"type": "check", "check": "change-in-freeze"}, population=IN_PRODUCTION)
    assert (found.status, found.size, found.unseen) == ("not-assessed", 1, ("Change chg-20261122-over",))


def test_the_population_is_that_of_the_period(place: Place) -> None:
    place.done("chg-20261122-old", "2025-11-21T10:00:00Z")
    place.done("chg-20261122-new", "2025-11-23T10:00:00Z", test={"passed": True, "summary": "All."})
    found = place.assess(TESTED, population=IN_PRODUCTION)
    assert (found.status, found.size) == ("satisfied", 1)
    assert place.assess(TESTED, population=IN_PRODUCTION, period="P730D").status == "not-satisfied"


def test_a_statement_dates_a_change_that_says_nothing(place: Place) -> None:
    place.done("chg-20261122-told", None, status="scheduled")
    assert place.assess(TESTED, population=IN_PRODUCTION).size == 0
    known = Known(started={"chg-20261122-told": parse_instant("2026-11-02T10:00:00Z")})
    found = place.assess(TESTED, population=IN_PRODUCTION, known=known)
    assert (found.status, found.size) == ("not-satisfied", 1)


# What lies beside the records.


def test_changes_need_evidence_of_their_approval(place: Place) -> None:
    place.done("chg-1", "2026-11-02T10:00:00Z")
    place.done("chg-2", "2026-11-03T10:00:00Z")
    gate = {"type": "gate"}
    assert place.assess(gate).evidence[0].missing == "the evidence of merges was not asked for"
    assert place.assess(gate, known=approved("chg_1", "chg_2")).status == "satisfied"
    assert place.assess(gate, known=approved("chg_1")).status == "not-assessed"
    found = place.assess(gate, known=approved("chg_1", chg_2="was merged against the verdict"))
    assert (found.status, [item.message for item in found.exceptions]) == (
        "not-satisfied", ["was merged against the verdict"],
    )  # fmt: skip


def test_deployments_need_changes_that_cover_them(place: Place) -> None:
    at = parse_instant("2026-11-02T10:00:00Z")
    covered, bare = Deployment("line 1", "orders in production", at), Deployment("line 2", "x", at, "has no change")
    unread = Deployment("line 3", "statement", None, "is signed by nobody")
    for known, status in (
        ((covered,), "satisfied"),
        ((covered, bare), "not-satisfied"),
        ((covered, unread), "not-assessed"),
    ):
        assert place.assess({"type": "deployments"}, known=Known(deployments=known)).status == status


def test_the_forge_counts_as_long_as_its_answer_is_recent(place: Place) -> None:
    entry = {"type": "forge", "path": "forge.json"}
    for answer, status in (
        (ForgeAnswer(NOW - timedelta(days=31)), "satisfied"),
        (ForgeAnswer(NOW - timedelta(days=32)), "stale"),
        (ForgeAnswer(NOW + timedelta(days=1)), "not-assessed"),
        (ForgeAnswer(NOW, ("administrators may bypass it",)), "not-satisfied"),
        (ForgeAnswer(NOW, (), "nobody signed it"), "not-assessed"),
    ):
        assert place.assess(entry, known=Known(forge={"forge.json": answer})).status == status
    assert place.assess(entry).status == "not-assessed"


def test_reviews_and_trainings_have_to_have_taken_place(place: Place) -> None:
    review = {"type": "review", "where": "object.metadata.name == 'orders'", "maxAge": "P90D"}
    assert place.assess(review).status == "not-satisfied"
    held = "apiVersion: itsm/v1\nkind: ServiceReview\nmetadata: {name: r, title: R}\nspec:\n  service: orders\n"
    held += "  period: {from: 2026-07-01, until: 2026-10-01}\n  heldOn: %s\n  attendees: [alice, bob]\n"
    for day, status in (("2026-08-25", "satisfied"), ("2026-08-24", "not-satisfied"), ("2026-11-23", "not-assessed")):
        place.write("improvement/reviews/r.yaml", held % day)
        assert place.assess(review).status == status, day
    training = "apiVersion: itsm/v1\nkind: Training\nmetadata: {name: t, title: T}\nspec: {topic: T, owner: team-x, "
    training += "audience: {teams: [team-x]}, material: [{title: M, url: 'https://x.example'}], completions: [%s]}\n"
    place.write("people/teams/team-x.yaml", "apiVersion: itsm/v1\nkind: Team\nmetadata: {name: team-x, title: X}\n"
                "spec: {members: [alice, bob], lead: alice}\n")  # fmt: skip
    for people, status in ((("alice", "bob"), "satisfied"), (("alice",), "not-satisfied")):
        done = ", ".join(f"{{person: {name}, date: 2026-01-01}}" for name in people)
        place.write("people/training/t.yaml", training % done)
        assert place.assess({"type": "training"}).status == status


# Samples.


def test_a_seed_draws_the_same_sample_each_time(place: Place) -> None:
    for number in range(40):
        place.done(f"chg-{number:02}", "2026-11-02T10:00:00Z", test={"passed": True, "summary": "All."})
    first, again, other = (
        place.assess(TESTED, population=IN_PRODUCTION, sample=Sample(25, seed)) for seed in ("7", "7", "8")
    )
    assert (len(set(first.sample)), first.size) == (25, 40)
    assert (first.sample, first.digest) == (again.sample, again.digest)
    assert first.sample != other.sample
    assert first.sample == drawn([f"Change chg-{number:02}" for number in range(40)], 25, "7")
