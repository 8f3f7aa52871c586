"""For people: a line for each finding, then how many records there are of each outcome."""

from __future__ import annotations

from itsm_as_code.reports.escape import terminal
from itsm_as_code.reports.findings import finding_line
from itsm_as_code.reports.import_ import Imported


def render(result: Imported) -> str:
    summary = result.summary
    done = ", ".join(f"{summary[key]} {key}" for key in ("created", "updated", "unchanged", "skipped"))
    graded = ", ".join(f"{summary[key]} {key}" for key in ("errors", "warnings", "infos"))
    would = "dry run, nothing written: " if result.dry_run else ""
    found_all = f"{summary['entities']} entities, {summary['notImported']} not imported"
    lines = [finding_line(found) for found in result.findings]
    lines.append(f"{would}{found_all}; records in {result.into}: {done} ({graded})")
    return "".join(f"{terminal(line)}\n" for line in lines)
