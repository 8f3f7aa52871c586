"""For reports and pull requests: a table of the controls of each framework or team, and the clauses."""

from __future__ import annotations

from collections.abc import Iterator

from itsm_as_code.reports import escape, table
from itsm_as_code.reports.compliance import HEADERS, Compliance, cells, covered, tally


def render(report: Compliance) -> str:
    return "\n".join([*_lines(report), ""])


def _lines(report: Compliance) -> Iterator[str]:
    for name, rows in report.groups:
        yield from (f"## {escape.markdown(name)}", "", f"{tally(rows)}.", "")
        yield from (*table.markdown(HEADERS, map(cells, rows)), "")
    if report.coverage:
        yield from ("## Clauses", "")
        yield from (f"- {escape.markdown(f'{found.title}: {covered(found)}')}" for found in report.coverage)
    if report.rule:
        yield from ("", "## Samples", "", f"{escape.markdown(report.rule)}.", "")
        told = ((row.name, ", ".join(row.assessment.sample)) for _, rows in report.groups for row in rows)
        yield from table.markdown(("Control", "Sample"), told)
