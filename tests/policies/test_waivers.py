"""Waivers end, to the second, and waive only what may be waived."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from itsm_as_code.findings import Finding, Location, RecordId, Severity
from itsm_as_code.policies.waivers import Resolution, resolve
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.validation import built_in_rules, validate
from tests.conftest import NOW, SMALL
from tests.policies.test_engine import policy
from tests.snapshots import Memory, catalogue_of, folder

REGISTRY = KindRegistry.load()
FROM = datetime(2026, 11, 1, tzinfo=UTC)
UNTIL = datetime(2026, 12, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ORDERS = RecordId("Service", "orders")


def waiver(name: str = "w", rule: str = "policy: has-runbook", **changes: str) -> dict[str, str | bytes | OSError]:
    """A file with a waiver for the service orders, some of its lines replaced."""
    lines = {
        "records": "[{kind: Service, name: orders}]",
        "reason": "x",
        "risk": "y",
        "requester": "alice",
        "approver": "erin",
        "from": '"2026-11-01T00:00:00Z"',
        "until": '"2026-12-01T00:00:00Z"',
        **changes,
    }
    spec = "".join(f"  {key}: {value}\n" for key, value in lines.items())
    text = f"apiVersion: itsm/v1\nkind: Waiver\nmetadata: {{name: {name}, title: W}}\nspec:\n  {rule}\n{spec}"
    return {f"policies/waivers/{name}.yaml": text}


def finding(
    rule: str = "has-runbook", record: RecordId | None = ORDERS, severity: Severity = Severity.ERROR
) -> Finding:
    return Finding(rule, severity, Location("services/orders.yaml"), "no runbook", record=record)


def run(
    *files: dict[str, Any],
    now: datetime = NOW,
    found: list[Finding] | None = None,
    max_waiver: str = "",
) -> Resolution:
    """The resolution of some findings by some waivers in the small organisation."""
    text = policy().replace("  examples:", f"  maxWaiver: {max_waiver}\n  examples:") if max_waiver else policy()
    contents: dict[str, Any] = {**folder(SMALL), "policies/has-runbook.yaml": text}
    for more in files:
        contents |= more
    catalogue = catalogue_of(contents, REGISTRY)
    assert catalogue.findings == []
    return resolve([finding()] if found is None else found, catalogue, ["change-overlap"], built_in_rules(), now)


def summary(resolution: Resolution) -> tuple[list[str | None], list[str], list[str]]:
    """Waivers of the findings, states of the waivers, rules of what is wrong with waivers."""
    return (
        [item.waiver for item in resolution.findings],
        [state.state for state in resolution.states],
        [item.rule for item in resolution.own_findings],
    )


@pytest.mark.parametrize(
    ("now", "covered", "state", "own"),
    [
        (FROM - SECOND, None, "not-yet", []),
        (FROM, "w", "active", []),
        (UNTIL - SECOND, "w", "active", []),
        (UNTIL - timedelta(microseconds=1), "w", "active", []),
        (UNTIL, None, "expired", ["waiver-expired"]),
        (UNTIL + SECOND, None, "expired", ["waiver-expired"]),
    ],
)
def test_a_waiver_holds_from_its_start_until_its_end(
    now: datetime, covered: str | None, state: str, own: list[str]
) -> None:
    resolution = run(waiver(), now=now)
    assert summary(resolution) == ([covered], [state], own)
    assert resolution.findings[0].blocks is (covered is None)


def test_what_a_waiver_covered_says_when_it_ended() -> None:
    assert run(waiver(), now=UNTIL).findings[0].message == "no runbook (its waiver w ended 2026-12-01T00:00:00Z)"
    assert run(waiver(), now=FROM - SECOND).findings[0].message == "no runbook"


def test_a_new_waiver_takes_the_place_of_an_expired_one() -> None:
    later = waiver("x", **{"from": '"2026-12-01T00:00:00Z"', "until": '"2026-12-02T00:00:00Z"'})
    resolution = run(waiver(), later, now=UNTIL)
    assert summary(resolution) == (["x"], ["expired", "active"], ["waiver-expired"])
    assert resolution.findings[0].message == "no runbook"


@pytest.mark.parametrize(
    ("until", "max_waiver", "covered"),
    [
        ("2027-01-30T00:00:00Z", "", True),  # 90 days to the second
        ("2027-01-30T00:00:01Z", "", False),
        ("2026-11-22T12:00:01Z", "P1W", False),
        ("2026-11-25T00:00:00Z", "P24D", True),
        ("2026-11-25T00:00:01Z", "P24D", False),
        ("2027-04-30T00:00:00Z", "P180D", True),
        ("2027-04-30T00:00:01Z", "P180D", False),
    ],
)
def test_a_waiver_is_no_longer_than_the_policy_allows(until: str, max_waiver: str, covered: bool) -> None:
    resolution = run(waiver(until=f'"{until}"'), max_waiver=max_waiver)
    if covered:
        assert summary(resolution) == (["w"], ["active"], [])
    else:
        assert summary(resolution) == ([None], ["invalid"], ["waiver-valid"])
        assert resolution.own_findings[0].location.pointer == ("spec", "until")


@pytest.mark.parametrize(
    "changes",
    [
        {"approver": "alice"},
        {"until": '"2026-11-01T00:00:00Z"'},
        {"until": '"2026-10-01T00:00:00Z"'},
    ],
)
def test_an_invalid_waiver_waives_nothing(changes: dict[str, str]) -> None:
    resolution = run(waiver(**changes))
    assert summary(resolution) == ([None], ["invalid"], ["waiver-valid"])
    assert resolution.findings[0].blocks


def test_only_checks_that_say_so_can_be_waived() -> None:
    found = [finding("change-overlap")]
    assert summary(run(waiver(rule="check: change-overlap"), found=found)) == (["w"], ["active"], [])
    for rule in ("record-schema", "reference-exists", "change-dates-in-order", "policy-evaluates", "waiver-valid"):
        resolution = run(waiver(rule=f"check: {rule}"), found=[finding(rule)])
        assert summary(resolution) == ([None], ["invalid"], ["waiver-valid"]), rule
    resolution = run(waiver(rule="check: change-overlpa"), found=found)
    assert resolution.own_findings[0].remedy == "did you mean 'change-overlap'?"


@pytest.mark.parametrize("rule", ["record-schema", "lifecycle-transition", "policy-evaluates", "change-dates-in-order"])
def test_a_policy_with_the_name_of_a_rule_does_not_make_that_rule_waivable(rule: str) -> None:
    files = {f"policies/{rule}.yaml": policy(name=rule)}
    resolution = run(files, waiver(rule=f"policy: {rule}"), found=[finding(rule)])
    assert summary(resolution) == ([None], ["invalid"], ["waiver-valid"])


def test_a_waiver_covers_its_records_and_its_rule_only() -> None:
    found = [
        finding(),
        finding(record=RecordId("Service", "web-shop")),
        finding(record=RecordId("Team", "orders")),
        finding(record=None),
        finding("another-rule"),
    ]
    assert summary(run(waiver(), found=found))[0] == ["w", None, None, None, None]


def test_a_warning_is_waived_like_an_error() -> None:
    resolution = run(waiver(), found=[finding(severity=Severity.WARNING)])
    assert summary(resolution) == (["w"], ["active"], [])


def test_a_waiver_that_nothing_needs_is_told() -> None:
    assert summary(run(waiver(), found=[])) == ([], ["unneeded"], ["waiver-unneeded"])
    two = waiver(records="[{kind: Service, name: orders}, {kind: Service, name: web-shop}]")
    resolution = run(two)
    assert summary(resolution) == (["w"], ["active"], ["waiver-unneeded"])
    assert resolution.own_findings[0].location.pointer == ("spec", "records", 1)


def test_a_waiver_of_records_that_are_gone_is_told() -> None:
    resolution = run(waiver(records="[{kind: Service, name: order}]"), found=[])
    assert summary(resolution) == ([], ["orphaned"], ["waiver-orphaned"])
    assert resolution.own_findings[0].remedy == "did you mean 'orders'?"
    half = waiver(records="[{kind: Service, name: gone}, {kind: Service, name: orders}]")
    assert summary(run(half)) == (["w"], ["active"], ["waiver-orphaned"])
    assert summary(run(half, found=[])) == ([], ["unneeded"], ["waiver-orphaned", "waiver-unneeded"])


def test_a_waiver_that_is_not_in_force_yet_is_neither_unneeded_nor_orphaned() -> None:
    assert summary(run(waiver(), found=[], now=FROM - SECOND)) == ([], ["not-yet"], [])
    assert summary(run(waiver(), found=[], now=UNTIL)) == ([], ["expired"], ["waiver-expired"])


def test_in_a_validation_a_waived_finding_stays_visible_and_does_not_block() -> None:
    files = {
        **folder(SMALL),
        "policies/has-runbook.yaml": policy(require="object.metadata.name != 'orders'"),
        **waiver(),
    }
    result = validate(Memory(files), NOW)
    assert [(item.rule, item.waiver, item.blocks) for item in result.findings] == [("has-runbook", "w", False)]
    assert {outcome.record.name: outcome.status for outcome in result.outcomes if outcome.policy == "has-runbook"} == {
        "database": "pass",
        "newsletter": "pass",
        "orders": "waived",
        "web-shop": "pass",
    }
    over = validate(Memory(files), UNTIL)
    assert [(item.rule, item.blocks) for item in over.findings] == [("has-runbook", True), ("waiver-expired", False)]


def test_an_error_of_a_policy_cannot_be_waived() -> None:
    """A rule that gave no answer has not been looked at by whoever approved the waiver."""
    files = {**folder(SMALL), "policies/has-runbook.yaml": policy(require="object.spec.nothing == 1"), **waiver()}
    result = validate(Memory(files), NOW)
    orders = [item for item in result.findings if item.record == ORDERS]
    assert [(item.rule, item.blocks) for item in orders] == [("policy-evaluates", True)]


@pytest.mark.parametrize(
    ("rule", "place", "message", "remedy"),
    [
        ("policy: has-runbok", "5:11", "no Policy named 'has-runbok'", "did you mean 'has-runbook'?"),
        ("check: change-overlpa", "5:10", "'change-overlpa' is not a check", "did you mean 'change-overlap'?"),
        ("check: has-runbook", "5:10", "'has-runbook' is not a check", "write policy: has-runbook"),
        ("check: has-runbok", "5:10", "'has-runbok' is not a check", "did you mean policy: has-runbook?"),
        ("policy: change-overlap", "5:11", "'change-overlap' is a rule of the program", "write check: change-overlap"),
        ("policy: change-overlpa", "5:11", "'change-overlpa' is no policy", "did you mean check: change-overlap?"),
    ],
)
def test_a_misspelt_rule_is_shown_at_its_place_with_the_one_that_was_meant(
    rule: str, place: str, message: str, remedy: str
) -> None:
    contents = {**folder(SMALL), "policies/has-runbook.yaml": policy("true"), **waiver(rule=rule)}
    found = [
        (finding.message, finding.remedy)
        for finding in validate(Memory(contents), NOW).findings
        if str(finding.location) == f"policies/waivers/w.yaml:{place}"
    ]
    assert any(one.startswith(message) and other == remedy for one, other in found), found


def test_a_misspelt_kind_is_shown_at_its_place() -> None:
    contents = {
        **folder(SMALL),
        "policies/has-runbook.yaml": policy("true"),
        **waiver(records="[{kind: Servce, name: orders}]"),
    }
    (found,) = [item for item in validate(Memory(contents), NOW).findings if item.rule == "waiver-valid"]
    assert (str(found.location), found.message) == ("policies/waivers/w.yaml:6:20", "there is no kind 'Servce'")
    assert found.remedy == "did you mean 'Service'?"
