"""The decision for the reviewer: a job summary, or the comment on a pull request.

What a reviewer wants first comes first: the verdict, what is missing and from whom, the change itself. What it rests
on folds away.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from itsm_as_code.findings import Finding
from itsm_as_code.gate.decision import Decision
from itsm_as_code.reports import escape
from itsm_as_code.reports.gate._summary import MOST_LINES, field_table, first_screen
from itsm_as_code.reports.gate._words import (
    MOST_REASONS,
    conflicts,
    controls,
    not_counted,
    others,
    promises,
    risk_line,
    shortened,
    source_name,
    telling,
)
from itsm_as_code.reports.policy_impact._rows import headline, markdown_rows

MOST_CHARACTERS: Final = 59_000
"""GitHub takes 65,536 characters in a comment and 1 MiB in a job summary, GitLab a million; some room is left."""


Rows = Sequence[Mapping[str, Any]]


def render(decision: Decision, *, mention: bool = False) -> str:
    """``mention``: logins of those who are to be asked are written so that the forge tells them."""
    data = escape.shown(decision.evidence)
    folded = [(title, lines) for title, lines in _folded(decision, data) if any(lines)]
    room = MOST_LINES - len(folded) - 3  # a blank line, All reasons, Evidence
    head = first_screen(decision, data, room, mention=mention)
    whole = [f"- {escape.markdown(shortened(reason.message))}" for reason in decision.reasons[:MOST_REASONS]]
    if not all(any(line.startswith(reason) for line in head) for reason in whole):
        folded.insert(0, ("All reasons", [*whole, *_more(len(decision.reasons) - MOST_REASONS)]))
    evidence = _evidence(decision, data)
    room = MOST_CHARACTERS - sum(len(line) + 1 for line in (*head, *evidence)) - 100 * (len(folded) + 3)
    parts, left_out = [*head, ""], 0
    for title, lines in folded:
        fitting = list(_fitting(lines, room))
        room -= sum(len(line) + 1 for line in fitting)
        left_out += len(lines) - len(fitting)
        parts += _fold(title, fitting)
    if left_out:
        evidence.append(f"- **{left_out:,} lines did not fit above; `itsm gate --format json` has all of it**")
    return "\n".join([*parts, *_fold("Evidence", evidence), ""])


def _fold(title: str, lines: Sequence[str]) -> list[str]:
    return ["<details>", f"<summary>{title}</summary>", "", *lines, "", "</details>"]


def _more(count: int) -> list[str]:
    return [f"- and {count:,} more"] if count > 0 else []


def _fitting(lines: Sequence[str], room: int) -> Iterator[str]:
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            return
        yield line


def _folded(decision: Decision, data: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """What folds away, in the order in which a reviewer asks for it. The titles are ours alone: they are HTML."""
    yield "Approvals", [*_asked(data["approvals"]), *_ignored(data["approvals"])]
    yield "Findings", _findings([finding for finding in decision.findings if finding.waiver is None])
    yield "All that changed", _changed(decision, data)
    told = (*controls(decision), *promises(data), *conflicts(data, decision.outline.zone))
    found = [f"- {escape.markdown(line)}" for line in told]
    yield "Risk, conflicts and affected services", [*_risk(data["risk"]), "", *found, "", *_affected(data["affected"])]
    yield "Policy impact", _impact(data["policyImpact"])


def _evidence(decision: Decision, data: Mapping[str, Any]) -> list[str]:
    known = len(data["known"])
    base, head = escape.code(str(data["base"])), escape.code(str(data["head"]))
    findings, do = ("finding", "does") if known == 1 else ("findings", "do")
    return [
        f"- base {base}, head {head}, judged at {data['now']}",
        f"- {known} known {findings} of the base, untouched here, {do} not block",
        f"- digest {escape.code(decision.digest)}",
    ]


def _asked(rows: Rows) -> list[str]:
    if not rows:
        return []
    parts = ["| | Rule | Asks for | Given by | Ask |", "|---|---|---|---|---|"]
    for row in rows:
        rule = escape.markdown(row["rule"])
        if not row["required"]:
            parts.append(f"| {'✔' if row['satisfied'] else '✘'} | {rule} | nothing: pre-authorised | | |")
        for need in row["required"]:
            asks = f"{need['count']} from {escape.markdown(source_name(need))}"
            given = ", ".join(need["satisfiedBy"])
            ask = "; ".join(filter(None, (", ".join(need["suggested"]), escape.markdown(need.get("hindrance", "")))))
            parts.append(f"| {'✘' if need['missing'] else '✔'} | {rule} | {asks} | {given} | {ask} |")
    return parts


def _ignored(rows: Rows) -> list[str]:
    """Why each rule matched, and which reviews did not count for it."""
    parts: list[str] = []
    for row in rows:
        parts += [f"- **{escape.markdown(row['policy'])}/{escape.markdown(row['rule'])}**"]
        parts += [f"  - matched {escape.markdown(why)}" for why in row["why"][:20]]
        parts += [f"  - and {len(row['why']) - 20} more"] if len(row["why"]) > 20 else []
        parts += [f"  - {escape.markdown(not_counted(item))}" for item in telling(row)]
    return ["", *parts] if parts else []


def _risk(rows: Rows) -> list[str]:
    parts: list[str] = []
    for row in rows:
        parts += ["", f"{escape.code(row['record']['name'])}: {risk_line(row)}", ""]
        parts += ["| Points | Factor | Found | Source |", "|---|---|---|---|"]
        parts += [
            f"| {factor['points']} | {escape.markdown(factor['name'])} | {escape.markdown(str(factor['value']))} "
            f"| {escape.code(factor['source'])} |"
            for factor in row["factors"]
        ]
    return parts


def _findings(findings: Sequence[Finding]) -> list[str]:
    if not findings:
        return []
    parts = ["| | Where | What | How to mend it |", "|---|---|---|---|"]
    parts += [
        f"| {finding.severity.value} {escape.code(finding.rule)} | {escape.code(str(finding.location))} "
        f"| {escape.markdown(shortened(finding.message))} | {escape.markdown(shortened(finding.remedy))} |"
        for finding in findings[:50]
    ]
    more = sum(finding.count for finding in findings[50:])
    return [*parts, "", f"and {more:,} more."] if more else parts


def _impact(rows: Rows) -> list[str]:
    if not rows:
        return []
    intro = f"What the changed rules would say (they do not judge this pull request): {headline(rows)}."
    return [intro, "", *markdown_rows(rows, 20)]


def _affected(affected: Mapping[str, Any]) -> list[str]:
    if not affected["declared"]:
        return []
    parts = [f"Declared: {', '.join(map(escape.code, affected['declared']))}."]
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


def _changed(decision: Decision, data: Mapping[str, Any]) -> list[str]:
    parts = [f"- {escape.markdown(line)}" for line in others(decision, data, 0)]
    for subject in decision.outline.subjects:
        if subject.fields:
            parts += ["", f"{subject.id.kind} {escape.code(subject.id.name)}", "", *field_table(subject, 60)]
    return parts
