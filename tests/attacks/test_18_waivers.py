"""18: waivers that are over, too long, self-approved, for something else, or for what cannot be waived."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.attacks.tools import BAD_BACKOUT, EVERYBODY, POLICY, WAIVER, WAIVER_PATH, approve, on_main
from tests.conftest import NOW, Workshop, codes

BLOCKED = ["finding:backout-is-planned"]


def waived(shop: Workshop, old: str = "", new: str = "") -> None:
    """A base with a waiver, and a pull request that needs it."""
    assert old in WAIVER
    with on_main(shop):
        shop.write(WAIVER_PATH, WAIVER.replace(old, new) if old else WAIVER)
    shop.change(**BAD_BACKOUT)
    shop.commit()
    shop.review("bob")


def test_a_waiver_in_force_waives_and_is_shown(workshop: Workshop) -> None:
    waived(workshop)
    decision = workshop.judge()
    assert decision.verdict == "approved"
    assert [(row["waiver"], row["state"]) for row in decision.evidence["waivers"]] == [("no-backout", "waived")]
    assert decision.evidence["validUntil"] == "2026-12-01T00:00:00Z"


def test_a_waiver_ends_to_the_second(workshop: Workshop) -> None:
    waived(workshop, "2026-12-01T00:00:00Z", "2026-11-22T12:00:01Z")
    assert workshop.judge().verdict == "approved"
    assert codes(workshop.judge(now=datetime(2026, 11, 22, 12, 0, 1, tzinfo=UTC))) == BLOCKED


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('until: "2026-12-01T00:00:00Z"', 'until: "2026-11-22T12:00:00Z"'),
        ('from: "2026-11-01T00:00:00Z"', 'from: "2026-11-22T12:00:01Z"'),
        ('from: "2026-11-01T00:00:00Z"', 'from: "2026-08-01T00:00:00Z"'),
        ('until: "2026-12-01T00:00:00Z"', 'until: "2126-12-01T00:00:00Z"'),
        ('until: "2026-12-01T00:00:00Z"', 'until: "2026-10-01T00:00:00Z"'),
        ("approver: carol", "approver: alice"),
        ("name: chg-20261122-tune", "name: chg-20261122-tune-two"),
        ("kind: Change, name: chg-20261122-tune", "kind: Service, name: newsletter"),
        ("policy: backout-is-planned", "check: change-in-freeze"),
        ("policy: backout-is-planned", "check: backout-is-planned"),
    ],
)
def test_a_waiver_that_does_not_hold(workshop: Workshop, old: str, new: str) -> None:
    waived(workshop, old, new)
    assert codes(workshop.judge()) == BLOCKED


def test_a_waiver_longer_than_its_policy_allows(workshop: Workshop) -> None:
    with on_main(workshop):
        workshop.edit(POLICY, "  severity: error", "  severity: error\n  maxWaiver: P7D")
    waived(workshop)
    assert codes(workshop.judge()) == BLOCKED


@pytest.mark.parametrize("rule", ["record-schema", "lifecycle-required", "standard-change-matches-model"])
def test_what_cannot_be_waived_is_not_waived_by_a_policy_of_its_name(workshop: Workshop, rule: str) -> None:
    """A harmless policy takes the name of a built-in rule, and a waiver for it is asked for."""
    with on_main(workshop):
        text = (workshop.path / POLICY).read_text()
        workshop.write(f"policies/{rule}.yaml", text.replace("name: backout-is-planned", f"name: {rule}"))
        workshop.write(WAIVER_PATH, WAIVER.replace("policy: backout-is-planned", f"policy: {rule}"))
    broken = {
        "record-schema": {"requester: alice\n": "requester: alice\n  unknown: 1\n"},
        "lifecycle-required": {"  justification: The provider throttles large batches.\n": ""},
        "standard-change-matches-model": {
            "type: normal": "type: standard\n  model: restart",
            "[newsletter]": "[web-shop]",
            "status: proposed": "status: scheduled",
        },
    }[rule]
    workshop.change(**broken)
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert f"finding:{rule}" in codes(workshop.judge())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("approver: carol", "approver: alice"),
        ('until: "2026-12-01T00:00:00Z"', 'until: "2027-12-01T00:00:00Z"'),
        ("policy: backout-is-planned", "check: record-schema"),
    ],
)
def test_a_waiver_that_would_not_hold_is_not_merged(workshop: Workshop, old: str, new: str) -> None:
    workshop.write(WAIVER_PATH, WAIVER.replace(old, new))
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert "finding:waiver-valid" in codes(workshop.judge())


def test_the_waiver_of_the_base_is_not_prolonged_by_the_pull_request(workshop: Workshop) -> None:
    with on_main(workshop):
        workshop.write(WAIVER_PATH, WAIVER.replace("2026-12-01T00:00:00Z", "2026-11-20T00:00:00Z"))
    workshop.edit(WAIVER_PATH, "2026-11-20T00:00:00Z", "2026-12-20T00:00:00Z")
    workshop.change(**BAD_BACKOUT)
    workshop.commit()
    approve(workshop, *EVERYBODY)
    decision = workshop.judge(now=NOW)
    assert codes(decision) == BLOCKED
    assert "ended 2026-11-20T00:00:00Z" in decision.reasons[0].message
