"""What a rule would have stopped, with names: over the example organisation, and over versions that git has."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from itsm_as_code.clock import Interval
from itsm_as_code.compliance.hindsight import hindsight, in_force
from itsm_as_code.durations import months_before
from itsm_as_code.measures.kpi import Population
from itsm_as_code.policies.policy import policies_of
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.schemas import Validator
from tests.conftest import ROOT, Run, Workshop
from tests.site.conftest import example_validation

REPORT = Validator("report", KindRegistry.load().bundled("reports/policy-hindsight-report.schema.json"))
FRIDAY = """\
apiVersion: itsm/v1
kind: Policy
metadata: {name: not-on-friday, title: No change begins on a Friday}
spec:
  severity: error
  match: {kinds: [Change], where: "has(object.spec.schedule)"}
  require: "timestamp(object.spec.schedule.start).getDayOfWeek('Europe/Berlin') != 5"
  message: "'begins on a Friday'"
  remedy: Choose another day.
  examples:
    - {name: a, expect: pass, object: {kind: Change, spec: {schedule: {start: "2026-11-19T08:00:00Z"}}}}
    - {name: b, expect: fail, object: {kind: Change, spec: {schedule: {start: "2026-11-20T08:00:00Z"}}}}
"""
CHANGE = """\
apiVersion: itsm/v1
kind: Change
metadata: {name: chg-20261110-tune, title: Tune}
spec:
  type: normal
  status: scheduled
  services: [newsletter]
  requester: alice
  implementers: [alice]
  summary: s
  schedule: {start: "2026-11-12T20:00:00Z", end: "2026-11-12T22:00:00Z"}
  implementation: {steps: [a]}
"""
ENDED = """\
  backout: {steps: [Set it back, Restart]}
  actual: {start: "2026-11-12T20:00:00Z", end: "2026-11-12T21:00:00Z"}
  result: failed
"""


@pytest.fixture
def friday(tmp_path: Path) -> Path:
    place = tmp_path / "friday.yaml"
    place.write_text(FRIDAY)
    return place


def test_a_rule_that_is_not_in_force_is_asked_of_the_past(itsm: Run, friday: Path) -> None:
    code, out, _ = itsm("policy", "hindsight", friday, "-C", ROOT, "--format", "json")
    assert code == 0
    data = json.loads(out)
    assert list(REPORT.problems(data)) == []
    stopped = {one["change"]: (one["failed"], one["incidents"]) for one in data["changes"] if one["says"] == "stopped"}
    assert stopped == {
        "chg-20260622-allow-veridoc-callback": (False, []),
        "chg-20261103-portal-single-sign-on": (True, ["inc-20261114-agents-signed-out"]),
        "chg-20261120-previous-terminal-profile": (False, []),
    }
    counts = [(figure["numerator"], figure["denominator"]) for figure in data["figures"]]
    assert counts == [(1, 3), (13, 37), (1, 14)]
    assert "33" not in data["figures"][0]["told"].split("(")[0], "three carry no percentage"


def test_git_says_how_a_change_stood_before_it_acted(itsm: Run, workshop: Workshop, friday: Path) -> None:
    """What was written in afterwards does not save it; as recorded it would have."""
    place = "changes/2026/11/10/chg-20261110-tune.yaml"
    workshop.write(place, CHANGE)
    workshop.commit()
    ended = CHANGE.replace("status: scheduled", "status: failed") + ENDED
    workshop.write(place, ended)
    workshop.write("changes/2026/11/11/chg-20261111-other.yaml", ended.replace("1110-tune", "1111-other"))
    workshop.commit()
    rule = "timestamp(object.spec.schedule.start).getDayOfWeek('Europe/Berlin') != 5"
    friday.write_text(FRIDAY.replace(rule, "has(object.spec.backout)"))
    asked = ("policy", "hindsight", friday, "-C", workshop.path, "--now", "2026-11-22T12:00:00Z")
    says = {}
    for moment in ("start", "history"):
        code, out, err = itsm(*asked, "--at", moment, "--format", "json")
        assert code == 0, err
        says[moment] = {one["change"]: (one["says"], one["failed"]) for one in json.loads(out)["changes"]}
    assert says["start"] == {"chg-20261110-tune": ("passed", True), "chg-20261111-other": ("passed", True)}
    assert says["history"] == {"chg-20261110-tune": ("stopped", True), "chg-20261111-other": ("unknown", True)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (FRIDAY.replace("[Change]", "[Service]"), "is for Service"),
        (FRIDAY.replace("!= 5", "!="), "does not compile"),
        (FRIDAY.replace("  remedy: Choose another day.\n", ""), "is no policy"),
        (CHANGE, "is no policy"),
        ("a: [", "friday.yaml:2:1"),
    ],
)
def test_what_is_no_rule_for_changes_is_told(
    itsm: Run, friday: Path, workshop: Workshop, text: str, message: str
) -> None:
    friday.write_text(text)
    code, _, err = itsm("policy", "hindsight", friday, "-C", workshop.path, "--now", "2026-11-22T12:00:00Z")
    assert (code, message in err) == (2, True), err


def test_all_policies_in_force_say_together_what_each_says_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    example = example_validation()
    told = in_force(example)
    assert told is not None
    settings, table = example.configuration.policies, example.configuration.risk_table
    known = Population(example.facts, example.now)
    period = Interval(months_before(example.now, 12), example.now)
    alone = [
        hindsight(policy, known, period, table)
        for policy in policies_of(example.catalogue, settings)
        if "Change" in policy.kinds
    ]
    assert list(told) == alone
    budgets = next(one for one in told if one.policy == "low-budget-asks-for-rehearsal")
    assert {one.says for one in budgets.changes} == {"passed", "unasked"}
    monkeypatch.setattr(sys.modules["itsm_as_code.compliance.hindsight"], "MOST", 40 * len(told) - 1)
    assert in_force(example) is None
