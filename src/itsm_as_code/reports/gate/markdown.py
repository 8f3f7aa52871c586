"""The decision for the reviewer: a job summary, or the comment on a pull request.

What a reviewer wants first comes first: the verdict, what is missing and from whom. Then what it rests on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from itsm_as_code.findings import Finding
from itsm_as_code.gate.decision import Decision
from itsm_as_code.reports import escape
from itsm_as_code.reports.gate._words import (
    MEANING,
    MOST_REASONS,
    SIGN,
    field_list,
    history,
    not_counted,
    shortened,
    slot,
    source_name,
    span_of,
    step,
    supposition,
    telling,
)
from itsm_as_code.reports.policy_impact._rows import headline, markdown_rows

MOST_CHARACTERS: Final = 59_000
"""GitHub takes 65,536 characters in a comment and 1 MiB in a job summary, GitLab a million; some room is left."""


Rows = Sequence[Mapping[str, Any]]


def render(decision: Decision) -> str:
    data = escape.shown(decision.evidence)
    head, tail = "\n".join(_verdict(decision)), "\n".join(_evidence(decision, data))
    room = MOST_CHARACTERS - len(head) - len(tail) - 200
    body, left_out = [], 0
    for section in _sections(decision, data):
        for index, line in enumerate(section):
            room -= len(line) + 1
            if room < 0:
                left_out += len(section) - index
                room += len(line) + 1
                break
            body.append(line)
    if left_out:
        body += ["", f"**{left_out:,} lines did not fit here; `itsm gate --format json` has all of it.**"]
    return "\n".join([head, *body, tail])


def _verdict(decision: Decision) -> list[str]:
    lines = [f"# {SIGN[decision.verdict]} {decision.verdict.capitalize()}: {MEANING[decision.verdict]}", ""]
    supposed = supposition(decision.evidence)
    if supposed is not None:
        lines[:0] = [f"> **What if** {escape.markdown(supposed)}? Nobody decided this. It would be:", ""]
    lines += [f"- {escape.markdown(shortened(reason.message))}" for reason in decision.reasons[:MOST_REASONS]]
    if len(decision.reasons) > MOST_REASONS:
        lines.append(f"- and {len(decision.reasons) - MOST_REASONS} more")
    until = decision.evidence["validUntil"]
    return [*lines, f"- time alone may change this at {until}"] if until else lines


def _sections(decision: Decision, data: Mapping[str, Any]) -> Iterator[list[str]]:
    """The parts in the order in which a reviewer asks for them."""
    yield _asked(data["approvals"])
    yield _risk(data["risk"])
    yield _affected(data["affected"])
    yield _conflicts(data)
    yield _findings([finding for finding in decision.findings if finding.waiver is None])
    yield _changed(data)
    yield _impact(data["policyImpact"])
    yield _ignored(data["approvals"])


def _evidence(decision: Decision, data: Mapping[str, Any]) -> list[str]:
    known = len(data["known"])
    base, head = escape.code(str(data["base"])), escape.code(str(data["head"]))
    findings, do = ("finding", "does") if known == 1 else ("findings", "do")
    return [
        "",
        "## Evidence",
        "",
        f"- base {base}, head {head}, judged at {data['now']}",
        f"- {known} known {findings} of the base, untouched here, {do} not block",
        f"- digest {escape.code(decision.digest)}",
        "",
    ]


def _asked(rows: Rows) -> list[str]:
    if not rows:
        return []
    parts = ["", "## Approvals", "", "| | Rule | Asks for | Given by | Ask |", "|---|---|---|---|---|"]
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
    return ["", "## Why these approvals", "", *parts] if parts else []


def _risk(rows: Rows) -> list[str]:
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


def _findings(findings: Sequence[Finding]) -> list[str]:
    if not findings:
        return []
    parts = ["", "## Findings", "", "| | Where | What | How to mend it |", "|---|---|---|---|"]
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
    return ["", "## Policy impact", "", intro, "", *markdown_rows(rows, 20)]


def _affected(affected: Mapping[str, Any]) -> list[str]:
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


def _conflicts(data: Mapping[str, Any]) -> list[str]:
    if not data["conflicts"]:
        return []
    parts = ["", "## Conflicts", ""]
    parts += [f"- {row['kind']}: {escape.markdown(row['message'])}{span_of(row)}" for row in data["conflicts"]]
    return parts + [f"- {escape.markdown(slot(row))}" for row in data.get("nextFreeSlot", ())]


def _changed(data: Mapping[str, Any]) -> list[str]:
    parts = ["", "## Changed", ""]
    parts += [
        f"- {row['action']} {row['kind']} {escape.code(row['name'])}{escape.markdown(field_list(row))}"
        for row in data["records"]
    ]
    parts += [f"- {row['action']} {escape.code(row['path'])}" for row in data["paths"]]
    parts += [f"- step {escape.markdown(step(row))}" for row in data["transitions"]]
    parts += [f"- history: {escape.markdown(why)}" for why in history(data)]
    return parts if len(parts) > 3 else []
