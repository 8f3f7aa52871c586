"""What `itsm gate` prints: text, json, markdown and github, all made from the decision's evidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import orjson

from itsm_as_code.findings import Finding
from itsm_as_code.gate.decision import Decision
from itsm_as_code.reports import escape, impact
from itsm_as_code.reports.in_toto import in_toto
from itsm_as_code.reports.validate import annotation, finding_text

_SIGN: Final = {"approved": "✔", "pending": "…", "rejected": "✘", "error": "!"}
_COLOUR: Final = {"approved": "\x1b[1;32m", "pending": "\x1b[1;33m", "rejected": "\x1b[1;31m", "error": "\x1b[1;31m"}
MEANING: Final = {
    "approved": "may be merged",
    "pending": "waits for people",
    "rejected": "something has to be mended first",
    "error": "could not judge: this says nothing about the pull request",
}


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
        _text_verdict(decision, colour),
    ]
    return "\n".join(block for block in blocks if block)


def _text_changes(data: Mapping[str, Any]) -> str:
    rows = [f"  {row['action']:<9} {row['kind']} {row['name']}{_fields(row)}" for row in data["records"]]
    rows += [f"  {row['action']:<9} {escape.terminal(row['path'])}" for row in data["paths"]]
    rows += [f"  step      {_step(row)}" for row in data["transitions"]]
    return "Changed\n" + "\n".join(rows) + "\n" if rows else ""


def _step(row: Mapping[str, Any]) -> str:
    allowed = "" if row["allowed"] else "  (not in the lifecycle)"
    return f"{row['record']['name']}: {row['from'] or 'new'} -> {row['to'] or 'deleted'}{allowed}"


def _fields(row: Mapping[str, Any]) -> str:
    fields = row["fields"]
    if row["action"] != "modified" or not fields:
        return ""
    more = f" and {len(fields) - 4} more" if len(fields) > 4 else ""
    return escape.terminal(f"  ({', '.join(fields[:4])}{more})")


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
    lines = [f"  {row['kind']}: {escape.terminal(row['message'])}{_when(row)}" for row in rows]
    lines += [f"  {_slot(row)}" for row in slots]
    return "Conflicts\n" + "\n".join(lines) + "\n" if lines else ""


def _when(row: Mapping[str, Any]) -> str:
    return f" ({row['start']} to {row['end']})" if row["start"] else ""


def _slot(row: Mapping[str, Any]) -> str:
    name = row["record"]["name"]
    if row["start"] is None:
        return f"no free slot for {name} within 90 days"
    return f"next free slot for {name}: {row['start']} to {row['end']}"


def _text_approvals(rows: Sequence[Mapping[str, Any]]) -> str:
    lines = []
    for row in rows:
        sign = "✔" if row["satisfied"] else "✘"
        lines.append(f"  {sign} {row['policy']}/{row['rule']}")
        if not row["required"]:
            lines.append("      pre-authorised: asks for no approval")
        for need in row["required"]:
            lines.append(f"      {_need(need)}")
        lines += [f"      {_ignored(item)}" for item in _telling(row)]
    return "Approvals\n" + "\n".join(lines) + "\n" if lines else ""


def _need(need: Mapping[str, Any]) -> str:
    have = f" ({', '.join(need['satisfiedBy'])})" if need["satisfiedBy"] else ""
    text = f"{len(need['satisfiedBy'])} of {need['count']} from {source_name(need)}{have}"
    if need["missing"] and need["suggested"]:
        text += f"; ask {', '.join(need['suggested'])}"
    elif need["missing"] and not need["eligible"]:
        text += "; nobody can give it now"
    return text


def source_name(need: Mapping[str, Any]) -> str:
    """What a requirement asks for, in words."""
    source = need["from"]
    if "role" in source:
        return f"role {source['role']}"
    if "team" in source:
        return str(source["team"])
    if "people" in source:
        return " or ".join(source["people"])
    return f"owners ({source['owners']})" if "owners" in source else "anyone"


def _telling(row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The reviews that did not count, but for those nobody would have expected to: they stand in the JSON."""
    return [item for item in row["ignored"] if not (row["satisfied"] and item["code"] == "not-eligible")]


def _ignored(item: Mapping[str, Any]) -> str:
    return escape.terminal(f"not counted: {item['reviewer']}: {item['reason']}")


def _text_waivers(rows: Sequence[Mapping[str, Any]]) -> str:
    lines = [f"  {row['state']}: {row['rule']} for {row['record']['name']} by {row['waiver']}" for row in rows]
    return "Waivers\n" + "\n".join(lines) + "\n" if lines else ""


def _text_impact(rows: Sequence[Mapping[str, Any]]) -> str:
    return "\n".join([f"Policy impact: {impact.headline(rows)}", *impact.text_rows(rows, 10), ""]) if rows else ""


def _text_verdict(decision: Decision, colour: bool) -> str:
    paint, off = (_COLOUR[decision.verdict], "\x1b[0m") if colour else ("", "")
    lines = [f"{paint}{_SIGN[decision.verdict]} {decision.verdict.upper()}{off}: {MEANING[decision.verdict]}"]
    lines += [f"  - {escape.terminal(reason.message)}" for reason in decision.reasons]
    until = decision.evidence["validUntil"]
    if until:
        lines.append(f"  this may change at {until}")
    lines.append(f"  evidence {decision.digest}")
    return "\n".join(lines) + "\n"


