"""For people: the counts, then the names of the changes, by what the rule says and how they ended."""

from __future__ import annotations

from itsm_as_code.clock import format_instant
from itsm_as_code.compliance.hindsight import Hindsight, by_name
from itsm_as_code.reports import escape
from itsm_as_code.reports.policy_hindsight import HOW
from itsm_as_code.wording import count


def render(found: Hindsight) -> str:
    period = f"from {format_instant(found.period.start)} to {format_instant(found.period.end)}"
    out = [
        f"{found.policy} over {count(len(found.changes), 'change')} that ended or failed {period}, {HOW[found.moment]}"
    ]
    out += [f"{metric.definition.title}: {metric}" for metric in found.metrics]
    for title, changes in by_name(found):
        out += ["", f"{title} ({len(changes):,})"]
        for one in changes:
            causes = f", caused {', '.join(one.incidents)}" if one.incidents else ""
            why = f": {one.message}" if one.message else ""
            out.append(f"  {one.change}{causes}{why}")
    return "\n".join([*map(escape.terminal, out), ""])
