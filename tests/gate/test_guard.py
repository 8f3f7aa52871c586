"""What a pull request cannot bring along in order to pass."""

from __future__ import annotations

from itsm_as_code.gate.guard import guarded_facts
from itsm_as_code.records.kinds import KindRegistry
from itsm_as_code.service_levels import error_budgets
from tests.conftest import NOW, SMALL
from tests.snapshots import catalogue_of, folder

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


OUTAGE = """\
apiVersion: itsm/v1
kind: Incident
metadata: {name: down, title: Down}
spec:
  services: [orders]
  impact: 2
  urgency: 2
  detectedAt: "2026-09-01T00:00:00Z"
  acknowledgedAt: "2026-09-01T00:00:00Z"
  status: acknowledged
  outages:
    - {service: orders, start: "2026-09-01T00:00:00Z", end: "%s", kind: full}
"""


def test_a_change_is_judged_by_the_outages_that_the_base_knows() -> None:
    """A year allows 525.6 minutes: lost were 30 hours, and none by a head that takes them back or away."""
    registry = KindRegistry.load()
    path = "operations/incidents/down.yaml"
    outage = OUTAGE % "2026-09-02T06:00:00Z"
    base = folder(SMALL) | {"services/agreements/orders-sla.yaml": AGREEMENT, path: outage}
    without = {key: text for key, text in base.items() if key != path}
    for head in (base | {path: outage[: outage.index("  outages:")]}, without):
        before, after = catalogue_of(base, registry), catalogue_of(head, registry)
        assert [finding.message for finding in after.findings] == []
        strict, others = (guarded_facts(before, after, strict=strict) for strict in (True, False))
        assert [budget.lost for budget in error_budgets(strict, "orders", NOW)] == [30 * 3600]
        assert [budget.remaining for budget in error_budgets(others, "orders", NOW)] == [1]
