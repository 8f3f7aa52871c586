"""For programs: schemas/reports/policy-hindsight-report.schema.json."""

from __future__ import annotations

from itsm_as_code.clock import format_instant
from itsm_as_code.compliance.hindsight import Hindsight
from itsm_as_code.measures.metric import Metric
from itsm_as_code.reports import escape
from itsm_as_code.reports.policy_hindsight import row


def render(found: Hindsight) -> str:
    data = {
        "schema": "itsm/policy-hindsight/v1",
        "policy": found.policy,
        "now": format_instant(found.now),
        "from": format_instant(found.period.start),
        "to": format_instant(found.period.end),
        "at": found.moment or "history",
        "figures": list(map(_figure, found.metrics)),
        "changes": list(map(row, found.changes)),
    }
    return escape.dumped(data)


def _figure(metric: Metric) -> dict[str, object]:
    return {
        "figure": metric.definition.name,
        "title": metric.definition.title,
        "numerator": metric.numerator,
        "denominator": metric.denominator,
        "told": str(metric),
        "records": list(metric.counted),
    }
