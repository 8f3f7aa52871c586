"""1: what judges is weakened in the pull request that it would judge."""

from __future__ import annotations

import json

from itsm_as_code.shipped import folder
from tests.attacks.tools import (
    BAD_BACKOUT,
    CHANGE,
    EVERYBODY,
    FREEZE,
    IN_FREEZE,
    MODEL,
    POLICY,
    RULES,
    STANDARD,
    STANDARD_PATH,
    WAIVER,
    WAIVER_PATH,
    approve,
    blocking,
    ignored,
    missing,
    on_main,
    rules,
)
from tests.conftest import Run, Workshop, codes


def test_a_policy_made_to_say_yes(workshop: Workshop) -> None:
    workshop.edit(POLICY, "has(object.spec.backout) && object.spec.backout.steps.size() >= 2", "1 == 1")
    workshop.change(**BAD_BACKOUT)
    workshop.commit()
    approve(workshop, *EVERYBODY)
    decision = workshop.judge()
    assert decision.verdict == "rejected"
    assert codes(decision) == ["finding:backout-is-planned", "finding:policy-examples"]


def test_a_policy_made_a_warning(workshop: Workshop) -> None:
    workshop.edit(POLICY, "severity: error", "severity: info")
    workshop.change(**BAD_BACKOUT)
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert codes(workshop.judge()) == ["finding:backout-is-planned"]


def test_a_policy_narrowed_by_its_where(workshop: Workshop) -> None:
    workshop.edit(POLICY, "object.spec.type == 'normal' &&", "object.spec.type == 'standard' &&")
    workshop.change(**BAD_BACKOUT)
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert codes(workshop.judge()) == ["finding:backout-is-planned", "finding:policy-examples"]


def test_an_approval_rule_made_to_ask_for_nothing(workshop: Workshop) -> None:
    workshop.edit(RULES, "approvals: [{from: {owners: affected}, count: 1}]", "approvals: []")
    workshop.change()
    workshop.commit()
    decision = workshop.judge()
    assert (decision.verdict, missing(decision)) == ("pending", {"normal": 1, "what-judges": 2})
    approve(workshop, "dave", "erin")
    assert missing(workshop.judge()) == {"normal": 1}


def test_a_lenient_approval_policy_is_added(workshop: Workshop) -> None:
    workshop.write(
        "policies/approvals/lenient.yaml",
        "apiVersion: itsm/v1\nkind: ApprovalPolicy\nmetadata: {name: lenient, title: Anything goes}\n"
        "spec:\n  rules:\n    - {name: all, match: {paths: ['**']}, approvals: []}\n",
    )
    workshop.write("deploy.sh", "true\n")
    workshop.commit()
    approve(workshop, *EVERYBODY)
    decision = workshop.judge()
    assert (decision.verdict, codes(decision)) == ("rejected", ["not-covered"])
    assert rules(decision) == ["what-judges"]


def test_a_person_is_added_who_reviews(workshop: Workshop) -> None:
    workshop.write(
        "people/mallory.yaml",
        "apiVersion: itsm/v1\nkind: Person\nmetadata: {name: mallory, title: Mallory}\n"
        "spec: {emails: [mallory@shop.example]}\n",
    )
    workshop.edit("people/teams/team-governance.yaml", "[dave, erin]", "[dave, erin, mallory]")
    workshop.commit()
    approve(workshop, "mallory", "dave")
    decision = workshop.judge()
    assert (decision.verdict, missing(decision)) == ("pending", {"what-judges": 1})
    assert ("mallory", "unknown-reviewer") in ignored(decision)


def test_a_member_is_added_to_the_owners(workshop: Workshop) -> None:
    workshop.edit("people/teams/team-shop.yaml", "[alice, bob, robot]", "[alice, bob, robot, frank]")
    workshop.change()
    workshop.commit()
    approve(workshop, "frank", "dave", "erin")
    decision = workshop.judge()
    assert (decision.verdict, missing(decision)) == ("pending", {"normal": 1})
    assert ("frank", "not-eligible") in ignored(decision)


