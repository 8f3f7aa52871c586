"""For programs: schemas/reports/authorise-report.schema.json."""

from __future__ import annotations

from itsm_as_code.assurance.authority import EvidenceFound
from itsm_as_code.clock import format_instant
from itsm_as_code.gate.authorise import Answer
from itsm_as_code.reports import escape


def render(answer: Answer, revision: str, commit: str, trail: EvidenceFound) -> str:
    asked, spec = answer.question, answer.spec
    data = {
        "schema": "itsm/authorise/v1",
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
            "exceptions": list(trail.exceptions),
        },
    }
    return escape.dumped(data, sorted_keys=True)
