"""Controls with their evidence in words; how it stands is worked out by :mod:`itsm_as_code.compliance`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

from itsm_as_code.compliance import Assessment, ControlStatus, Evidence, Shortfall
from itsm_as_code.measures.deadlines import last_day_before
from itsm_as_code.records.catalogue import Record
from itsm_as_code.reports.compliance import missing
from itsm_as_code.site.views import packs, state, words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.record import RecordPage
from itsm_as_code.site.views.values import (
    Code,
    English,
    Inline,
    Link,
    Missing,
    Page,
    Row,
    Said,
    Table,
    Text,
    Tone,
    Value,
)

TONES: Mapping[str, Tone] = {"satisfied": "good", "not-satisfied": "bad", "stale": "warn"}


def page(context: Context, record: Record, now: state.Now) -> Page:
    made = RecordPage(context, record)
    spec = record.spec
    assessment = assess(context, record)
    rows = tuple(
        Row.of(what(context, item), context.status(item.status), Text(packs.left_out(context, item.entry) or why(item)))
        for item in assessment.evidence
    )
    made.add(
        "evidence", "Evidence", Table("Evidence", ("Evidence", "Status", "Why"), rows, "No evidence yet: not assessed.")
    )
    if assessment.missing:
        made.add("missing", "What is missing", Text(_sentence(assessment.missing)))
    wrong = assessment.exceptions
    if wrong:
        table = Table("Exceptions", ("What", "Why"), tuple(_exception(context, item) for item in wrong[:_MOST]))
        rest = f"And {len(wrong) - _MOST:,} more: itsm report compliance lists all." if len(wrong) > _MOST else ""
        made.add("exceptions", "Exceptions", table, Text(rest) if rest else None)
    made.part("reason", "Reason", "reason")
    facts: list[tuple[str, Value]] = [
        ("Framework", Text(words.framework(spec["framework"]))),
        ("Clause", made.field("clause")),
    ]
    if assessment.evidence and assessment.period is not None:
        facts.append(("Period", Text(f"{words.day(assessment.period.start)} to {words.day(assessment.period.end)}")))
        facts.append(("Population", Text(f"{words.count(assessment.size, 'member')}: {assessment.population}")))
        facts.append(("Exceptions", Text(f"{len(wrong):,}")))
    facts.append(("Owner", made.field("owner")))
    if "approver" in spec:
        facts.append(("Approver", made.field("approver")))
    return made.finish(lead=spec["statement"], statuses=(context.status(assessment.status),), facts=tuple(facts))


_MOST = 50
"""Exceptions on a page."""


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _exception(context: Context, item: Shortfall) -> Row:
    subject = context.title_of(item.record) if item.record is not None else Text(item.subject)
    return Row.of(subject, English(Text(_sentence(item.message))))


OVERVIEW = ("Control", "Status", "Framework", "Clause", "Evidence", "Owner")


def overview(context: Context, control: Record) -> Row:
    assessment = assess(context, control)
    spec = control.spec
    tally = Counter(item.status for item in assessment.evidence)
    summary = words.join([f"{tally[s]} {words.human(s).lower()}" for s in ControlStatus if tally[s]])
    return Row.of(
        context.link(control),
        context.status(assessment.status),
        Text(words.framework(spec["framework"])),
        Text(spec["clause"]),
        Text(summary) if summary else Missing("No evidence yet"),
        context.reference("Team", spec["owner"]) if "owner" in spec else Missing(),
        facets=(("framework", words.framework(spec["framework"])), ("status", words.human(assessment.status))),
    )


GAPS = ("Control", "Clause", "Status", "What is missing", "Owner")


def gap(context: Context, control: Record) -> Row:
    """A control among those of its framework, with what keeps it from being satisfied."""
    assessment, spec = assess(context, control), control.spec
    lacks = missing(assessment)
    return Row.of(
        context.link(control),
        Text(spec["clause"]),
        context.status(assessment.status),
        Said(lacks) if lacks else Missing("Nothing"),
        context.reference("Team", spec["owner"]) if "owner" in spec else Missing(),
    )


def assess(context: Context, control: Record) -> Assessment:
    return context.assessments[control.name]


def what(context: Context, evidence: Evidence) -> Value:
    """What the evidence is."""
    entry = evidence.entry
    if evidence.type == "policy":
        return Inline((Text("Policy"), context.reference("Policy", entry["policy"])), " ")
    if evidence.type == "check":
        return Inline((Text("Check"), Code(entry["check"])), " ")
    if evidence.type == "freshness":
        known = context.registry.get(entry["kind"])
        age = words.duration(entry["maxAge"])
        return Text(f"{known.title_plural if known else entry['kind']} renewed within {age}")
    if evidence.type in _NAMES:
        return Text(_NAMES[evidence.type])
    if evidence.type == "forge":
        return Inline((Text("Settings of the forge, in"), Code(entry["path"])), " ")
    parts: list[Value] = [Text(words.human(evidence.type))]
    if entry.get("by"):
        parts += [Text("by"), context.reference("Person", entry["by"])]
    if entry.get("url"):
        parts.append(Link("(evidence)", entry["url"], external=True))
    return Inline(tuple(parts), " ")


def why(evidence: Evidence) -> str:
    """Why it stands as it does."""
    return _REASONS.get(evidence.type, _tally)(evidence)


_NAMES: Mapping[str, str] = {
    "records": "Each record meets a condition",
    "gate": "Signed evidence of approvals",
    "deployments": "Deployments are covered by changes",
    "training": "Training is completed",
    "review": "Services are reviewed",
}


def _tally(evidence: Evidence) -> str:
    """What was counted, or why nothing could be."""
    if not evidence.size:
        return evidence.missing or "matched no record"
    told = f"{evidence.good:,} of {words.count(evidence.size, 'record')} pass"
    for number, said in (
        (evidence.waived, "waived"), (evidence.bad, "fail"), (evidence.unknown, "could not be evaluated"),
    ):  # fmt: skip
        told += f", {number:,} {said}" if number else ""
    return told


def _check(evidence: Evidence) -> str:
    if not evidence.size:
        return evidence.missing
    found = words.count(evidence.bad, "finding") if evidence.bad else "no finding"
    return f"{found}, {evidence.waived:,} waived" if evidence.waived else found


def _freshness(evidence: Evidence) -> str:
    if not evidence.size:
        return evidence.missing
    told = f"{evidence.good:,} of {words.count(evidence.size, 'record')} are recent"
    return f"{told}, {evidence.unknown:,} are dated in the future" if evidence.unknown else told


def _statement(evidence: Evidence) -> str:
    entry = evidence.entry
    on, until = words.as_date(entry.get("on")), words.as_date(entry.get("validUntil"))
    if on is None or evidence.status is ControlStatus.NOT_ASSESSED:
        return evidence.missing.removeprefix("it ")
    statement = words.plain(entry.get("statement", ""), 160)
    told = f"on {words.day(on)}" + (f": {statement}" if statement else "")
    if evidence.status is ControlStatus.NOT_SATISFIED:
        return f"failed {told}"
    if until is None:
        return f"{told} (it says no end, so it cannot be relied on)"
    ended = evidence.status is ControlStatus.STALE
    return f"{told} ({'was' if ended else 'is'} valid until {words.day(last_day_before(until))})"


_REASONS: Mapping[str, Callable[[Evidence], str]] = {
    "check": _check,
    "freshness": _freshness,
    "audit": _statement,
    "attestation": _statement,
}
