"""For programs: schemas/reports/record-list-report.schema.json."""

from __future__ import annotations

from itsm_as_code.reports import escape
from itsm_as_code.reports.record_list import RecordList, value


def render(report: RecordList) -> str:
    records = [
        {
            "kind": record.id.kind,
            "name": record.name,
            "title": record.title,
            "path": record.path,
            "values": {".".join(column.pointer): value(record, column.pointer) for column in report.columns},
        }
        for record in report.records
    ]
    counts = [{"kind": kind, "records": count} for kind, count in report.counts]
    return escape.dumped({"schema": "itsm/record-list/v1", "kind": report.kind, "counts": counts, "records": records})
