"""Policy impact: exactly the verdicts that changed rules change, on the catalogue and on open pull requests."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from itsm_as_code.findings import RecordId
from itsm_as_code.forges.interface import OpenPullRequest
from itsm_as_code.gate.impact import Impact, policy_impact, shifts
from itsm_as_code.git.repository import Repository
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.schemas import Validator
from itsm_as_code.validation import Validation, assess_catalogue, load_rule_set
from tests.conftest import NOW, SMALL, Run, Workshop, examples
from tests.policies.test_engine import policy
from tests.policies.test_waivers import waiver
from tests.snapshots import Memory, folder

AT_NOW = ("--now", "2026-11-22T12:00:00Z")
REPORT = KindRegistry.load().bundled("reports/policy-impact-report.schema.json")
TIERS = {"database": 2, "newsletter": 4, "orders": 2, "web-shop": 1}
"""The services of the small organisation."""


def tiered(limit: int, severity: str = "error", operator: str = "<=") -> str:
    """A policy that rejects services of a tier beyond a limit."""
    message = "\"object.metadata.name + ' has tier ' + string(object.spec.tier)\""
    return policy(f"object.spec.tier {operator} {limit}", message=message, severity=severity, name="tier-limit")


def impact(workshop: Workshop, *open_pull_requests: tuple[int, str], head: str = "topic") -> Impact:
    requests = [OpenPullRequest(number, branch) for number, branch in open_pull_requests]
    return policy_impact(Repository(workshop.path), "main", head, NOW, requests)


def rows(found: Impact) -> list[tuple[str, str, str, str]]:
    return [
        (shift.rule, shift.record.name if shift.record else "", shift.before, shift.after) for shift in found.shifts
    ]


def on_main(workshop: Workshop, files: dict[str, str]) -> None:
    """Files that both branches have."""
    workshop.git("checkout", "-q", "main")
    for path, text in files.items():
        workshop.write(path, text)
    workshop.commit()
    workshop.git("checkout", "-q", "topic")
    workshop.git("merge", "-q", "main")


PATH = "policies/tier-limit.yaml"


def test_a_threshold_moved_lists_exactly_the_records_whose_verdict_changes(workshop: Workshop, itsm: Run) -> None:
    on_main(workshop, {PATH: tiered(4)})
    workshop.write(PATH, tiered(2))
    workshop.commit()
    found = impact(workshop)
    assert rows(found) == [("tier-limit", "newsletter", "pass", "fail")]
    assert found.shifts[0].message == "Service newsletter: tier-limit says fail instead of pass: newsletter has tier 4"
    where = ("-C", workshop.path, "policy", "impact", "--base", "main", "--head", "topic", *AT_NOW)
    code, out, err = itsm(*where)
    assert (code, out, err) == (1, TEXT, "")
    code, out, _ = itsm(*where, "--format", "json")
    assert (code, Validator("report", REPORT).problems(json.loads(out))) == (1, [])
    code, out, _ = itsm(*where, "--format", "markdown")
    assert "- ✘ Service newsletter&#58; tier-limit says fail instead of pass&#58; newsletter has tier 4" in out
    back = policy_impact(Repository(workshop.path), "topic", "main", NOW)
    assert back.shifts == [], "the merge of an older base into newer rules changes nothing"


TEXT = """\
On the catalogue: 1 newly rejected
  ✘ Service newsletter: tier-limit says fail instead of pass: newsletter has tier 4
