"""What a pull request does to promised availabilities: told, asked by policies, and blocked where one is impossible."""

from __future__ import annotations

from typing import Any

import pytest

from itsm_as_code.forges.interface import PullRequest
from itsm_as_code.gate import promises as module
from itsm_as_code.gate.decision import Decision
from itsm_as_code.gate.evaluation import decide
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.records.schemas import Validator
from itsm_as_code.reports import renderer
from tests.conftest import NOW
from tests.gate.test_values import FILES, HOUR
from tests.memory import Commits

SCHEMA = Validator("report", KindRegistry.load().bundled("reports/gate-report.schema.json"))
SERVICE = """apiVersion: itsm/v1
kind: Service
metadata: {{name: {name}, title: {name}}}
spec:
  {{owner: team-shop, stage: catalogue, lifecycle: live, tier: 3, type: application, support: {{channel: chat}}{more}}}
"""
SLA = """apiVersion: itsm/v1
kind: ServiceLevelAgreement
metadata: {{name: {name}-sla, title: {name}}}
spec:
  type: sla
  service: {name}
  provider: team-shop
  customer: {{name: Everybody}}
  effective: {{from: "2026-01-01"}}
  objectives:
    - {{name: availability, indicator: availability, target: "{target}", unit: percent, comparison: at-least,
       window: {{rolling: P28D}}}}
"""
POLICY = """apiVersion: itsm/v1
kind: Policy
metadata: {name: nobody-lowers, title: Nobody lowers what can be kept}
spec:
  severity: error
  match: {kinds: [Service, ServiceLevelAgreement]}
  require: "request == null || request.promises.all(p, p.before == null || p.after >= p.before)"
  message: "'lowers ' + request.promises[0].service"
  at: /spec
  remedy: Ask first.
  examples:
    - name: outside
      expect: pass
      object: {kind: Service, metadata: {name: a}, spec: {}}
    - name: lowered
      expect: fail
      object: {kind: Service, metadata: {name: a}, spec: {}}
      context: {request: {promises: [{service: a, before: 99.9, after: 99.8}]}}
"""
GROUP = """, dependsOn: [{service: base, strength: hard}, {service: zone-a, strength: hard, redundancyGroup: z},
  {service: zone-b, strength: hard, redundancyGroup: z}]"""
CAPACITY = ', capacity: [{{measure: m, unit: u, normal: "{}", peak: "{}", limit: "{}"}}]'


def record(name: str, more: str = "") -> dict[str, str]:
    return {f"services/{name}.yaml": SERVICE.format(name=name, more=more)}


def sla(name: str, target: str) -> dict[str, str]:
    return {f"services/agreements/{name}-sla.yaml": SLA.format(name=name, target=target)}


WORLD = {
    **FILES,
    **record("shop", GROUP),
    **record("base"),
    **record("zone-a", CAPACITY.format(30, 50, 100)),
    **record("zone-b", CAPACITY.format(30, 50, 100)),
    **record("far", ", dependsOn: [{service: shop, strength: hard}]"),
    **sla("shop", "99.5"),
    **sla("base", "99.9"),
    **sla("zone-a", "99"),
    **sla("zone-b", "99"),
    **sla("far", "90"),
}


def decided(edits: dict[str, str | None], **base: str) -> Decision:
    history = Commits()
    start = history.add({**WORLD, **base}, at=NOW - 5 * HOUR, author="erin@shop.example")
    head = history.add(edits, start, at=NOW - 4 * HOUR)
    return decide(history.candidate(start, head, PullRequest("alice"), NOW), history)


def told(decision: Decision) -> dict[str, tuple[Any, ...]]:
    data = decision.as_data()
    assert SCHEMA.problems(data, b"") == []
    return {
        row["service"]: (row["before"], row["after"], row["afterAtPeak"], row["possible"])
        for row in data.get("promises", ())
    }


def blocked(decision: Decision) -> list[str]:
    return sorted({finding.rule for finding in decision.findings if finding.blocks})


def test_an_agreement_below_that_promises_less() -> None:
    """0.999 x (1 - 0.01 x 0.01) = 99.890 %; with 99.7 % of the base it is 99.690 %, which is still enough for both."""
    decision = decided(sla("base", "99.7"))
    assert told(decision)["shop"] == ("99.89", "99.69", "99.69", True)
    assert set(told(decision)) == {"shop", "far"}, "what rests on it, and nothing else"
    assert "agreement-feasible" not in blocked(decision)
    text = renderer("gate", "text")(decision)
    assert "this pull request lowers what shop can keep from 99.89 to 99.69 percent of 99.5 (shop-sla)" in text
    assert "shop can keep from" in renderer("gate", "markdown")(decision).replace("\\", "")


def test_a_promise_that_becomes_impossible_is_blocked_by_the_rule() -> None:
    """0.995 x 0.9999 = 99.49005 % is less than 99.5 %: by the agreement of a service that nobody touched."""
    decision = decided(sla("base", "99.5"))
    assert told(decision)["shop"][:2] == ("99.89", "99.49")
    assert "agreement-feasible" in blocked(decision)
    assert "percent, below its promise of 99.5 (shop-sla)" in renderer("gate", "text")(decision)
    assert decision.verdict == "rejected"


def test_a_new_dependency_and_one_that_goes() -> None:
    more = GROUP.replace("]", ", {service: newsletter, strength: hard}]")
    assert told(decided({**record("shop", more), **sla("newsletter", "99.8")}))["shop"][:2] == ("99.89", "99.69")
    assert told(decided(record("shop")))["shop"][:2] == ("99.89", "100")


def test_capacity_that_goes_lowers_what_can_be_kept_at_peak() -> None:
    """50 + 50 is what zone a holds, and one too many for zone b: a alone counts at peak, 0.999 x 0.99 = 98.901 %."""
    decision = decided(record("zone-b", CAPACITY.format(30, 50, 99)))
    assert told(decision)["shop"] == ("99.89", "99.89", "98.901", True)
    text = renderer("gate", "text")(decision)
    assert "lowers what shop can keep at peak from 99.89 to 98.901 percent" in text
    assert "agreement-feasible" not in blocked(decision)


def test_capacity_that_is_short_at_normal_load_makes_it_impossible() -> None:
    """30 + 80 is more than either zone holds, so both are needed: 0.999 x 0.99 x 0.99 = 97.912 %."""
    decision = decided(record("zone-b", CAPACITY.format(80, 90, 99)))
    assert told(decision)["shop"][:2] == ("99.89", "97.912")
    assert "agreement-feasible" in blocked(decision)


def test_a_new_agreement_says_whether_it_can_be_kept() -> None:
    short = decided(sla("shop", "99.9"))
    assert told(short)["shop"] == ("99.89", "99.89", "99.89", False)
    assert "agreement-feasible" in blocked(short)


@pytest.mark.parametrize(
    "edits",
    [
        {"services/base.yaml": SERVICE.format(name="base", more=", outcomes: [Sells more]")},
        {"services/newsletter.yaml": FILES["services/newsletter.yaml"] + "# noted\n"},
    ],
)
def test_what_moves_nothing_is_not_told(edits: dict[str, str | None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "Feasibility", None)  # nothing is composed for it
    assert "promises" not in decided(edits).as_data()


def test_a_policy_may_ask() -> None:
    decision = decided(sla("base", "99.7"), **{"policies/nobody-lowers.yaml": POLICY})
    assert "nobody-lowers" in blocked(decision)
    assert "nobody-lowers" not in blocked(decided(sla("base", "99.95"), **{"policies/nobody-lowers.yaml": POLICY}))
