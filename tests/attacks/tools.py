"""What the attacks have in common: preparing the base, approving, and reading what stopped them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from itsm_as_code.gate import Decision
from tests.conftest import Workshop

POLICY = "policies/backout-is-planned.yaml"
RULES = "policies/approvals/all.yaml"
FREEZE = "changes/calendars/year-end.yaml"
MODEL = "changes/models/restart.yaml"
CHANGE = "changes/2026/11/22/chg-20261122-tune.yaml"
BAD_BACKOUT = {"[Set it back, Restart]": "[Set it back]"}
IN_FREEZE = {"2026-12-01T20": "2026-12-20T20", "2026-12-01T22": "2026-12-20T22"}
EVERYBODY = ("bob", "carol", "dave", "erin", "frank")

STANDARD = """\
apiVersion: itsm/v1
kind: Change
metadata: {name: chg-20261122-restart, title: Restart the newsletter}
spec:
  type: standard
  model: restart
  services: [newsletter]
  requester: alice
  summary: Restart after the update of the libraries.
  justification: The libraries were updated.
  schedule: {start: "2026-12-01T20:00:00Z", end: "2026-12-01T22:00:00Z"}
  status: scheduled
"""
STANDARD_PATH = "changes/2026/11/22/chg-20261122-restart.yaml"

WAIVER = """\
apiVersion: itsm/v1
kind: Waiver
metadata: {name: no-backout, title: No second step}
spec:
  policy: backout-is-planned
  records: [{kind: Change, name: chg-20261122-tune}]
  reason: There is no second step.
  risk: It takes longer.
  requester: alice
  approver: carol
  from: "2026-11-01T00:00:00Z"
  until: "2026-12-01T00:00:00Z"
"""
WAIVER_PATH = "policies/waivers/no-backout.yaml"

PROBLEM_PATH = "operations/problems/throttling.yaml"
PROBLEM = """\
apiVersion: itsm/v1
kind: Problem
metadata: {name: throttling, title: The provider throttles us}
spec:
  services: [newsletter]
  owner: team-shop
  proactive: true
  symptom: Letters arrive hours late.
  detectedAt: "2026-11-10T08:00:00Z"
  status: investigating
"""
AGREEMENT_PATH = "services/agreements/newsletter-sla.yaml"
AGREEMENT = """\
apiVersion: itsm/v1
kind: ServiceLevelAgreement
metadata: {name: newsletter-sla, title: Newsletter agreement}
spec:
  type: sla
  service: newsletter
  provider: team-shop
  customer: {name: Marketing}
  effective: {from: "2026-01-01"}
  objectives:
    - {name: availability, indicator: availability, target: "99.5", unit: percent, comparison: at-least,
       window: {calendar: quarter}, source: Probes}
"""
OUTAGE_PATH = "operations/incidents/queue-lost.yaml"
OUTAGE = """\
apiVersion: itsm/v1
kind: Incident
metadata: {name: queue-lost, title: The queue is lost}
spec:
  services: [newsletter]
  impact: 3
  urgency: 3
  detectedAt: "2026-11-15T00:05:00Z"
  acknowledgedAt: "2026-11-15T00:10:00Z"
  restoredAt: "2026-11-15T20:00:00Z"
  resolvedAt: "2026-11-15T20:30:00Z"
  status: resolved
  outages:
    - {service: newsletter, start: "2026-11-15T00:00:00Z", end: "2026-11-15T20:00:00Z", kind: full}
"""
SHORTER = {'end: "2026-11-15T20': 'end: "2026-11-15T01'}
"""An hour instead of twenty: 60 of the 662 minutes that a quarter allows."""
REVIEW_PATH = "improvement/reviews/newsletter-2026-10.yaml"
REVIEW = """\
apiVersion: itsm/v1
kind: ServiceReview
metadata: {name: newsletter-2026-10, title: Newsletter in October}
spec:
  service: newsletter
  period: {from: "2026-10-01", until: "2026-11-01"}
  heldOn: "2026-11-05"
  attendees: [alice]
  performance:
    - {agreement: newsletter-sla, objective: availability, target: "99.5", attained: "99.1", verdict: missed}
"""

SERVICE = """\
apiVersion: itsm/v1
kind: Service
metadata: {name: %s, title: A service}
spec: {owner: team-shop, stage: catalogue, lifecycle: live, tier: 4, type: application}
"""


@contextmanager
def on_main(shop: Workshop) -> Iterator[None]:
    """Prepare the base: what is written inside is committed to main, and topic starts anew from there."""
    shop.git("checkout", "-q", "main")
    yield
    shop.commit("Prepare", who="erin")
    shop.git("checkout", "-q", "-B", "topic", "main")


def add_rule(shop: Workshop, rule: str) -> None:
    """Append a rule, in flow style, to the approval policy."""
    shop.write(RULES, (shop.path / RULES).read_text() + f"    - {rule}\n")


def used_up(shop: Workshop, **replace: str) -> None:
    """Records by which 1,200 of the 662 minutes are used up that the newsletter may fail in the quarter, to its end."""
    for path, text in ((AGREEMENT_PATH, AGREEMENT), (OUTAGE_PATH, OUTAGE)):
        for old, new in replace.items():
            text = text.replace(old, new)
        shop.write(path, text)


def approve(shop: Workshop, *names: str) -> None:
    for name in names:
        shop.review(name)


def blocking(decision: Decision) -> set[str]:
    """The rules of the findings that block."""
    return {finding.rule for finding in decision.findings if finding.blocks}


def ignored(decision: Decision) -> set[tuple[str, str]]:
    """Reviewer and code of the reviews that did not count."""
    return {(item["reviewer"], item["code"]) for row in decision.evidence["approvals"] for item in row["ignored"]}


def missing(decision: Decision) -> dict[str, int]:
    """Approval rule -> how many approvals it lacks, of those that lack some."""
    found = {row["rule"]: sum(need["missing"] for need in row["required"]) for row in decision.evidence["approvals"]}
    return {rule: count for rule, count in found.items() if count}


def rules(decision: Decision) -> list[str]:
    """The approval rules that the pull request met."""
    return [row["rule"] for row in decision.evidence["approvals"]]


def rules_by_path(decision: Decision) -> dict[str, set[str]]:
    """Path -> the rules of the findings that block there."""
    found: dict[str, set[str]] = {}
    for finding in decision.findings:
        if finding.blocks:
            found.setdefault(finding.location.path, set()).add(finding.rule)
    return found
