"""For reports: the totals, and a table of the findings."""

from __future__ import annotations

from itsm_as_code.assurance.audit import Audit
from itsm_as_code.clock import format_instant
from itsm_as_code.reports import escape
from itsm_as_code.reports.audit_merges import totals

_TOLD = {
    "landings": "Landings",
    "commits": "Commits",
    "withEvidence": "With evidence that counts",
    "passed": "Came through the gate",
    "replayed": "Judgements that came out the same, byte for byte",
    "findings": "Findings",
    "unchecked": "Could not be checked",
    "beforeEvidence": "Commits older than evidence",
    "leftOut": "Entries left out",
}


def render(audit: Audit) -> str:
    place = escape.markdown(f"{audit.branch} of {audit.repository}")
    lines = [f"# Audit of {place}", ""]
    lines.append(f"From `{audit.after}` to `{audit.tip}`, as of {format_instant(audit.at)}.")
    lines += ["", "| | |", "| --- | ---: |"]
    lines += [f"| {_TOLD[key]} | {count:,} |" for key, count in totals(audit).items()]
    if audit.findings:
        lines += ["", "| Finding | Commit | Person | What | Remedy |", "| --- | --- | --- | --- | --- |"]
    for finding in audit.findings:
        cells = (finding.person, finding.message, finding.remedy)
        told = " | ".join(escape.markdown(cell) for cell in cells)
        lines.append(f"| {finding.code} | `{finding.commit[:12]}` | {told} |")
    left = [*audit.unchecked, *audit.left_out]
    if left:
        lines += ["", "Left out or not checked:", "", *(f"- {escape.markdown(item.message)}" for item in left)]
    if audit.sample:
        lines += ["", f"Sample: {escape.markdown(audit.rule)}.", "", *(f"- `{commit}`" for commit in audit.sample)]
    return "\n".join([*lines, ""])
