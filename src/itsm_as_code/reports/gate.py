"""What `itsm gate` prints: text, json, markdown and github, all made from the decision's evidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import orjson

from itsm_as_code.gate.decision import Decision
from itsm_as_code.reports import escape
from itsm_as_code.reports.gate_markdown import MOST_REASONS, markdown, shortened
from itsm_as_code.reports.gate_words import (
    MEANING,
    SIGN,
    field_list,
    history,
    not_counted,
    slot,
    source_name,
    span_of,
    step,
    supposition,
    telling,
)
from itsm_as_code.reports.in_toto import in_toto
from itsm_as_code.reports.policy_impact import headline, text_rows
from itsm_as_code.reports.validate import annotated, finding_text

_COLOUR: Final = {"approved": "\x1b[1;32m", "pending": "\x1b[1;33m", "rejected": "\x1b[1;31m", "error": "\x1b[1;31m"}


def json(decision: Decision, sources: Mapping[str, bytes], colour: bool = False) -> str:
    """For programs: schemas/reports/gate-report.schema.json."""
    return written(decision.as_data())


def written(data: Mapping[str, Any]) -> str:
    """Evidence with its digest as it is written to files: the one form of it that `itsm gate --verify` takes."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    return escape.json(orjson.dumps(data, option=options).decode())


def text(decision: Decision, sources: Mapping[str, bytes], colour: bool = False) -> str:
    """For people at a terminal: findings, approvals, risk, conflicts, and the verdict at the end, where the eye is."""
    data = escape.shown(decision.evidence)
    blocks = [finding_text(finding, sources) for finding in decision.findings if finding.waiver is None]
    blocks += [
        _text_changes(data),
        _text_risk(data["risk"]),
        _text_affected(data["affected"]),
        _text_conflicts(data["conflicts"], data["nextFreeSlot"]),
        _text_approvals(data["approvals"]),
        _text_waivers(data["waivers"]),
        _text_impact(data["policyImpact"]),
        text_verdict(decision, colour),
    ]
    return "\n".join(block for block in blocks if block)


def _text_changes(data: Mapping[str, Any]) -> str:
    rows = [f"  {row['action']:<9} {row['kind']} {row['name']}{field_list(row)}" for row in data["records"]]
    rows += [f"  {row['action']:<9} {escape.terminal(row['path'])}" for row in data["paths"]]
    rows += [f"  step      {step(row)}" for row in data["transitions"]]
    rows += [f"  history   {escape.terminal(why)}" for why in history(data)]
    return "Changed\n" + "\n".join(rows) + "\n" if rows else ""


def _text_risk(rows: Sequence[Mapping[str, Any]]) -> str:
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


def _text_affected(affected: Mapping[str, Any]) -> str:
    if not affected["declared"]:
        return ""
    lines = [f"Affected: {', '.join(affected['declared'])}"]
    rows = affected["computed"]
    if rows:
        shown = ", ".join(f"{row['service']} ({row['owner']})" for row in rows[:8])
        more = f" and {len(rows) - 8} more" if len(rows) > 8 else ""
        lines.append(f"  and by dependency {len(rows)}: {shown}{more}")
    return "\n".join(lines) + "\n"


def _text_conflicts(rows: Sequence[Mapping[str, Any]], slots: Sequence[Mapping[str, Any]]) -> str:
    lines = [f"  {row['kind']}: {escape.terminal(row['message'])}{span_of(row)}" for row in rows]
    lines += [f"  {slot(row)}" for row in slots]
    return "Conflicts\n" + "\n".join(lines) + "\n" if lines else ""


def _text_approvals(rows: Sequence[Mapping[str, Any]]) -> str:
    lines = []
    for row in rows:
        sign = "✔" if row["satisfied"] else "✘"
        lines.append(f"  {sign} {row['policy']}/{row['rule']}")
        if not row["required"]:
            lines.append("      pre-authorised: asks for no approval")
        for need in row["required"]:
            lines.append(f"      {_need(need)}")
        lines += [f"      {not_counted(item)}" for item in telling(row)]
    return "Approvals\n" + "\n".join(lines) + "\n" if lines else ""


def _need(need: Mapping[str, Any]) -> str:
    have = f" ({', '.join(need['satisfiedBy'])})" if need["satisfiedBy"] else ""
    text = f"{len(need['satisfiedBy'])} of {need['count']} from {source_name(need)}{have}"
    if need["missing"] and need["suggested"]:
        text += f"; ask {', '.join(need['suggested'])}"
    return text + (f"; {need['hindrance']}" if need.get("hindrance") else "")


def _text_waivers(rows: Sequence[Mapping[str, Any]]) -> str:
    lines = [f"  {row['state']}: {row['rule']} for {row['record']['name']} by {row['waiver']}" for row in rows]
    return "Waivers\n" + "\n".join(lines) + "\n" if lines else ""


def _text_impact(rows: Sequence[Mapping[str, Any]]) -> str:
    return "\n".join([f"Policy impact: {headline(rows)}", *text_rows(rows, 10), ""]) if rows else ""


def text_verdict(decision: Decision, colour: bool) -> str:
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


def github(decision: Decision, sources: Mapping[str, bytes], colour: bool = False) -> str:
    """Annotations of GitHub Actions: the verdict first, for it shows no more than ten, and the first findings."""
    command = "notice" if decision.verdict == "approved" else "error"
    reasons = [reason.message for reason in decision.reasons[:MOST_REASONS]] or [MEANING[decision.verdict]]
    if len(decision.reasons) > MOST_REASONS:
        reasons.append(f"and {len(decision.reasons) - MOST_REASONS:,} more")
    said = escape.workflow_data(_lines("\n".join(map(shortened, reasons))))
    verdict = f"::{command} title=change gate%3A {decision.verdict}::{said}"
    return "\n".join([verdict, *annotated([item for item in decision.findings if item.waiver is None]), ""])


def _lines(text: str) -> str:
    return "\n".join(escape.terminal(line) for line in text.split("\n"))


FORMATS: Final[dict[str, Callable[..., str]]] = {
    "text": text,
    "json": json,
    "markdown": markdown,
    "github": github,
    "in-toto": in_toto,
}
