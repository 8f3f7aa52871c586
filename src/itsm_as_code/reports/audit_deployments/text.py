"""The totals, a line for each finding with what to do about it, and what was skipped."""

from __future__ import annotations

from itsm_as_code.assurance.deployment_audit import DeploymentAudit
from itsm_as_code.clock import format_instant
from itsm_as_code.reports import escape
from itsm_as_code.reports.audit_deployments import totals
from itsm_as_code.wording import count


def render(audit: DeploymentAudit) -> str:
    told = totals(audit)
    begins = f"from {format_instant(audit.begins)} " if audit.begins is not None else ""
    mark = "✔" if audit.exit_code == 0 else "✘"
    lines = [
        f"{mark} {count(told['deployments'], 'deployment')} {begins}to {format_instant(audit.ends)}",
        f"  {told['covered']:,} covered; {count(told['findings'], 'finding')}; {told['skipped']:,} not understood",
    ]
    for finding in audit.findings:
        place, who = escape.terminal(finding.place), escape.terminal(finding.person)
        said = f"{escape.terminal(finding.message)} ({place}, {who}); {escape.terminal(finding.remedy)}"
        lines.append(f"  ✘ {finding.code}: {said}")
    lines += [f"  ? {escape.terminal(item.place)}: {escape.terminal(item.message)}" for item in audit.skipped]
    lines += [f"  draft: {escape.terminal(draft['metadata']['name'])}" for draft in audit.drafts]
    return "\n".join([*lines, ""])
