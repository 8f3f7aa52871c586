"""The totals, a line for each finding with what to do about it, and what was left out."""

from __future__ import annotations

from itsm_as_code.assurance.audit import Audit
from itsm_as_code.clock import format_instant
from itsm_as_code.reports import escape
from itsm_as_code.reports.audit_merges import totals
from itsm_as_code.wording import count


def render(audit: Audit) -> str:
    told = totals(audit)
    place = escape.terminal(f"{audit.branch} of {audit.repository}")
    mark = "✔" if audit.exit_code == 0 else "✘"
    lines = [
        f"{mark} {place} from {audit.after[:12]} to {audit.tip[:12]}, as of {format_instant(audit.at)}",
        (
            f"  {count(told['landings'], 'landing')} ({count(told['commits'], 'commit')}): "
            f"{told['passed']:,} came through the gate; "
            f"{count(told['replayed'], 'judgement')} came out the same, byte for byte"
        ),
        (
            f"  findings: {told['findings']:,}; {told['unchecked']:,} could not be checked; "
            f"{count(told['beforeEvidence'], 'commit is', 'commits are')} older than evidence; "
            f"{count(told['leftOut'], 'entry', 'entries')} left out"
        ),
    ]
    for finding in audit.findings:
        who = escape.terminal(finding.person)
        said = f"{escape.terminal(finding.message)} ({who}); {escape.terminal(finding.remedy)}"
        lines.append(f"  ✘ {finding.code}: {said}")
    lines += [f"  ? {escape.terminal(item.message)}" for item in audit.unchecked]
    lines += [f"  note: {escape.terminal(item.message)}" for item in audit.left_out]
    if audit.sample:
        lines.append(f"  sample of {len(audit.sample):,} ({escape.terminal(audit.rule)}):")
        lines += [f"    {commit}" for commit in audit.sample]
    return "\n".join([*lines, ""])
