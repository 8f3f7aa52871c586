"""32: history of another tool, brought in to be judged less strictly or to be counted."""

from __future__ import annotations

import pytest

from itsm_as_code.compliance.controls import ControlStatus, assess_controls
from itsm_as_code.measures.suspension import suspension
from itsm_as_code.policies.coverage import coverage
from itsm_as_code.records.facts import Facts
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.snapshot import WorkTree
from itsm_as_code.validation import Validation, validate
from tests.attacks.scenarios_history import bring, cut_over, ended, history
from tests.attacks.test_24_emergency import INCIDENT
from tests.attacks.tools import EVERYBODY, MODEL, POLICY, add_rule, approve, blocking, missing, on_main, rules
from tests.conftest import NOW, Workshop
from tests.reports import renderers

FORMATS = renderers("gate")

MARKED = ("Change", "Incident", "Problem", "Release", "ServiceRequest")
MARK = "takenOver: {from: former-desk, number: %s, on: 2026-11-02}"


def judged(shop: Workshop) -> Validation:
    return validate(WorkTree(shop.path), NOW)


def test_history_that_governance_agrees_to_comes_in(workshop: Workshop) -> None:
    bring(workshop, "bob", "dave")
    decision = workshop.judge()
    assert decision.verdict == "approved"
    assert "taken-over" in rules(decision)
    told = "history: Change chg-001: taken over from former-desk as number CHG001 on 2026-11-02"
    assert told in FORMATS["text"](decision)


def test_the_verdict_says_that_governance_is_missing(workshop: Workshop) -> None:
    bring(workshop, "bob", "carol")
    decision = workshop.judge()
    assert decision.verdict == "pending"
    assert missing(decision) == {"taken-over": 1}


@pytest.mark.parametrize(("records", "lines"), [(20, 20), (21, 1)])
def test_much_history_is_told_in_one_line(workshop: Workshop, records: int, lines: int) -> None:
    with on_main(workshop):
        cut_over(workshop)
    for number in range(records):
        history(workshop, f"chg-{number:03}", number=f"CHG{number:03}")
    workshop.commit()
    (row,) = (row for row in workshop.judge().evidence["approvals"] if row["rule"] == "taken-over")
    assert len(row["why"]) == lines
    assert lines > 1 or row["why"] == [f"{records} records taken over from former-desk on 2026-11-02"]


@pytest.mark.parametrize("type_", ["standard", "emergency"])
def test_no_lane_asks_for_what_history_lacks(workshop: Workshop, type_: str) -> None:
    """No model, no incident, no review: nothing will be done any more."""
    bring(workshop, *EVERYBODY, normal=type_)
    assert workshop.judge().verdict == "approved"


def test_links_of_history_may_be_added(workshop: Workshop) -> None:
    with on_main(workshop):
        cut_over(workshop)
        path = history(workshop, normal="emergency")
    workshop.edit(path, "cluster}", "cluster, links: [{title: Old number, url: 'https://desk.example/1'}]}")
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert workshop.judge().verdict == "approved"


@pytest.mark.parametrize("old", [MARK % "CHG001", "number: CHG001"])
def test_a_mark_is_neither_removed_nor_altered(workshop: Workshop, old: str) -> None:
    with on_main(workshop):
        cut_over(workshop)
        path = history(workshop)
    workshop.edit(path, old, "number: CHG002" if "from" not in old else "requester: alice")
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert "lifecycle-final" in blocking(workshop.judge())


def test_a_mark_is_not_added_to_what_was_closed_here(workshop: Workshop) -> None:
    with on_main(workshop):
        cut_over(workshop)
        path = ended(workshop)
        workshop.edit(path, "status: reviewed", "status: closed")
    ended(workshop, MARK % "CHG001")
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert "lifecycle-final" in blocking(workshop.judge())


def test_a_number_is_not_taken_by_another_kind(workshop: Workshop) -> None:
    with on_main(workshop):
        cut_over(workshop)
        history(workshop)
    over = f"closed\n  {MARK % 'chg001'}\n  resolvedAt: 2026-10-22T11:00:00Z\n  resolutionCode: fixed"
    text = INCIDENT.replace("status: new", f"status: {over}").replace("2026-11-22T08", "2026-10-22T08")
    workshop.write("operations/incidents/inc-20261122-slow.yaml", text)
    workshop.commit()
    approve(workshop, *EVERYBODY)
    assert blocking(workshop.judge()) == {"taken-over-once"}