def test_a_team_gives_itself_a_role(workshop: Workshop) -> None:
    workshop.edit("people/teams/team-shop.yaml", "roles: []", "roles: [governance]")
    workshop.commit()
    approve(workshop, "bob", "dave")
    decision = workshop.judge()
    assert (decision.verdict, missing(decision)) == ("pending", {"what-judges": 1})
    assert ("bob", "not-eligible") in ignored(decision)


def test_an_absence_is_added_so_that_a_friend_stands_in(workshop: Workshop) -> None:
    workshop.edit(
        "people/erin.yaml",
        "spec:\n",
        "spec:\n  away: [{start: '2026-11-01T00:00:00Z', end: '2026-12-01T00:00:00Z', delegate: frank}]\n",
    )
    workshop.commit()
    approve(workshop, "frank", "dave")
    decision = workshop.judge()
    assert (decision.verdict, missing(decision)) == ("pending", {"what-judges": 1})
    assert ("frank", "not-eligible") in ignored(decision)


def test_a_freeze_is_shortened(workshop: Workshop) -> None:
    workshop.edit(FREEZE, 'end: "2027-01-05T00:00:00+01:00"', 'end: "2026-12-16T00:00:00+01:00"')
    workshop.change(**IN_FREEZE)
    workshop.commit()
    approve(workshop, *EVERYBODY)
    decision = workshop.judge()
    assert codes(decision) == ["finding:change-in-freeze"]
    assert [row["kind"] for row in decision.evidence["conflicts"]] == ["freeze"]


def test_a_freeze_is_made_to_exempt_normal_changes(workshop: Workshop) -> None:
    workshop.edit(FREEZE, "exempt: [emergency]", "exempt: [emergency, normal]")
    workshop.change(**IN_FREEZE)
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert codes(workshop.judge()) == ["finding:change-in-freeze"]


def test_a_label_goes_by_which_a_freeze_found_the_service(workshop: Workshop) -> None:
    with on_main(workshop):
        workshop.edit(FREEZE, "{all: true}", "{labels: {shop: open}}")
        workshop.edit("services/newsletter.yaml", "title: Newsletter}", "title: Newsletter, labels: {shop: open}}")
    workshop.edit("services/newsletter.yaml", ", labels: {shop: open}}", "}")
    workshop.change(**IN_FREEZE)
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert codes(workshop.judge()) == ["finding:change-in-freeze"]


def test_a_policy_about_another_kind_reads_freezes_of_the_base(workshop: Workshop) -> None:
    """The freeze is lifted in the pull request that breaks it with a record of another kind than Change."""
    with on_main(workshop):
        workshop.write(
            "policies/no-launch-in-freeze.yaml",
            """\
apiVersion: itsm/v1
kind: Policy
metadata: {name: no-launch-in-freeze, title: Nothing goes live while it is frozen}
spec:
  severity: error
  match: {kinds: [Service], where: "object.spec.lifecycle == 'live' && old != null"}
  require: "!frozen(object.metadata.name, '2026-12-20T00:00:00Z', '2026-12-21T00:00:00Z')"
  message: "'frozen'"
  at: /spec/lifecycle
  remedy: Wait.
  examples:
    - {name: free, expect: pass, object: {kind: Service, metadata: {name: a}, spec: {lifecycle: live}}, old: {}}
    - {name: none, expect: fail, object: {kind: Service, metadata: {name: a}, spec: {lifecycle: live}}, old: {}}
""",
        )
    workshop.edit(FREEZE, "{all: true}", "{services: [orders]}")
    workshop.edit("services/newsletter.yaml", "title: Newsletter", "title: News")
    workshop.commit()
    approve(workshop, *EVERYBODY)
    decision = workshop.judge()
    assert (decision.verdict, codes(decision)) == ("rejected", ["finding:no-launch-in-freeze"])


def test_a_schema_is_relaxed_for_a_record_that_breaks_it(workshop: Workshop) -> None:
    schema = json.loads(folder("schemas").joinpath("service.schema.json").read_text())
    schema["properties"]["spec"]["additionalProperties"] = True
    workshop.write("schemas/service.schema.json", json.dumps(schema))
    workshop.edit("services/newsletter.yaml", "tier: 4", "tier: 4\n  secret: anything")
    workshop.commit()
    approve(workshop, *EVERYBODY)
    decision = workshop.judge()
    assert decision.verdict == "rejected"
    assert "finding:record-schema" in codes(decision)


