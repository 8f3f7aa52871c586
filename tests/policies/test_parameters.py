"""Parameters and dates of policies: set by the organisation, a record or a service, and never by mistake."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from itsm_as_code.configuration import PolicySettings
from itsm_as_code.policies.engine import PolicyEngine
from itsm_as_code.policies.parameters import ParameterProblem, parameter_sets
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.validation import Validation, validate
from tests.conftest import NOW, SMALL
from tests.snapshots import Memory, catalogue_of, folder

REGISTRY = KindRegistry.load()
POLICY = """\
apiVersion: itsm/v1
kind: Policy
metadata: {{name: tier-is-low, title: A tier is low}}
spec:
  severity: {severity}
  {more}
  match: {{kinds: [Service], where: "{where}"}}
  require: {require}
  message: "'tier ' + string(object.spec.tier) + ' of at most ' + string(params.most)"
  at: /spec/tier
  remedy: Lower it.
  params: {params}
  examples:
    - {{name: good, expect: pass, object: {{kind: Service, metadata: {{name: a}}, spec: {{tier: 2}}}}}}
    - {{name: bad, expect: fail, object: {{kind: Service, metadata: {{name: a}}, spec: {{tier: 3}}}}, context: {{params: {{most: 2}}}}}}
"""  # noqa: E501
FROM_ANNOTATION = "{most: {default: 2, from: {annotation: most}}}"
FROM_SERVICE = "{most: {default: 2, from: {annotation: most, of: service}}}"
FROM_RECORD = "{most: {default: 2, from: {record: {kind: Service, name: database}, at: /spec/tier}}}"


def policy(
    params: str = "{most: {default: 2}}",
    require: str = "object.spec.tier <= params.most",
    where: str = "true",
    severity: str = "error",
    more: str = "owner: team-shop",
) -> str:
    return POLICY.format(params=params, require=require, where=where, severity=severity, more=more)


def files(text: str, **annotations: str) -> dict[str, Any]:
    contents: dict[str, Any] = {**folder(SMALL), "policies/tier-is-low.yaml": text.encode()}
    del contents["policies/backout-is-planned.yaml"]
    for name, value in annotations.items():
        path = f"services/{name}.yaml"
        head, tail = contents[path].decode().split("metadata: {", 1)
        contents[path] = f'{head}metadata: {{annotations: {{most: "{value}"}}, {tail}'.encode()
    return contents


def judged(text: str, now: datetime = NOW, **annotations: str) -> Validation:
    return validate(Memory(files(text, **annotations)), now)


def statuses(result: Validation) -> dict[str, str]:
    return {outcome.record.name: outcome.status for outcome in result.outcomes}


def said(result: Validation) -> list[str]:
    return [f"{finding.location} {finding.severity} {finding.rule}: {finding.message}" for finding in result.findings]


def test_a_default_counts_where_nothing_else_is_set() -> None:
    assert [item.split(": ", 1)[1] for item in said(judged(policy()))] == ["tier 4 of at most 2"]
    assert said(judged(policy(params="{most: {default: 4}}"))) == []


def test_a_record_sets_its_own_value_where_the_policy_allows_it() -> None:
    result = judged(policy(FROM_ANNOTATION), newsletter="4", orders="1")
    assert [outcome.record.name for outcome in result.outcomes if outcome.status == "fail"] == ["orders"]
    assert statuses(judged(policy(), newsletter="4"))["newsletter"] == "fail"


def test_a_named_record_holds_the_value_for_all() -> None:
    assert set(statuses(judged(policy(FROM_RECORD))).values()) == {"pass", "fail"}
    gone = policy(FROM_RECORD.replace("database", "gone"))
    result = judged(gone)
    assert set(statuses(result).values()) == {"error"}
    assert all(finding.rule == "policy-evaluates" and finding.blocks for finding in result.findings)
    assert "comes from Service gone, which is not there" in result.findings[0].message
    absent = policy(FROM_RECORD.replace("/spec/tier", "/spec/gone"))
    assert set(statuses(judged(absent)).values()) == {"error"}


@pytest.mark.parametrize("value", ["", "two", "2x", "1e3", "0x2", "true", "[2]", " 2", "99999999999999999999"])
def test_a_value_of_another_type_is_no_answer(value: str) -> None:
    result = judged(policy(FROM_ANNOTATION), orders=value)
    assert statuses(result)["orders"] == "error"
    (finding,) = [finding for finding in result.findings if finding.record and finding.record.name == "orders"]
    assert "the parameter 'most' is a number, not text" in finding.message
    assert finding.blocks


@pytest.mark.parametrize("where", ["object.metadata.name != 'orders'", "!object.metadata.name.endsWith('ders')"])
def test_a_wrong_value_does_not_matter_to_a_record_that_the_policy_is_not_for(where: str) -> None:
    result = judged(policy(FROM_ANNOTATION, where=where), orders="two")
    assert "orders" not in statuses(result)


def test_only_what_params_itself_has_is_a_parameter() -> None:
    assert "there is no parameter" not in str(said(judged(policy(require="true || dyn(object).params.other == 1"))))
    assert "there is no parameter" in str(said(judged(policy(require="true || params.other == 1"))))


@pytest.mark.parametrize(
    ("default", "text", "value"),
    [
        (1, "-3", -3),
        (1, "2.5", 2.5),
        (1.5, "2", 2),
        ("a", "2", "2"),
        (True, "false", False),
        (["a"], "b, c,", ["b", "c"]),
        ([], "", []),
    ],
)
def test_texts_are_read_as_the_default_says(default: Any, text: str, value: Any) -> None:
    data = {"metadata": {"annotations": {"key": text}}}
    declared = {"x": {"default": default, "from": {"annotation": "key"}}}
    ((name, found),) = parameter_sets(declared, {}, data, Facts({}))[0].items()
    assert (name, found, type(found)) == ("x", value, type(value))


@pytest.mark.parametrize(("default", "text"), [(True, "yes"), (True, "1"), (1, "true"), ([1], "a")])
def test_texts_that_are_not_what_the_default_says_are_refused(default: Any, text: str) -> None:
    data = {"metadata": {"labels": {"key": text}}}
    with pytest.raises(ParameterProblem):
        parameter_sets({"x": {"default": default, "from": {"label": "key"}}}, {}, data, Facts({}))


def test_a_set_value_of_another_type_is_refused_and_a_record_goes_before_it() -> None:
    declared = {"x": {"default": 1, "from": {"annotation": "key"}}}
    assert parameter_sets(declared, {"x": 5}, {}, Facts({})) == [{"x": 5}]
    assert parameter_sets(declared, {"x": 5}, {"metadata": {"annotations": {"key": "7"}}}, Facts({})) == [{"x": 7}]
    with pytest.raises(ParameterProblem):
        parameter_sets(declared, {"x": "5"}, {}, Facts({}))


def test_a_record_about_several_services_has_to_hold_with_the_values_of_each() -> None:
    services = [
        {"kind": "Service", "metadata": {"name": name, "annotations": {"most": most}}}
        for name, most in (("a", "1"), ("b", "5"), ("c", "5"))
    ]
    declared = {"most": {"default": 2, "from": {"annotation": "most", "of": "service"}}}
    rule_set = Facts.from_records(services)

    def sets(**spec: Any) -> list[dict[str, Any]]:
        return parameter_sets(declared, {}, {"kind": "Change", "spec": spec}, rule_set)

    assert sets(services=["a", "b", "c"]) == [{"most": 1}, {"most": 5}]
    assert sets(service="b") == [{"most": 5}]
    assert sets(services=[]) == sets() == sets(services=["gone"]) == [{"most": 2}]
    assert parameter_sets(declared, {}, {"kind": "Service", "metadata": {"name": "a"}}, rule_set) == [{"most": 1}]


def test_in_the_gate_the_base_says_what_a_service_sets() -> None:
    """A pull request cannot loosen a rule for a service and pass by it at once."""
    base, head = files(policy(FROM_SERVICE), newsletter="1"), files(policy(FROM_SERVICE), newsletter="9")
    rule_set, records = catalogue_of(base, REGISTRY), catalogue_of(head, REGISTRY)
    engine = PolicyEngine(rule_set, PolicySettings(), Facts.of(records), NOW)
    newsletter = records.get("Service", "newsletter")
    assert newsletter is not None
    assert [outcome.message for outcome, _ in engine.judge(newsletter)] == ["tier 4 of at most 1"]


def test_the_kind_of_a_named_record_has_to_exist() -> None:
    result = judged(policy(FROM_RECORD.replace("Service", "Servise")))
    (finding,) = [finding for finding in result.findings if finding.rule == "policy-kinds"]
    assert (finding.message, finding.remedy) == ("there is no kind 'Servise'", "did you mean 'Service'?")


@pytest.mark.parametrize(
    ("since", "instant"),
    [
        ("2027-01-01", datetime(2027, 1, 1, tzinfo=UTC)),
        ("2027-01-01T09:00:00+01:00", datetime(2027, 1, 1, 8, tzinfo=UTC)),
    ],
)
def test_before_its_day_an_error_warns_and_says_when_it_blocks(since: str, instant: datetime) -> None:
    text = policy(more=f'since: "{since}"')
    before = judged(text, instant - timedelta(seconds=1))
    assert said(before)[0].endswith(f"warning tier-is-low: tier 4 of at most 2 (blocks from {since} on)")
    assert not any(finding.blocks for finding in before.findings)
    assert {outcome.severity for outcome in before.outcomes} == {"warning"}
    after = judged(text, instant)
    assert said(after)[0].endswith("error tier-is-low: tier 4 of at most 2")
    assert after.findings[0].blocks


@pytest.mark.parametrize("severity", ["warning", "info"])
def test_what_never_blocks_says_nothing_of_a_day(severity: str) -> None:
    (line,) = said(judged(policy(more='since: "2099-01-01"', severity=severity)))
    assert line.endswith(f"{severity} tier-is-low: tier 4 of at most 2")


def test_what_cannot_be_evaluated_blocks_before_the_day_too() -> None:
    result = judged(policy(more='since: "2099-01-01"', require="object.metadata.labels.x == params.most"))
    assert {finding.rule for finding in result.findings if finding.blocks} == {"policy-evaluates"}


@pytest.mark.parametrize("since", ["soon", "2027-02-30", "2027-01-01T00:00:00"])
def test_a_day_that_is_none_is_refused(since: str) -> None:
    result = judged(policy(more=f'since: "{since}"'))
    assert {finding.rule for finding in result.findings} == {"record-schema"}


def test_the_organisation_sets_values_and_days_in_itsm_yaml() -> None:
    contents = files(policy(more='since: "2099-01-01"'))
    override = "{policy: tier-is-low, reason: Ours are lower., params: {most: 3}, since: %s}"
    contents["itsm.yaml"] = contents["itsm.yaml"] + f"  policies: {{overrides: [{override % '2026-01-01'}]}}\n".encode()
    (line,) = said(validate(Memory(contents), NOW))
    assert line.endswith("error tier-is-low: tier 4 of at most 3")
