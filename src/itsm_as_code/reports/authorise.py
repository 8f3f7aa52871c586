"""What `itsm authorise` prints: yes or no, why, and when it will be possible."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import orjson

from itsm_as_code.assurance.authority import Trail
from itsm_as_code.clock import format_instant
from itsm_as_code.gate.authorise import Answer
from itsm_as_code.reports import escape

SCHEMA: Final = "itsm/authorise/v1"


def text(answer: Answer, revision: str, commit: str, trail: Trail) -> str:
    """For people and logs: one line, the reasons, the next possible instant, and whether evidence was asked for."""
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


def _evidence(trail: Trail) -> str:
    return f"  evidence {escape.terminal(trail.note)}\n"


def json(answer: Answer, revision: str, commit: str, trail: Trail) -> str:
    """For programs: schemas/reports/authorise-report.schema.json."""
    asked, spec = answer.question, answer.spec
    data = {
        "schema": SCHEMA,
        "authorised": answer.authorised,
        "change": asked.change,
        "service": asked.service,
        "at": format_instant(asked.at),
        "revision": revision,
        "commit": commit,
        "type": spec.get("type"),
        "status": spec.get("status"),
        "services": list(spec.get("services", ())),
        "window": {key: spec["schedule"][key] for key in ("start", "end")} if "schedule" in spec else None,
        "reasons": [{"code": reason.code, "message": reason.message} for reason in answer.reasons],
        "next": format_instant(answer.next) if answer.next is not None else None,
        "validUntil": format_instant(answer.until) if answer.until is not None else None,
        "evidence": {
            "asked": trail.asked,
            "note": trail.note,
            "since": trail.since,
            "commit": trail.statement.commit if trail.statement is not None else None,
            "mergedAt": trail.statement.data["mergedAt"] if trail.statement is not None else None,
        },
    }
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    return escape.json(orjson.dumps(data, option=options).decode())


def github(answer: Answer, revision: str, commit: str, trail: Trail) -> str:
    """One annotation of GitHub Actions."""
    said = escape.workflow_data(text(answer, revision, commit, trail).strip())
    return f"::notice title=Authorised::{said}\n" if answer.authorised else f"::error title=Not authorised::{said}\n"


FORMATS: Final[dict[str, Callable[[Answer, str, str, Trail], str]]] = {"text": text, "json": json, "github": github}
