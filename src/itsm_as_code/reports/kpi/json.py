"""For programs: schemas/reports/kpi-report.schema.json."""

from __future__ import annotations

from itsm_as_code.reports import escape
from itsm_as_code.reports.kpi import Kpi, data


def render(report: Kpi) -> str:
    return escape.dumped({"schema": "itsm/kpi/v1", **data(report)})
