"""20: expressions that fail, loop or pry; schemas of a stranger."""

from __future__ import annotations

import json

import pytest

from itsm_as_code.policies.cel import bounded
from itsm_as_code.shipped import folder
from tests.attacks.tools import (
    EVERYBODY,
    POLICY,
    RULES,
    WAIVER,
    WAIVER_PATH,
    add_rule,
    approve,
    blocking,
    missing,
    on_main,
)
from tests.conftest import Workshop, codes
from tests.limits import within

LOOP = "".join(f"records('Person').all({name}, " for name in "abcdef") + "true" + ")" * 6
GROW = "('aaaa' + object.metadata.name)" + ".replace('a', 'aaaaaaaaaaaaaaaa')" * 12 + " != ''"
LISTS = "(object.metadata.name + 'x')" + ".split('').map(a, 'aaaaaaaaaaaaaaaa').join('')" * 7 + " != ''"
REQUIRE = "has(object.spec.backout) && object.spec.backout.steps.size() >= 2"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Expressions are stopped after a fifth of their time: each test would wait for the whole of it."""
    monkeypatch.setattr(bounded, "SECONDS", bounded.SECONDS / 5)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "expression",
    [
        "object.spec.nosuch == 1",
        "object.spec.risk.level == 'low'",
        "1 / 0 == 1",
        "object.spec.backout.steps[99] == 'x'",
        "dyn(string(true))",
        "dyn(null)",
        "object.spec.backout",
        "record('Service', 'nosuch').spec.tier == 1",
        "day('yesterday') < now",
        "period('P1M') > period('P1D')",
        LOOP,
        GROW,
        LISTS,
    ],
)
def test_a_policy_that_gives_no_answer_has_not_passed(workshop: Workshop, expression: str) -> None:
    with on_main(workshop):
        workshop.edit(POLICY, REQUIRE, expression)
    workshop.change()
    workshop.commit()
    approve(workshop, *EVERYBODY)
    with within(10):
        assert codes(workshop.judge()) == ["finding:policy-evaluates"]


def test_a_where_that_gives_no_answer_does_not_skip_the_policy(workshop: Workshop) -> None:
    with on_main(workshop):
        workshop.edit(POLICY, "object.spec.type == 'normal' &&", "object.spec.risk.level == 'low' &&")
    workshop.change()
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert codes(workshop.judge()) == ["finding:policy-evaluates"]


def test_a_policy_that_gives_no_answer_is_not_waived(workshop: Workshop) -> None:
    with on_main(workshop):
        workshop.edit(POLICY, REQUIRE, "object.spec.nosuch == 1")
        workshop.write(WAIVER_PATH, WAIVER)
    workshop.change()
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert codes(workshop.judge()) == ["finding:policy-evaluates"]


@pytest.mark.parametrize("where", ["object.spec.nosuch == 'x'", "1 / 0 == 1", "'yes'", "risk.nosuch == 1"])
@pytest.mark.parametrize("approvals", ["[]", "[{from: {anyone: true}}]"])
def test_an_approval_rule_that_gives_no_answer(workshop: Workshop, where: str, approvals: str) -> None:
    with on_main(workshop):
        rule = f'{{name: odd, match: {{kinds: [Change], where: "{where}"}}, approvals: {approvals}}}'
        add_rule(workshop, rule)
    workshop.change()
    workshop.commit()
    approve(workshop, *EVERYBODY)
    decision = workshop.judge()
    assert (decision.verdict, codes(decision)) == ("rejected", ["approval-rule-error"])


@pytest.mark.parametrize(
    "expression",
    ["env('HOME') == ''", "open('/etc/passwd') == ''", "__import__('os') == null", "object.__class__ == 1"],
)
def test_an_expression_sees_only_what_it_is_handed(workshop: Workshop, expression: str) -> None:
    with on_main(workshop):
        workshop.edit(POLICY, REQUIRE, expression)
    workshop.change()
    workshop.commit()
    approve(workshop, *EVERYBODY)
    decision = workshop.judge()
    assert set(codes(decision)) & {"judges-unusable", "finding:policy-evaluates"}
    assert decision.verdict == "rejected"


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("expression", [f"{LOOP} && 'a'.matches('(a+)+$')", GROW, LISTS, f"true || {GROW}"])
def test_a_policy_with_a_hostile_expression_comes_in_the_pull_request(workshop: Workshop, expression: str) -> None:
    """It is evaluated for the report on its impact and by its examples, within bounds, and has no say."""
    workshop.edit(POLICY, REQUIRE, expression)
    workshop.change()
    workshop.commit()
    with within(10):
        decision = workshop.judge()
    assert missing(decision) == {"normal": 1, "what-judges": 2}
    assert blocking(decision) == {"policy-examples"}


def schema(**change: object) -> str:
    data = json.loads(folder("schemas").joinpath("service.schema.json").read_text())
    data["properties"]["spec"]["properties"] |= change
    return json.dumps(data)


@pytest.mark.parametrize(
    "text",
    [
        schema(valueProposition={"$ref": "https://evil.example/schema.json"}),
        schema(valueProposition={"$ref": "file:///etc/passwd"}),
        schema(valueProposition={"$ref": "../../../etc/passwd"}),
        schema(valueProposition={"type": "string", "pattern": "(?=a)"}),
        schema(valueProposition={"type": 7}),
        "not json",
        "[]",
        "{" * 5_000,
        '{"x-kind": {}}',
        '{"x-kind": {"name": "Thing", "plural": "things", "folder": "../x"}}',
        '{"x-kind": {"name": "Change", "plural": "things", "folder": "things"}}',
        '{"x-kind": 7}',
        '{"x-kind": {"name": "Thing", "plural": "things", "folder": "things"}, "x-lifecycle": 7, "$ref": "#"}',
    ],
)
def test_a_schema_that_nobody_can_use_is_not_merged(workshop: Workshop, text: str) -> None:
    workshop.write("schemas/service.schema.json", text)
    workshop.change()
    workshop.commit()
    approve(workshop, *EVERYBODY)
    decision = workshop.judge()
    assert (decision.verdict, set(codes(decision))) == ("rejected", {"new-judges-unusable"})


def test_a_schema_with_a_pattern_that_takes_for_ever(workshop: Workshop) -> None:
    """Patterns run on a linear engine; and the schema of the pull request judges nothing."""
    workshop.write("schemas/service.schema.json", schema(valueProposition={"type": "string", "pattern": "^(a+)+$"}))
    text = f"valueProposition: {'a' * 5_000}b\n  tier: 4"
    workshop.edit("services/newsletter.yaml", "tier: 4", text)
    workshop.commit()
    with within(10):
        decision = workshop.judge()
    assert missing(decision) == {"service": 1, "what-judges": 2}


def test_a_schema_that_would_make_the_judges_unreadable(workshop: Workshop) -> None:
    """Asking for one more field in every Person would leave nobody to approve anything."""
    data = json.loads(folder("schemas").joinpath("person.schema.json").read_text())
    data["properties"]["spec"]["required"] = ["jobTitle"]
    workshop.write("schemas/person.schema.json", json.dumps(data))
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert set(codes(workshop.judge())) == {"new-judges-unusable"}


def test_a_schema_of_ones_own_may_be_added(workshop: Workshop) -> None:
    workshop.write(
        "schemas/vehicle.schema.json",
        json.dumps(
            {
                "x-kind": {"name": "Vehicle", "plural": "vehicles", "folder": "vehicles"},
                "type": "object",
                "properties": {"kind": {"const": "Vehicle"}},
            }
        ),
    )
    workshop.commit()
    approve(workshop, "dave", "erin")
    decision = workshop.judge()
    assert (decision.verdict, codes(decision)) == ("approved", [])


def test_records_of_a_kind_that_the_pull_request_brings_are_only_files(workshop: Workshop) -> None:
    """The base does not know the kind: a lenient rule for it cannot come along, and no other covers the file."""
    workshop.write(
        "schemas/vehicle.schema.json",
        '{"x-kind": {"name": "Vehicle", "plural": "vehicles", "folder": "vehicles"}, "type": "object"}',
    )
    workshop.write("vehicles/van.yaml", "apiVersion: itsm/v1\nkind: Vehicle\nmetadata: {name: van}\n")
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert codes(workshop.judge()) == ["not-covered"]


def test_a_schema_that_takes_the_folder_of_the_rules(workshop: Workshop) -> None:
    """Merged, the approval policies would be records of another kind, and nobody would have to approve anything."""
    workshop.write(
        "schemas/thing.schema.json",
        '{"x-kind": {"name": "Thing", "plural": "things", "folder": "policies/approvals/x"}, "type": "object"}',
    )
    workshop.write("policies/approvals/x/free.yaml", "apiVersion: itsm/v1\nkind: Thing\nmetadata: {name: free}\n")
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert {"record-kind"} <= blocking(workshop.judge())
    assert (workshop.path / RULES).exists()
