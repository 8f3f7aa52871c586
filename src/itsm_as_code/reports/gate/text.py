"""For people at a terminal: the verdict and what is missing, the change itself, and what the verdict rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from itsm_as_code.gate.decision import Decision
from itsm_as_code.gate.outline import Subject
from itsm_as_code.reports import escape
from itsm_as_code.reports.findings import finding_text
from itsm_as_code.reports.gate._words import (
    MEANING,
    SIGN,
    affected,
    asked_for,
    at_forge,
    conflicts,
    controls,
    not_counted,
    others,
    path_of,
    promises,
    risk_line,
    supposition,
    telling,
    until,
)
from itsm_as_code.reports.policy_impact._rows import headline, text_rows

_COLOUR: Final = {"approved": "\x1b[1;32m", "pending": "\x1b[1;33m", "rejected": "\x1b[1;31m", "error": "\x1b[1;31m"}
_MOST_FIELDS: Final = 12
_MOST_OTHERS: Final = 40


def render(decision: Decision, colour: bool = False) -> str:
    data = escape.shown(decision.evidence)
    blocks = [verdict(decision, colour)]
    blocks += [_subject(subject, data) for subject in decision.outline.subjects[:1]]
    blocks += [
        _list("And besides" if decision.outline.subjects else "Changed", others(decision, data, 1)),
        f"Affected: {affected(data, 8)}\n" if data["affected"]["declared"] else "",
        _list("Promises", promises(data)),
        _list("Controls, as far as records tell", controls(decision)),
        _list("Conflicts", conflicts(data, decision.outline.zone)),
        _risk(data["risk"]),
    ]
    blocks += [finding_text(finding, decision.sources) for finding in decision.findings if finding.waiver is None]
    blocks += [_approvals(data["approvals"]), _waivers(data["waivers"]), _impact(data["policyImpact"])]
    end = f"{decision.verdict.capitalize()}; evidence {decision.digest}\n"
    return "\n".join(block for block in (*blocks, end) if block)


def _subject(subject: Subject, data: Mapping[str, Any]) -> str:
    way = path_of(data, subject.id.kind, subject.id.name)
    lines = [subject.title, f"  {subject.action} {subject.id.kind} {subject.id.name}" + (f": {way}" if way else "")]
    lines += [f"  {subject.summary}"] if subject.summary else []
    lines += [f"  {name + ':':<14}{text}" for name, text in (*subject.about, ("Record", subject.path))]
    for field in subject.fields[:_MOST_FIELDS]:
        old, new = ("nothing" if side is None else side for side in (field.old, field.new))
        lines.append(f"  {field.pointer}: {old} -> {new}")
    more = subject.changed - min(_MOST_FIELDS, len(subject.fields))
    lines += [f"  and {more:,} more fields"] if subject.fields and more else []
    return "\n".join(map(escape.terminal, lines)) + "\n"


def _list(title: str, texts: Sequence[str]) -> str:
    lines = [f"  {escape.terminal(text)}" for text in texts[:_MOST_OTHERS]]
    lines += [f"  and {len(texts) - _MOST_OTHERS:,} more"] if len(texts) > _MOST_OTHERS else []
    return "\n".join([title, *lines, ""]) if lines else ""


def _risk(rows: Sequence[Mapping[str, Any]]) -> str:
    lines = []
    for row in rows:
        lines.append(f"Risk of {row['record']['name']}: {risk_line(row)}")
        lines += [
            f"  {factor['points']:+d}  {factor['name']}: {factor['value']}  [{factor['source']}]"
            for factor in sorted(row["factors"], key=lambda factor: -factor["points"])
        ]
    return "\n".join(lines) + "\n" if lines else ""


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
    """The verdict with its reasons."""
    paint, off = (_COLOUR[decision.verdict], "\x1b[0m") if colour else ("", "")
    lines = [f"{paint}{SIGN[decision.verdict]} {decision.verdict.upper()}{off}: {MEANING[decision.verdict]}"]
    supposed = supposition(decision.evidence)
    if supposed is not None:
        lines = [f"WHAT IF {escape.terminal(supposed)}? Nobody decided this. It would be:", *lines]
    for reason in decision.reasons:
        logins = ", ".join(f"@{login}" for login in at_forge(reason, decision.outline.logins))
        lines.append(escape.terminal(f"  - {reason.message}" + (f" ({logins})" if logins else "")))
    instant = until(decision)
    return "\n".join([*lines, *([f"  time alone may change this at {instant}"] if instant else []), ""])
