"""The status of a control: computed from evidence, never written, and not assessed until there is some."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from itsm_as_code.clock import parse_duration
from itsm_as_code.findings import Severity, parse_pointer
from itsm_as_code.records.catalogue import Record, get
from itsm_as_code.site.views import words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.values import Code, Inline, Link, Text, Value
from itsm_as_code.validation import built_in_rules

SATISFIED, NOT_SATISFIED, STALE = "satisfied", "not-satisfied", "stale"
NOT_ASSESSED, NOT_APPLICABLE = "not-assessed", "not-applicable"
_GRAVEST = (NOT_SATISFIED, STALE, NOT_ASSESSED, SATISFIED)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One way in which evidence arises: what it is, what it says today, and why."""

    what: Value
    status: str
    why: str


def assess(context: Context, control: Record) -> tuple[str, tuple[Evidence, ...]]:
    """The status of a control, which is that of its weakest evidence."""
    known = context.assessments
    if control.name not in known:
        known[control.name] = _assess(context, control)
    status, evidence = known[control.name]
    return status, evidence


def _assess(context: Context, control: Record) -> tuple[str, tuple[Evidence, ...]]:
    if control.spec.get("applicability") == "not-applicable":
        return NOT_APPLICABLE, ()
    evidence = tuple(_judges()[entry["type"]](context, entry) for entry in control.spec.get("evidence", ()))
    found = {item.status for item in evidence}
    return next((status for status in _GRAVEST if status in found), NOT_ASSESSED), evidence


def _judges() -> Mapping[str, Callable[[Context, Mapping[str, Any]], Evidence]]:
    return {
        "policy": _policy, "check": _check, "freshness": _freshness, "audit": _statement, "attestation": _statement,
    }  # fmt: skip


def _policy(context: Context, entry: Mapping[str, Any]) -> Evidence:
    name = entry["policy"]
    what = Inline((Text("Policy"), context.reference(("Policy",), name)), " ")
    outcomes = context.outcomes_of_policy.get(name, [])
    if not outcomes:
        return Evidence(what, NOT_ASSESSED, "matched no record")
    tally = {status: sum(1 for o in outcomes if o.status == status) for status in ("pass", "fail", "error", "waived")}
    waived = f", {tally['waived']:,} waived" if tally["waived"] else ""
    why = f"{tally['pass']:,} of {words.count(len(outcomes), 'record')} pass{waived}"
    if tally["fail"]:
        return Evidence(what, NOT_SATISFIED, f"{why}, {tally['fail']:,} fail")
    if tally["error"]:
        return Evidence(what, NOT_ASSESSED, f"{why}, {tally['error']:,} could not be evaluated")
    return Evidence(what, SATISFIED, why)


def _check(context: Context, entry: Mapping[str, Any]) -> Evidence:
    name = entry["check"]
    what = Inline((Text("Check"), Code(name)), " ")
    if name not in built_in_rules():
        return Evidence(what, NOT_ASSESSED, "there is no such check")
    found = [f for f in context.validation.findings if f.rule == name and f.severity is not Severity.INFO]
    waived = sum(1 for finding in found if finding.waiver)
    if len(found) > waived:
        return Evidence(what, NOT_SATISFIED, words.count(len(found) - waived, "finding"))
    return Evidence(what, SATISFIED, f"no finding, {waived:,} waived" if waived else "no finding")


def _freshness(context: Context, entry: Mapping[str, Any]) -> Evidence:
    kind, age = entry["kind"], parse_duration(entry["maxAge"])
    known = context.registry.get(kind)
    what: Value = Text(f"{known.title_plural if known else kind} renewed within {words.length(age)}")
    if "field" not in entry:
        return Evidence(what, NOT_ASSESSED, "the history of the records is not at hand")
    pointer = parse_pointer(entry["field"])
    records = context.catalogue.of_kind(kind)
    dated = [(record, _when(context, get(record.data, pointer))) for record in records]
    known_dates = [(record, when) for record, when in dated if when is not None]
    if not known_dates:
        return Evidence(what, NOT_ASSESSED, f"no record carries {entry['field']}")
    old = [record for record, when in known_dates if context.now - when > age]
    without = len(dated) - len(known_dates)
    silent = f"; {words.count(without, 'record')} without a date left out" if without else ""
    if old:
        return Evidence(what, STALE, f"{len(old):,} of {len(known_dates):,} are older{silent}")
    return Evidence(what, SATISFIED, f"all {len(known_dates):,} that carry a date are recent{silent}")


def _when(context: Context, value: object) -> Any:
    day = words.as_date(value)
    return words.start_of(day, context.tz) if day else words.as_instant(value)


def _statement(context: Context, entry: Mapping[str, Any]) -> Evidence:
    """An audit or an attestation: good for as long as it says itself."""
    said = [Text(words.human(entry["type"]))]
    parts: list[Value] = [*said]
    if entry.get("by"):
        parts += [Text("by"), context.reference(("Person",), entry["by"])]
    if entry.get("url"):
        parts.append(Link("(evidence)", entry["url"], external=True))
    what = Inline(tuple(parts), " ")
    on, until = words.as_date(entry.get("on")), words.as_date(entry.get("validUntil"))
    statement = words.plain(entry.get("statement", ""), 160)
    if on is None or on > context.today:
        return Evidence(what, NOT_ASSESSED, "has not taken place yet")
    told = f"on {words.day(on)}" + (f": {statement}" if statement else "")
    if entry.get("result") == "failed":
        return Evidence(what, NOT_SATISFIED, f"failed {told}")
    if until is None:
        return Evidence(what, STALE, f"{told} (it says no end, so it cannot be relied on)")
    if until <= context.today:
        return Evidence(what, STALE, f"{told} (no longer valid since {words.day(until)})")
    return Evidence(what, SATISFIED, f"{told} (valid until {words.day(until)})")
