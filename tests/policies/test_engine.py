"""Policies over a catalogue: which records they match, what they say, and what becomes of broken ones."""

from __future__ import annotations

from typing import Any

import pytest

from itsm_as_code.configuration import Configuration, PolicySettings
from itsm_as_code.policies.engine import PolicyEngine
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.validation import Validation, validate
from tests.conftest import NOW, SMALL
from tests.snapshots import Memory, catalogue_of, folder

REGISTRY = KindRegistry.load()
POLICY = """\
apiVersion: itsm/v1
kind: Policy
metadata: {{name: {name}, title: A service has a runbook}}
spec:
  severity: {severity}
  match: {match}
  require: {require}
  message: {message}
  at: /spec/tier
  remedy: Link the runbook.
  examples:
    - {{name: good, expect: pass, object: {{kind: Service, spec: {{}}}}}}
    - {{name: bad, expect: fail, object: {{kind: Service, spec: {{}}}}}}
"""


def policy(
    require: str = "has(object.spec.runbook)",
    match: str = "{kinds: [Service]}",
    message: str = "\"'no runbook for ' + object.metadata.name\"",
    severity: str = "error",
    name: str = "has-runbook",
) -> str:
    return POLICY.format(name=name, require=require, match=match, message=message, severity=severity)


def judged(*policies: str, **files: str) -> Validation:
    """The small organisation judged by some policies."""
    contents = folder(SMALL)
    del contents["policies/backout-is-planned.yaml"]
    for text in policies:
        name = text.split("name: ")[1].split(",")[0]
        contents[f"policies/{name}.yaml"] = text
    return validate(Memory({**contents, **files}), NOW)


def said(result: Validation) -> list[str]:
    return [f"{finding.location} {finding.severity} {finding.rule}: {finding.message}" for finding in result.findings]


def test_a_policy_judges_every_record_that_it_matches() -> None:
    result = judged(policy(match="{kinds: [Service], where: object.spec.tier <= 2}"))
    assert said(result) == [
        "services/database.yaml:8:9 error has-runbook: no runbook for database",
        "services/orders.yaml:8:9 error has-runbook: no runbook for orders",
        "services/web-shop.yaml:8:9 error has-runbook: no runbook for web-shop",
    ]
    assert [finding.remedy for finding in result.findings] == ["Link the runbook."] * 3
    assert {(outcome.record.name, outcome.status) for outcome in result.outcomes} == {
        ("database", "fail"),
        ("orders", "fail"),
        ("web-shop", "fail"),
    }
    assert result.policies == 1


def test_records_that_pass_have_an_outcome_and_no_finding() -> None:
    result = judged(policy(require="object.spec.tier > 0"))
    assert said(result) == []
    assert {outcome.status for outcome in result.outcomes} == {"pass"}
    assert len(result.outcomes) == 4


def test_labels_select_records() -> None:
    labelled = 'apiVersion: itsm/v1\nkind: Service\nmetadata: {name: a, title: A, labels: {pci: "yes"}}\nspec:\n'
    spec = "  {owner: team-shop, stage: catalogue, lifecycle: live, tier: 3, type: application,"
    spec += " support: {channel: c, email: a@b.example}}\n"
    files = {"services/a.yaml": labelled + spec}
    result = judged(policy(match='{kinds: [Service], labels: {pci: "yes"}}'), **files)
    assert [outcome.record.name for outcome in result.outcomes] == ["a"]
    result = judged(policy(match='{kinds: [Service], labels: {pci: "no"}}'), **files)
    assert result.outcomes == ()


@pytest.mark.parametrize("severity", ["error", "warning", "info"])
def test_a_finding_weighs_what_the_policy_says(severity: str) -> None:
    result = judged(policy(severity=severity, require="object.metadata.name != 'orders'"))
    assert [finding.severity for finding in result.findings] == [severity]
    assert any(finding.blocks for finding in result.findings) is (severity == "error")


@pytest.mark.parametrize("where", ["object.metadata.labels.x == 1", "1 / 0 == 1", "object.spec.tier"])
def test_a_policy_that_cannot_tell_whether_it_matches_has_not_been_passed(where: str) -> None:
    result = judged(policy(match=f"{{kinds: [Service], where: '{where}'}}", severity="info"))
    assert {(finding.rule, finding.severity) for finding in result.findings} == {("policy-evaluates", "error")}
    assert len(result.findings) == 4
    assert {outcome.status for outcome in result.outcomes} == {"error"}


