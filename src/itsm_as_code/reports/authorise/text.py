"""For people and logs: one line, the reasons, the next possible instant, and whether evidence was asked for."""

from __future__ import annotations

from itsm_as_code.assurance.authority import EvidenceFound
from itsm_as_code.clock import format_instant
from itsm_as_code.gate.authorise import Answer
from itsm_as_code.reports import escape


def render(answer: Answer, revision: str, commit: str, trail: EvidenceFound) -> str:
    asked = answer.question
    what = f"{asked.change} of {asked.service}" if asked.service else asked.change
    at = format_instant(asked.at)
    if answer.authorised:
        until = f", until {format_instant(answer.until)}" if answer.until else ""
        return f"✔ {escape.terminal(what)} may be deployed at {at}{until}\n{_evidence(trail)}"
    lines = [f"✘ {escape.terminal(what)} may not be deployed at {at}"]
    lines += [f"  - {escape.terminal(reason.message)}" for reason in answer.reasons]
    if answer.next is not None:
        lines.append(f"  next possible: {format_instant(answer.next)}")
    else:
        lines.append("  time alone will not change that")
    return "\n".join([*lines, _evidence(trail)])


def _evidence(trail: EvidenceFound) -> str:
    told = [f"evidence {trail.note}", *(f"exception: {text}" for text in trail.exceptions)]
    return "".join(f"  {escape.terminal(line)}\n" for line in told)
