"""What a pull request cannot bring along in order to pass."""

from __future__ import annotations

from itsm_as_code.gate.guard import guarded_facts
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.service_levels import error_budgets
from tests.conftest import NOW, SMALL
from tests.snapshots import catalogue_of, folder

REVIEW = """\
apiVersion: itsm/v1
kind: ServiceReview
metadata: {{name: orders-{name}, title: A review}}
spec:
  service: orders
  period: {{from: "{start}", until: "{until}"}}
  heldOn: "{until}"
  attendees: [alice]
  performance:
    - {{agreement: orders-sla, objective: availability, target: "99.9", attained: "{attained}", verdict: {verdict}}}
"""
AGREEMENT = """\
apiVersion: itsm/v1
kind: ServiceLevelAgreement
metadata: {name: orders-sla, title: Orders}
spec:
  type: sla
  service: orders
  provider: team-shop
  customer: {name: Shoppers}
  effective: {from: "2026-01-01"}
  objectives:
    - name: availability
      indicator: availability
      target: "99.9"
      unit: percent
      comparison: at-least
      window: {calendar: year}
"""


def test_a_change_is_judged_by_the_budget_that_the_base_measured() -> None:
    registry = KindRegistry.load()
    base = folder(SMALL) | {
        "services/agreements/orders-sla.yaml": AGREEMENT,
        "improvement/reviews/orders-q2.yaml": REVIEW.format(
            name="q2", start="2026-04-01", until="2026-07-01", attained="99.7", verdict="missed"
        ),
    }
    better = REVIEW.format(name="q3", start="2026-07-01", until="2026-10-01", attained="100", verdict="met")
    head = base | {"improvement/reviews/orders-q3.yaml": better}
    before, after = catalogue_of(base, registry), catalogue_of(head, registry)
    assert [finding.message for finding in after.findings] == []
    assert after.get("ServiceReview", "orders-q3") is not None
    strict, others = (guarded_facts(before, after, strict=strict) for strict in (True, False))
    assert [budget.remaining for budget in error_budgets(strict, "orders", NOW)] == [-2]
    assert [budget.remaining for budget in error_budgets(others, "orders", NOW)] == [1]
