"""For spreadsheets (RFC 4180): a line for each landing of the population, oldest first."""

from __future__ import annotations

import csv
import io

from itsm_as_code.assurance.audit import Audit
from itsm_as_code.reports import escape
from itsm_as_code.reports.audit_merges import COLUMNS, unit_row


def render(audit: Audit) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow((*COLUMNS, "persons"))
    sampled = frozenset(audit.sample)
    for unit in audit.units:
        row = unit_row(unit, sampled)
        cells = [" ".join(map(str, row[key])) if isinstance(row[key], list) else row[key] for key in COLUMNS]
        persons = " ".join(dict.fromkeys(finding.person for finding in unit.findings))
        writer.writerow([escape.cell(cell) for cell in (*cells, persons)])
    return stream.getvalue()