def markdown(decision: Decision, sources: Mapping[str, bytes], colour: bool = False) -> str:
    """For the reviewer, as a job summary: the verdict, what is missing and from whom, then what it rests on."""
    data = escape.shown(decision.evidence)
    parts = [f"# {_SIGN[decision.verdict]} {decision.verdict.capitalize()}: {MEANING[decision.verdict]}", ""]
    parts += [f"- {escape.markdown(reason.message)}" for reason in decision.reasons]
    parts += _markdown_approvals(data["approvals"])
    parts += _markdown_risk(data["risk"])
    parts += _markdown_affected(data["affected"])
    if data["conflicts"]:
        parts += ["", "## Conflicts", ""]
        parts += [f"- {row['kind']}: {escape.markdown(row['message'])}{_when(row)}" for row in data["conflicts"]]
        parts += [f"- {escape.markdown(_slot(row))}" for row in data["nextFreeSlot"]]
    parts += _markdown_findings([finding for finding in decision.findings if finding.waiver is None])
    parts += _markdown_impact(data["policyImpact"])
    parts += ["", "## Changed", ""]
    parts += [
        f"- {row['action']} {row['kind']} {escape.code(row['name'])}{escape.markdown(_fields(row))}"
        for row in data["records"]
    ]
    parts += [f"- {row['action']} {escape.code(row['path'])}" for row in data["paths"]]
    known = len(data["known"])
    base, head = escape.code(str(data["base"])), escape.code(str(data["head"]))
    findings, do = ("finding", "does") if known == 1 else ("findings", "do")
    parts += ["", "## Evidence", "", f"- base {base}, head {head}, judged at {data['now']}"]
    parts += [f"- {known} known {findings} of the base, untouched here, {do} not block"]
    parts += [f"- digest {escape.code(decision.digest)}", ""]
    return "\n".join(parts)


def _markdown_approvals(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    if not rows:
        return []
    parts = ["", "## Approvals", "", "| | Rule | Asks for | Given by | Ask |", "|---|---|---|---|---|"]
    for row in rows:
        rule = escape.markdown(row["rule"])
        if not row["required"]:
            parts.append(f"| {'✔' if row['satisfied'] else '✘'} | {rule} | nothing: pre-authorised | | |")
        for need in row["required"]:
            asks = f"{need['count']} from {escape.markdown(source_name(need))}"
            given, ask = ", ".join(need["satisfiedBy"]), ", ".join(need["suggested"])
            parts.append(f"| {'✘' if need['missing'] else '✔'} | {rule} | {asks} | {given} | {ask} |")
    ignored = [
        f"- {escape.markdown(row['rule'])}: {escape.markdown(_ignored(i))}" for row in rows for i in _telling(row)
    ]
    return [*parts, "", *ignored] if ignored else parts


def _markdown_risk(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    parts: list[str] = []
    for row in rows:
        declared = row["declared"] or "nothing"
        parts += ["", f"## Risk of {escape.markdown(row['record']['name'])}: {row['level']}", ""]
        parts += [f"Likelihood {row['likelihood']}, impact {row['impact']}, declared {declared}.", ""]
        parts += ["| Points | Factor | Found | Source |", "|---|---|---|---|"]
        parts += [
            f"| {factor['points']} | {escape.markdown(factor['name'])} | {escape.markdown(str(factor['value']))} "
            f"| {escape.code(factor['source'])} |"
            for factor in row["factors"]
        ]
    return parts


def _markdown_findings(findings: Sequence[Finding]) -> list[str]:
    if not findings:
        return []
    parts = ["", "## Findings", "", "| | Where | What | How to mend it |", "|---|---|---|---|"]
    parts += [
        f"| {finding.severity.value} {escape.code(finding.rule)} | {escape.code(str(finding.location))} "
        f"| {escape.markdown(finding.message)} | {escape.markdown(finding.remedy)} |"
        for finding in findings[:50]
    ]
    return [*parts, "", f"and {len(findings) - 50} more."] if len(findings) > 50 else parts


def _markdown_impact(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    if not rows:
        return []
    intro = f"What the changed rules would say (they do not judge this pull request): {impact.headline(rows)}."
    return ["", "## Policy impact", "", intro, "", *impact.markdown_rows(rows, 20)]


def _markdown_affected(affected: Mapping[str, Any]) -> list[str]:
    if not affected["declared"]:
        return []
    parts = ["", "## Affected services", "", f"Declared: {', '.join(map(escape.code, affected['declared']))}."]
    if affected["computed"]:
        parts += ["", "| Distance | Service | By way of | Owner |", "|---|---|---|---|"]
        parts += [
            f"| {row['distance']} | {escape.code(row['service'])} | {escape.markdown(row['via'])} "
            f"| {escape.markdown(row['owner'] or 'nobody')} |"
            for row in affected["computed"][:30]
        ]
        if len(affected["computed"]) > 30:
            parts += ["", f"and {len(affected['computed']) - 30} more."]
    return parts


def github(decision: Decision, sources: Mapping[str, bytes], colour: bool = False) -> str:
    """Annotations of GitHub Actions for the findings, and one for the verdict."""
    lines = [annotation(finding) for finding in decision.findings if finding.waiver is None]
    command = "notice" if decision.verdict == "approved" else "error"
    reasons = "\n".join(reason.message for reason in decision.reasons) or MEANING[decision.verdict]
    lines.append(f"::{command} title=change gate%3A {decision.verdict}::{escape.workflow_data(_lines(reasons))}")
    return "\n".join([*lines, ""])


def _lines(text: str) -> str:
    return "\n".join(escape.terminal(line) for line in text.split("\n"))


FORMATS: Final[dict[str, Callable[..., str]]] = {
    "text": text,
    "json": json,
    "markdown": markdown,
    "github": github,
    "in-toto": in_toto,
}