def test_history_suspends_no_model_and_blames_no_change(workshop: Workshop) -> None:
    model = (workshop.path / MODEL).read_text() + "  suspension: {failures: 1, within: P90D}\n"
    workshop.write(MODEL, model)
    cut_over(workshop)
    history(workshop, normal="standard\n  model: restart", successful="failed")
    facts = judged(workshop).facts
    assert suspension("restart", facts, NOW) is None
    incident = {"kind": "Incident", "metadata": {"name": "i"}}
    blamed = {"causedBy": "chg-1", "detectedAt": "2026-10-01T00:00:00Z"}
    assert Facts.from_records([{**incident, "spec": blamed}]).blamed
    assert not Facts.from_records([{**incident, "spec": {**blamed, "takenOver": {}}}]).blamed


def test_history_is_no_evidence_of_a_control(workshop: Workshop) -> None:
    workshop.write(
        "policies/controls/plans.yaml",
        """\
apiVersion: itsm/v1
kind: Control
metadata: {name: plans, title: Changes are planned}
spec:
  framework: soc2
  clause: CC8.1
  statement: Changes are planned.
  owner: team-governance
  evidence:
    - {type: policy, policy: backout-is-planned}
    - {type: freshness, kind: Change, field: /spec/actual/end, maxAge: P90D}
""",
    )
    workshop.edit(POLICY, " && object.spec.status == 'proposed'", "")
    cut_over(workshop)
    history(workshop)
    found = assess_controls(judged(workshop))["plans"]
    assert [item.status for item in found.evidence] == [ControlStatus.NOT_ASSESSED] * 2
    assert [item.good for item in found.evidence] == [0, 0]


def test_policies_leave_history_out_unless_they_say_otherwise(workshop: Workshop) -> None:
    workshop.edit(POLICY, " && object.spec.status == 'proposed'", "")
    cut_over(workshop)
    for number in range(12):  # more than are judged one by one
        history(workshop, f"chg-{number:03}", number=f"CHG{number:03}")
    validation = judged(workshop)
    assert [item for item in validation.outcomes if item.record.kind == "Change"] == []
    assert coverage(validation.catalogue, validation.catalogue, validation.outcomes).totals.get("Change", 0) == 0
    workshop.edit(POLICY, "kinds: [Change]", "kinds: [Change]\n    takenOver: true")
    assert sum(item.record.kind == "Change" for item in judged(workshop).outcomes) == 12


def test_an_approval_rule_may_ask_for_more(workshop: Workshop) -> None:
    with on_main(workshop):
        rule = 'match: {kinds: [Change], where: "has(object.spec.takenOver)"}, approvals: [{from: {people: [carol]}}]'
        add_rule(workshop, f"{{name: archive, {rule}}}")
    bring(workshop, "bob", "dave")
    assert missing(workshop.judge()) == {"archive": 1}


@pytest.mark.parametrize("kind", MARKED)
def test_each_kind_says_in_which_states_it_is_over(kind: str) -> None:
    lifecycle = KindRegistry.load()[kind].lifecycle or {}
    assert set(lifecycle["takenOver"]) == set(lifecycle["final"])
    assert {"field": "/spec/takenOver", "except": []}.items() <= lifecycle["frozen"][0].items()


def test_no_other_kind_has_the_mark() -> None:
    assert sorted(kind.name for kind in KindRegistry.load() if "takenOver" in (kind.lifecycle or {})) == sorted(MARKED)


def test_days_begin_in_the_zone_of_the_organisation(workshop: Workshop) -> None:
    """The cut-over is midnight in Berlin, an hour before that in UTC."""
    cut_over(workshop)
    for end, found in (("2026-10-31T22:59:59Z", set()), ("2026-10-31T23:00:00Z", {"taken-over"})):
        history(workshop, **{"2026-10-13T02:07:05Z": end})
        assert {finding.rule for finding in judged(workshop).findings} == found