def test_a_policy_that_fails_half_way_is_an_error_whatever_its_severity() -> None:
    result = judged(policy(require="object.spec.runbook != ''", severity="info"))
    assert {(finding.rule, finding.severity) for finding in result.findings} == {("policy-evaluates", "error")}
    assert all(finding.blocks for finding in result.findings)
    assert {(outcome.status, outcome.severity) for outcome in result.outcomes} == {("error", "error")}


@pytest.mark.parametrize("message", ["object.metadata.labels.x", "dyn(1 + 1)", "\"''\"", "\"'  '\"", "dyn(null)"])
def test_a_message_that_says_nothing_gives_way_to_the_title(message: str) -> None:
    result = judged(policy(message=message, require="object.metadata.name != 'orders'"))
    assert said(result) == ["services/orders.yaml:8:9 error has-runbook: A service has a runbook"]


def test_a_policy_that_does_not_compile_judges_nothing_and_blocks() -> None:
    result = judged(policy(require="has(objct.spec.runbook)"), policy(name="other", require="object.spec.tier > 0"))
    assert [finding.rule for finding in result.findings] == ["policy-compiles"]
    assert result.findings[0].blocks
    assert result.findings[0].message == "there is no variable 'objct'"
    assert {outcome.policy for outcome in result.outcomes} == {"other"}
    assert result.policies == 1


def test_a_record_that_breaks_its_schema_is_judged_by_no_policy() -> None:
    files = folder(SMALL)
    orders = files["services/orders.yaml"]
    assert isinstance(orders, bytes)
    result = judged(policy(), **{"services/orders.yaml": orders.replace(b"owner:", b"ownr:").decode()})
    assert "orders" not in {outcome.record.name for outcome in result.outcomes}
    assert {finding.rule for finding in result.findings if finding.location.path == "services/orders.yaml"} == {
        "record-schema"
    }


def test_the_judges_are_one_catalogue_and_the_judged_another() -> None:
    """In the gate, the base's policies judge the candidate's records."""
    base, head = folder(SMALL), folder(SMALL)
    base["policies/has-runbook.yaml"] = policy()
    head["policies/has-runbook.yaml"] = policy(require="true")
    rule_set, records = catalogue_of(base, REGISTRY), catalogue_of(head, REGISTRY)
    engine = PolicyEngine(rule_set, PolicySettings(), Facts.of(records), NOW)
    orders = records.get("Service", "orders")
    assert orders is not None
    by_policy: dict[str, Any] = {outcome.policy: outcome.status for outcome, _ in engine.judge(orders)}
    assert by_policy == {"has-runbook": "fail"}


def test_what_the_gate_hands_over_is_seen() -> None:
    files = folder(SMALL)
    files["policies/has-runbook.yaml"] = policy(
        require="old == null || (old.spec.tier == object.spec.tier && risk.score < 2 && request.author == 'alice')"
    )
    catalogue = catalogue_of(files, REGISTRY)
    engine = PolicyEngine(catalogue, PolicySettings(), Facts.of(catalogue), NOW)
    orders, shop = catalogue.get("Service", "orders"), catalogue.get("Service", "web-shop")
    assert orders is not None
    assert shop is not None

    def status(**context: Any) -> list[str]:
        return [outcome.status for outcome, _ in engine.judge(orders, **context)]

    assert status() == ["pass"]
    assert status(old=orders) == ["error"]
    assert status(old=orders, risk={"score": 1}, request={"author": "alice"}) == ["pass"]
    assert status(old=orders, risk={"score": 2}, request={"author": "alice"}) == ["fail"]
    assert status(old=shop, risk={"score": 1}, request={"author": "alice"}) == ["fail"]
    assert status(old=orders, risk={"score": 1}, request={"author": "bob"}) == ["fail"]


def test_the_default_configuration_serves_a_repository_without_one() -> None:
    files = folder(SMALL)
    del files["itsm.yaml"]
    result = validate(Memory(files), NOW)
    assert result.findings == ()
    assert result.configuration == Configuration()
