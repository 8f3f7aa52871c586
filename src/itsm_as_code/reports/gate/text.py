"""For people at a terminal: findings, approvals, risk, conflicts, and the verdict at the end, where the eye is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from itsm_as_code.gate.decision import Decision
from itsm_as_code.reports import escape
from itsm_as_code.reports.findings import finding_text
from itsm_as_code.reports.gate._words import (
    MEANING,
    SIGN,
    asked_for,
    field_list,
    history,
    not_counted,
    slot,
    span_of,
    step,
    supposition,
    telling,
)
from itsm_as_code.reports.policy_impact._rows import headline, text_rows

_COLOUR: Final = {"approved": "\x1b[1;32m", "pending": "\x1b[1;33m", "rejected": "\x1b[1;31m", "error": "\x1b[1;31m"}


def render(decision: Decision, colour: bool = False) -> str:
    data = escape.shown(decision.evidence)
    blocks = [finding_text(finding, decision.sources) for finding in decision.findings if finding.waiver is None]
    blocks += [
        _changes(data),
        _risk(data["risk"]),
        _affected(data["affected"]),
        _conflicts(data["conflicts"], data["nextFreeSlot"]),
        _approvals(data["approvals"]),
        _waivers(data["waivers"]),
        _impact(data["policyImpact"]),
        verdict(decision, colour),
    ]
    return "\n".join(block for block in blocks if block)


def _changes(data: Mapping[str, Any]) -> str:
    rows = [f"  {row['action']:<9} {row['kind']} {row['name']}{field_list(row)}" for row in data["records"]]
    rows += [f"  {row['action']:<9} {escape.terminal(row['path'])}" for row in data["paths"]]
    rows += [f"  step      {step(row)}" for row in data["transitions"]]
    rows += [f"  history   {escape.terminal(why)}" for why in history(data)]
    return "Changed\n" + "\n".join(rows) + "\n" if rows else ""


def _risk(rows: Sequence[Mapping[str, Any]]) -> str:
    lines = []
    for row in rows:
        declared = f", declared {row['declared']}" if row["declared"] else ""
        lines.append(
            f"Risk of {row['record']['name']}: {row['level']}"
            f" (likelihood {row['likelihood']}, impact {row['impact']}{declared})"
        )
        lines += [
            f"  {factor['points']:+d}  {factor['name']}: {escape.terminal(str(factor['value']))}  [{factor['source']}]"
            for factor in row["factors"]
        ]
    return "\n".join(lines) + "\n" if lines else ""


def _affected(affected: Mapping[str, Any]) -> str:
    if not affected["declared"]:
        return ""
    lines = [f"Affected: {', '.join(affected['declared'])}"]
    rows = affected["computed"]
    if rows:
        shown = ", ".join(f"{row['service']} ({row['owner']})" for row in rows[:8])
        more = f" and {len(rows) - 8} more" if len(rows) > 8 else ""
        lines.append(f"  and by dependency {len(rows)}: {shown}{more}")
    return "\n".join(lines) + "\n"


def _conflicts(rows: Sequence[Mapping[str, Any]], slots: Sequence[Mapping[str, Any]]) -> str:
    lines = [f"  {row['kind']}: {escape.terminal(row['message'])}{span_of(row)}" for row in rows]
    lines += [f"  {slot(row)}" for row in slots]
    return "Conflicts\n" + "\n".join(lines) + "\n" if lines else ""


def _approvals(rows: Sequence[Mapping[str, Any]]) -> str:
    lines = []
    for row in rows:
        sign = "✔" if row["satisfied"] else "✘"
        lines.append(f"  {sign} {row['policy']}/{row['rule']}")
        if not row["required"]:
            lines.append("      pre-authorised: asks for no approval")
        for need in row["required"]:
            lines.append(f"      {asked_for(need)}")
        lines += [f"      {not_counted(item)}" for item in telling(row)]
    return "Approvals\n" + "\n".join(lines) + "\n" if lines else ""


def _waivers(rows: Sequence[Mapping[str, Any]]) -> str:
    lines = [f"  {row['state']}: {row['rule']} for {row['record']['name']} by {row['waiver']}" for row in rows]
    return "Waivers\n" + "\n".join(lines) + "\n" if lines else ""


def _impact(rows: Sequence[Mapping[str, Any]]) -> str:
    return "\n".join([f"Policy impact: {headline(rows)}", *text_rows(rows, 10), ""]) if rows else ""


def verdict(decision: Decision, colour: bool) -> str:
    """The verdict with its reasons, as the end of what a terminal shows."""
    paint, off = (_COLOUR[decision.verdict], "\x1b[0m") if colour else ("", "")
    lines = [f"{paint}{SIGN[decision.verdict]} {decision.verdict.upper()}{off}: {MEANING[decision.verdict]}"]
    supposed = supposition(decision.evidence)
    if supposed is not None:
        lines = [f"WHAT IF {escape.terminal(supposed)}? Nobody decided this. It would be:", *lines]
    lines += [f"  - {escape.terminal(reason.message)}" for reason in decision.reasons]
    until = decision.evidence["validUntil"]
    if until:
        lines.append(f"  this may change at {until}")
    lines.append(f"  evidence {decision.digest}")
    return "\n".join(lines) + "\n"
