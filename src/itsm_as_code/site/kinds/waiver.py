"""Waivers: what they let pass, for how long, and who answers for it."""

from __future__ import annotations

from collections.abc import Mapping

from itsm_as_code.records.catalogue import Record
from itsm_as_code.site.views import state, words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.record import RecordPage
from itsm_as_code.site.views.values import Code, Inline, Missing, Page, Row, Status, Text, Tone, Value, inline

TONES: Mapping[str, Tone] = {"unneeded": "warn", "orphaned": "warn", "invalid": "bad", "not-yet": "info"}


def page(context: Context, record: Record, now: state.Now) -> Page:
    made = RecordPage(context, record)
    made.parts(reason="Reason", risk="Risk", compensatingControls="Compensating controls")
    found = next((s for s in context.validation.waivers if s.record.id == record.id), None)
    standing = context.status(found.state) if found else Status("Unknown")
    cells = overview(context, record).cells
    facts = (
        ("Rule", cells[2]), ("For", cells[3]), ("From", made.field("from")), ("Until", cells[4]),
        ("Requester", made.field("requester")), ("Approved by", cells[5]),
    )  # fmt: skip
    return made.finish(statuses=(standing,), facts=facts)


OVERVIEW = ("Waiver", "State", "Rule", "For", "Until", "Approved by")


def overview(context: Context, waiver: Record) -> Row:
    found = next((s for s in context.validation.waivers if s.record.id == waiver.id), None)
    spec = waiver.spec
    rule: Value = context.reference("Policy", spec["policy"]) if "policy" in spec else Code(str(spec.get("check", "")))
    subjects = inline([context.reference((r["kind"],), r["name"]) for r in spec["records"]])
    until = words.as_instant(spec["until"])
    when: Value = words.instant_value(spec["until"], context.tz)
    if until:
        when = Inline((when, Text(words.relative(until, context.now))), " · ")
    standing: Value = context.status(found.state) if found else Missing("Unknown")
    return Row.of(context.link(waiver), standing, rule, subjects, when, context.reference("Person", spec["approver"]))
