"""Tables for people, for spreadsheets and for pull requests: the same rows, each in its form."""

from __future__ import annotations

import csv as csv_
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from itsm_as_code.reports import escape


def text(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines with columns below one another."""
    widths = [max(len(cells[column]) for cells in rows) for column in range(len(rows[0]) - 1)] if rows else []
    widths.append(0)  # one long cell at the end makes no other line longer
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip() for cells in rows)
    return [escape.terminal(line) for line in lines]


def csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """A line for each row (RFC 4180), with a line of headers."""
    stream = io.StringIO()
    writer = csv_.writer(stream)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([escape.cell(row[column]) for column in columns])
    return stream.getvalue()


def markdown(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a table of GitHub Flavored Markdown."""
    lines = [f"| {' | '.join(headers)} |", f"|{' --- |' * len(headers)}"]
    return [*lines, *(f"| {' | '.join(escape.markdown(cell) for cell in cells)} |" for cells in rows)]
