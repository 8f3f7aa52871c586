"""For programs: schemas/reports/record-show-report.schema.json."""

from __future__ import annotations

from typing import Any

from itsm_as_code.findings import format_pointer
from itsm_as_code.reports import escape
from itsm_as_code.reports.record_show import Link, Shown


def render(report: Shown) -> str:
    record = report.record
    data = {
        "schema": "itsm/record-show/v1",
        "kind": record.id.kind,
        "name": record.name,
        "path": record.path,
        "state": record.state,
        "following": list(report.following),
        "refersTo": [_link(link) for link in report.outgoing],
        "referredToBy": [_link(link) for link in report.incoming],
        "record": record.data,
    }
    return escape.dumped(data)


def _link(link: Link) -> dict[str, Any]:
    return {
        "kind": link.other.id.kind if link.other else None,
        "name": link.name,
        "pointer": format_pointer(link.pointer),
    }
