"""The status of controls, against cases worked by hand; now is noon on 22 November 2026, UTC."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import yaml

from tests.compliance.place import Place
from tests.conftest import NOW

POLICY = {"type": "policy", "policy": "backout-is-planned"}
CHECK = {"type": "check", "check": "reference-exists"}
FRESH = {
    "type": "freshness", "kind": "Service", "field": "/spec/continuity/lastTested", "maxAge": "P365D",
    "where": "has(object.spec.continuity)",
}  # fmt: skip


def attested(on: str, until: str) -> dict[str, str]:
    return {"type": "attestation", "by": "erin", "on": on, "validUntil": until, "statement": "Seen."}


def audit(result: str) -> dict[str, str]:
    told = {"auditor": "Lindgren Audit AB", "url": "https://audits.example.org/1", "statement": "Read."}
    return {"type": "audit", "on": "2026-10-01", "validUntil": "2027-10-01", "result": result, **told}


@pytest.mark.parametrize(
    ("evidence", "status"),
    [
        ([], "not-assessed"),
        ([attested("2026-01-01", "2027-01-01")], "satisfied"),
        ([attested("2026-11-22", "2026-11-23")], "satisfied"),  # on its first day, which is its last as well
        ([attested("2026-01-01", "2026-11-22")], "stale"),  # the end is half-open: over on that day
        ([attested("2026-11-23", "2027-01-01")], "not-assessed"),  # still to come
        ([{"type": "audit", "statement": "Planned."}], "not-assessed"),
        ([audit("passed")], "satisfied"),
        ([audit("failed")], "not-satisfied"),
        ([CHECK], "satisfied"),
        ([{"type": "check", "check": "refrence-exists"}], "not-assessed"),
        ([{**POLICY, "policy": "nobody-wrote-it"}], "not-assessed"),
        ([{"type": "freshness", "kind": "Service", "maxAge": "P365D"}], "not-assessed"),
        ([FRESH], "not-assessed"),  # no service says when it was tested
        # The weakest evidence decides.
        ([audit("passed"), audit("failed"), attested("2026-01-01", "2026-02-01")], "not-satisfied"),
        ([audit("passed"), attested("2026-01-01", "2026-02-01"), {"type": "audit", "statement": "Planned."}], "stale"),
        ([audit("passed"), {"type": "audit", "statement": "Planned."}], "not-assessed"),
    ],
)
def test_status(evidence: list[dict[str, Any]], status: str, place: Place) -> None:
    found = place.assess(*evidence)
    assert (found.status, [item.entry for item in found.evidence]) == (status, evidence)


def test_what_does_not_apply_needs_no_evidence(place: Place) -> None:
    said = {"applicability": "not-applicable", "reason": "We have no such thing."}
    found = place.assess(audit("failed"), **said, approver="erin")
    assert (found.status, found.evidence) == ("not-applicable", ())
    found = place.assess(audit("passed"), **said)
    assert (found.status, found.missing) == ("not-assessed", "nobody approved that it does not apply")


def test_a_policy_is_counted_over_the_records_it_matches(place: Place) -> None:
    place.change("chg-20261122-good", "Set it back", "Restart")
    (found,) = place.assess(POLICY).evidence
    assert (found.status, found.good, found.bad, found.waived, found.unknown) == ("satisfied", 1, 0, 0, 0)
    place.change("chg-20261122-bad", "Set it back")
    (found,) = place.assess(POLICY).evidence
    assert (found.status, found.good, found.bad) == ("not-satisfied", 1, 1)
    waiver = {
        "policy": "backout-is-planned", "records": [{"kind": "Change", "name": "chg-20261122-bad"}],
        "reason": "One step is all there is.", "risk": "Low.", "requester": "alice", "approver": "erin",
        "from": "2026-11-01T00:00:00Z", "until": "2026-12-01T00:00:00Z",
    }  # fmt: skip
    data = {"apiVersion": "itsm/v1", "kind": "Waiver", "metadata": {"name": "w", "title": "W"}, "spec": waiver}
    place.write("policies/waivers/w.yaml", yaml.safe_dump(data))
    (found,) = place.assess(POLICY).evidence
    assert (found.status, found.good, found.bad, found.waived) == ("satisfied", 1, 0, 1)
    over = NOW + timedelta(days=10)  # the waiver has ended
    (found,) = place.assess(POLICY, now=over).evidence
    assert (found.status, found.bad, found.waived) == ("not-satisfied", 1, 0)


def test_a_check_is_counted_by_its_findings(place: Place) -> None:
    place.write("people/teams/team-x.yaml", "apiVersion: itsm/v1\nkind: Team\nmetadata: {name: team-x, title: X}\n"
                "spec: {members: [alice, nobody, none], lead: alice}\n")  # fmt: skip
    (found,) = place.assess(CHECK).evidence
    assert (found.status, found.bad) == ("not-satisfied", 2)


def test_freshness_to_the_day(place: Place) -> None:
    # 365 days before noon on 22 November 2026 is noon on 22 November 2025: that day began earlier, the next one later.
    place.test_of_continuity("orders", "2025-11-23")
    (found,) = place.assess(FRESH).evidence
    assert (found.status, found.good, found.bad, found.unknown) == ("satisfied", 1, 0, 0)
    place.test_of_continuity("orders", "2025-11-22")
    (found,) = place.assess(FRESH).evidence
    assert (found.status, found.good, found.bad) == ("stale", 0, 1)
