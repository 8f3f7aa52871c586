"""For people: a line for each record, its columns one below the other."""

from __future__ import annotations

from itertools import zip_longest
from typing import Final

from itsm_as_code.reports import escape
from itsm_as_code.reports.record_list import RecordList, cell, value

_WIDEST: Final = 40


def render(report: RecordList) -> str:
    if report.kind is None:
        rows = [["Kind", "Records"], *([kind, str(count)] for kind, count in report.counts)]
    else:
        rows = [["Name", *(column.title for column in report.columns)]]
        for record in report.records:
            cells = (cell(value(record, column.pointer)) for column in report.columns)
            rows.append([record.name, *map(_short, cells)])
    shown = [[escape.terminal(text) for text in row] for row in rows]
    widths = [max(map(len, column)) for column in zip_longest(*shown, fillvalue="")]
    lines = ("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in shown)
    return "\n".join([*lines, ""]) if len(rows) > 1 else ""


def _short(text: str) -> str:
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 3]}..."
