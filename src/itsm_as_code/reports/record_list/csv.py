"""For spreadsheets (RFC 4180): a line for each record, a cell for each column."""

from __future__ import annotations

import csv
import io

from itsm_as_code.reports import escape
from itsm_as_code.reports.record_list import RecordList, cell, value


def render(report: RecordList) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream)
    if report.kind is None:
        writer.writerows([("Kind", "Records"), *report.counts])
    else:
        writer.writerow(["Name", *(escape.cell(column.title) for column in report.columns)])
        for record in report.records:
            cells = (cell(value(record, column.pointer)) for column in report.columns)
            writer.writerow(map(escape.cell, (record.name, *cells)))
    return stream.getvalue()