def test_the_matrix_of_the_configuration_is_bent(workshop: Workshop) -> None:
    workshop.edit("itsm.yaml", "spec:\n", "spec:\n  priority: {matrix: [[P5, P5, P5], [P5, P5, P5], [P5, P5, P5]]}\n")
    workshop.write(
        "operations/incidents/inc-1.yaml",
        "apiVersion: itsm/v1\nkind: Incident\nmetadata: {name: inc-1, title: All is down}\n"
        "spec: {services: [web-shop], impact: 1, urgency: 1, priority: P5, status: new, "
        'detectedAt: "2026-11-22T07:00:00Z"}\n',
    )
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert codes(workshop.judge()) == ["finding:incident-priority"]


def test_an_as_of_in_the_pull_request_moves_no_clock(workshop: Workshop, itsm: Run) -> None:
    workshop.edit("itsm.yaml", "spec:\n", 'spec:\n  asOf: "2020-01-01T00:00:00Z"\n')
    workshop.commit()
    reviews = workshop.path / ".git" / "reviews.json"
    reviews.write_text(json.dumps(workshop.pull_request()))
    code, out, _ = itsm(
        "gate", "-C", workshop.path, "--base", "main", "--head", "topic", "--reviews", reviews, "--format", "json"
    )
    report = json.loads(out)
    assert (code, report["verdict"], report["reasons"][0]["code"]) == (1, "pending", "approval-missing")
    assert report["now"] > "2025"


def test_a_tier_is_lowered_to_lower_the_risk(workshop: Workshop) -> None:
    workshop.change(**{"services: [newsletter]": "services: [web-shop]"})
    workshop.edit("services/web-shop.yaml", "tier: 1", "tier: 4")
    workshop.commit()
    decision = workshop.judge()
    factors = {row["name"]: row["value"] for row in decision.evidence["risk"][0]["factors"]}
    assert factors["impact: highest tier"] == "tier 1 (web-shop)"
    assert set(missing(decision)) == {"normal", "service"}


def test_a_waiver_in_the_same_pull_request_waives_nothing(workshop: Workshop) -> None:
    workshop.write(WAIVER_PATH, WAIVER)
    workshop.change(**BAD_BACKOUT)
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert codes(workshop.judge()) == ["finding:backout-is-planned"]


def test_a_model_that_authorises_the_change_it_comes_with(workshop: Workshop) -> None:
    model = (workshop.path / MODEL).read_text()
    workshop.write("changes/models/anything.yaml", model.replace("name: restart,", "name: anything,"))
    workshop.write(STANDARD_PATH, STANDARD.replace("model: restart", "model: anything"))
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert codes(workshop.judge()) == ["finding:model-on-base"]


def test_a_model_widened_to_fit_the_change(workshop: Workshop) -> None:
    workshop.edit(MODEL, "services: [newsletter, orders]", "services: [newsletter, orders, web-shop]")
    workshop.write(STANDARD_PATH, STANDARD.replace("services: [newsletter]", "services: [web-shop]"))
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert codes(workshop.judge()) == ["finding:standard-change-matches-model"]


def test_the_rules_that_come_are_shown_but_do_not_judge(workshop: Workshop) -> None:
    with on_main(workshop):
        workshop.change()
    workshop.edit(POLICY, "steps.size() >= 2", "steps.size() >= 3")
    workshop.edit(POLICY, "{steps: [one, two]}", "{steps: [one, two, three]}")
    workshop.commit()
    approve(workshop, "dave", "erin")
    decision = workshop.judge()
    assert (decision.verdict, codes(decision)) == ("approved", [])
    assert [(row["before"], row["after"]) for row in decision.evidence["policyImpact"]] == [("pass", "fail")]
    assert (workshop.path / CHANGE).exists()
    assert blocking(decision) == set()
