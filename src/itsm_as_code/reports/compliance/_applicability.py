"""The statement of applicability: every clause that is listed and every control, whether it applies, and why.

A clause for which there is no control says so, and so does a control that nobody approved to leave out: what is not
decided is not "does not apply". Source: ISO/IEC 27001:2022 clause 6.1.3 d (controls, justification of what is included
and excluded, whether they are implemented), which holds for any framework alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from itsm_as_code.clock import format_instant
from itsm_as_code.compliance import ControlStatus
from itsm_as_code.reports import escape, table
from itsm_as_code.reports.compliance import Compliance, Row, missing, named

_COLUMNS: Final = (
    *("framework", "clause", "control", "title", "applicable", "justification", "status", "evidence", "owner"),
    "approver",
)
_HEADERS: Final = ("Clause", "Control", "Title", "Applies", "Why", "Status", "Evidence", "Owner", "Approved by")


def csv(report: Compliance) -> str:
    """For spreadsheets (RFC 4180): a line for each control, and for each clause without one."""
    return table.csv(_COLUMNS, (line for _, lines in _frameworks(report) for line in lines))


def markdown(report: Compliance) -> str:
    """For readers: a table for each framework."""
    out = ["# Statement of applicability", ""]
    told = (
        f"{report.organisation}, as of {format_instant(report.now)}. Status is computed from evidence, never written."
    )
    out += [escape.markdown(told), ""]
    for name, lines in _frameworks(report):
        out += [f"## {escape.markdown(name)}", ""]
        out += [*table.markdown(_HEADERS, ([line[key] for key in _COLUMNS[1:]] for line in lines)), ""]
    return "\n".join(out)


def _frameworks(report: Compliance) -> Iterator[tuple[str, list[dict[str, str]]]]:
    for name in sorted({row.framework for row in report.rows}):
        rows = [row for row in report.rows if row.framework == name]
        bare = [
            dict.fromkeys(_COLUMNS, "")
            | {"framework": name, "clause": clause.number, "title": clause.title, "applicable": "not stated"}
            | {"justification": "no control is about it"}
            for found in report.coverage
            if found.framework == name
            for clause in found.clauses
            if not clause.controls
        ]
        yield name, sorted([*map(_line, rows), *bare], key=lambda line: (_by_number(line["clause"]), line["control"]))


def _by_number(clause: str) -> list[tuple[int, int, str]]:
    """Article 9 before Article 10, and 8.5.1 before 8.10."""
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in _parts(clause)]


def _parts(clause: str) -> list[str]:
    return "".join(letter if letter.isalnum() else " " for letter in clause).split()


def _line(row: Row) -> dict[str, str]:
    found, spec = row.assessment, row.spec
    is_out = spec.get("applicability") == "not-applicable"
    applicable = "yes" if not is_out else "no" if found.status is ControlStatus.NOT_APPLICABLE else "not stated"
    why = " ".join(str(spec.get("reason", "")).split())
    status = found.status.value + (f": {missing(found)}" if missing(found) else "")
    return {
        "framework": row.framework,
        "clause": row.clause,
        "control": row.name,
        "title": row.title,
        "applicable": applicable,
        "justification": why or f"required by {row.framework} {row.clause}",
        "status": status,
        "evidence": ", ".join(f"{item['type']} {named(item)}".rstrip() for item in spec.get("evidence", ())),
        "owner": row.owner,
        "approver": str(spec.get("approver", "")) if is_out else "",
    }
