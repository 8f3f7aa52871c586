"""For people: what fails first, with what is missing, by framework or team; then the clauses."""

from __future__ import annotations

from collections.abc import Iterator

from itsm_as_code.reports import escape, table
from itsm_as_code.reports.compliance import Compliance, cells, covered, tally


def render(report: Compliance) -> str:
    return "\n".join([*_lines(report), ""])


def _lines(report: Compliance) -> Iterator[str]:
    if not report.rows:
        yield "no control is recorded"
    for name, rows in report.groups:
        yield escape.terminal(f"{name}: {tally(rows)}")
        yield from (f"  {line}" for line in table.text([cells(row) for row in rows]))
        yield ""
    for found in report.coverage:
        yield escape.terminal(f"{found.title}: {covered(found)}")
    if report.rule:
        yield f"Samples: {report.rule}"
        for _, rows in report.groups:
            yield from (escape.terminal(f"  {row.name}: {', '.join(row.assessment.sample)}") for row in rows)