"""


def test_the_gate_shows_the_same(workshop: Workshop) -> None:
    on_main(workshop, {PATH: tiered(4)})
    workshop.write(PATH, tiered(2))
    workshop.change()
    workshop.commit()
    decision = workshop.judge()
    assert decision.evidence["policyImpact"] == [shift.as_data() for shift in impact(workshop).shifts]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (tiered(1), tiered(1, "warning"), [("fail", "warning")] * 3),
        (tiered(1, "info"), tiered(1), [("info", "fail")] * 3),
        (tiered(1), "", [("fail", "absent")] * 3 + [("pass", "absent")]),
        (tiered(4), "", [("pass", "absent")]),
        ("", tiered(4), [("absent", "pass")]),
        (tiered(4), tiered(4).replace("string(", " string("), []),
        (
            tiered(4),
            tiered(4).replace("require: object", "require: 1 / (object.spec.tier - 1) < 9 && object"),
            [("pass", "error")],
        ),
    ],
    ids=["weaker", "graver", "gone", "gone, nothing failed", "new", "same", "cannot be evaluated"],
)
def test_what_a_change_of_a_policy_does(
    workshop: Workshop, old: str, new: str, expected: list[tuple[str, str]]
) -> None:
    on_main(workshop, {PATH: old} if old else {})
    if new:
        workshop.write(PATH, new)
    else:
        workshop.git("rm", "-q", PATH)
    workshop.commit()
    assert [(before, after) for _, _, before, after in rows(impact(workshop))] == expected


def test_a_schema_a_waiver_and_the_configuration_have_an_impact_too(workshop: Workshop) -> None:
    on_main(workshop, {PATH: tiered(1)})
    for path, text in waiver(rule="policy: tier-limit", records="[{kind: Service, name: orders}]").items():
        workshop.write(path, text if isinstance(text, (str, bytes)) else "")
    workshop.commit()
    found = impact(workshop)
    assert rows(found) == [("tier-limit", "orders", "fail", "waived")]
    assert [shift.effect for shift in found.shifts] == ["lets-through"]

    from itsm_as_code.shipped import folder as shipped

    schema = json.loads(shipped("schemas").joinpath("service.schema.json").read_text())
    schema["properties"]["spec"]["required"].append("runbook")
    workshop.write("schemas/service.schema.json", json.dumps(schema))
    workshop.commit()
    rejected = {name for rule, name, _, after in rows(impact(workshop)) if (rule, after) == ("record-schema", "fail")}
    assert rejected == TIERS.keys()


def test_open_pull_requests_are_judged_by_the_new_rules(workshop: Workshop, itsm: Run) -> None:
    on_main(
        workshop,
        {
            PATH: tiered(4),
            "services/other.yaml": (SMALL / "services/orders.yaml").read_text().replace("orders", "other"),
        },
    )
    for branch, tier in (("fine", 1), ("affected", 3), ("conflict", 1)):
        workshop.git("checkout", "-q", "-b", branch, "main")
        workshop.write(
            "services/new.yaml",
            (SMALL / "services/orders.yaml")
            .read_text()
            .replace("name: orders", "name: new")
            .replace("tier: 2", f"tier: {tier}"),
        )
        if branch == "conflict":
            workshop.edit("services/other.yaml", "tier: 2", "tier: 1")
        workshop.commit()
    workshop.git("checkout", "-q", "main")
    workshop.edit("services/other.yaml", "tier: 2", "tier: 4")
    workshop.commit()
    workshop.git("checkout", "-q", "topic")
    workshop.write(PATH, tiered(2))
    head = workshop.commit()
    found = impact(workshop, (7, "conflict"), (3, "affected"), (2, "fine"), (1, head))
    in_requests = [shift for shift in found.shifts if shift.pull_request is not None]
    assert [(shift.pull_request, str(shift.record), shift.after) for shift in in_requests] == [
        (3, "Service new", "fail")
    ]
    assert found.unjudged == [(7, "base and head conflict in services/other.yaml")]
    open_ = {
        "author": "alice",
        "openPullRequests": [{"number": 3, "head": "affected"}, {"number": 7, "head": "conflict"}],
    }
    workshop.write("../open.json", json.dumps(open_))
    where = ("-C", workshop.path, "policy", "impact", "--base", "main", "--head", "topic")
    code, out, _ = itsm(*where, "--reviews", workshop.path / "../open.json", "--now", "2026-11-22T12:00:00Z")
    assert code == 1
    assert out.splitlines()[-3:] == [
        "On pull request 3: 1 newly rejected",
        "  ✘ Service new: tier-limit says fail instead of pass: new has tier 3",
        "pull request 7 could not be judged: base and head conflict in services/other.yaml",
    ]


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (lambda shop: shop.write(PATH, tiered(4).replace("string(", "strng(")), "the rules of the head cannot be used"),
        (lambda shop: shop.write(PATH, "a: ["), "the rules of the head cannot be used"),
        (lambda shop: shop.write("schemas/service.schema.json", "["), "the rules of the head cannot be used"),
        (lambda shop: shop.git("branch", "-m", "topic", "other"), "unknown revision 'topic'"),
    ],
)  # fmt: skip
def test_rules_that_cannot_be_used_are_an_error(workshop: Workshop, itsm: Run, break_it: object, said: str) -> None:
    assert callable(break_it)
    break_it(workshop)
    workshop.commit()
    code, out, err = itsm("-C", workshop.path, "policy", "impact", "--base", "main", "--head", "topic")
    assert (code, out) == (2, "")
    assert said in err


CONTENTS = folder(SMALL)
RECORDS = load_rule_set(Memory(CONTENTS)).catalogue
OPERATORS = st.sampled_from(["<", "<=", "==", "!=", ">=", ">"])
RULES = st.builds(tiered, st.integers(0, 4), st.sampled_from(["error", "warning", "info"]), OPERATORS)


def brute_force(rule: str) -> dict[str, str]:
    """What a rule says of each service, worked out without the engine."""
    _, operator, limit = rule.split("require: ")[1].split("\n")[0].split(" ")
    severity = rule.split("severity: ")[1].split("\n")[0]
    holds = {
        "<": lambda tier: tier < int(limit),
        "<=": lambda tier: tier <= int(limit),
        "==": lambda tier: tier == int(limit),
        "!=": lambda tier: tier != int(limit),
        ">=": lambda tier: tier >= int(limit),
        ">": lambda tier: tier > int(limit),
    }[operator]
    failed = "fail" if severity == "error" else severity
    return {name: "pass" if holds(tier) else failed for name, tier in TIERS.items()}


@cache
def by_rule(rule: str) -> Validation:
    """The same records, judged by a rule."""
    return assess_catalogue(RECORDS, load_rule_set(Memory({**CONTENTS, PATH: rule})), NOW)


def shifted(old: str, new: str) -> Sequence[tuple[RecordId | None, str, str]]:
    before, after = by_rule(old), by_rule(new)
    return [(shift.record, shift.before, shift.after) for shift in shifts(before, after)]


@settings(max_examples=examples(12))
@given(old=RULES, new=RULES)
def test_the_impact_agrees_with_brute_force(old: str, new: str) -> None:
    before, after = brute_force(old), brute_force(new)
    expected = {(RecordId("Service", name), before[name], after[name]) for name in TIERS if before[name] != after[name]}
    found = shifted(old, new)
    assert len(found) == len(expected)
    assert set(found) == expected
