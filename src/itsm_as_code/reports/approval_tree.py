"""What `itsm gate --explain` prints: the tree of approvals, rule by rule, with all that was looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from itsm_as_code.gate.decision import Decision
from itsm_as_code.reports import escape
from itsm_as_code.reports.gate._words import source_name
from itsm_as_code.reports.gate.text import verdict


def explanation(decision: Decision, colour: bool = False) -> str:
    """For people at a terminal: why each rule matched, who may, who did, who did not count and why, whom to ask."""
    data = escape.shown(decision.evidence)
    request = data["pullRequest"]
    lines = [f"Pull request of {request['author'] or 'nobody known'}"]
    writers = request.get("contributors", [])
    if writers:
        lines.append(f"  wrote or pushed it, and so do not approve it: {', '.join(writers)}")
    for row in data["approvals"]:
        lines += ["", *_rule(row)]
    if not data["approvals"]:
        lines += ["", "No approval rule matched."]
    return "\n".join([*lines, "", verdict(decision, colour)])


def _rule(row: Mapping[str, Any]) -> Iterator[str]:
    yield f"{'✔' if row['satisfied'] else '✘'} {row['policy']}/{row['rule']}"
    for reason in row["why"]:
        yield f"  ├ matched: {reason}"
    if not row["required"]:
        yield "  └ asks for no approval: pre-authorised"
        return
    for need in row["required"]:
        yield f"  ├ {'✔' if not need['missing'] else '✘'} {need['count']} from {source_name(need)}"
        yield f"  │   may: {_names(need['eligible'])}"
        yield f"  │   did: {_names(need['satisfiedBy'])}"
        if need["missing"]:
            why = f"; {need['hindrance']}" if need.get("hindrance") else ""
            yield f"  │   missing: {need['missing']}; ask {_names(need['suggested'])}{why}"
    for item in row["ignored"]:
        yield f"  ├ did not count: {item['reviewer']}: {item['reason']} ({item['code']})"
    yield "  └ satisfied" if row["satisfied"] else "  └ not satisfied yet"


def _names(names: list[str]) -> str:
    return ", ".join(names) or "nobody"
