"""The page of a change model: what it pre-authorises, within which limits, and how it has done."""

from __future__ import annotations

from itsm_as_code.measures.suspension import suspension
from itsm_as_code.records.catalogue import Record
from itsm_as_code.site.kinds import change
from itsm_as_code.site.views import state, words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.record import RecordPage
from itsm_as_code.site.views.values import Items, Page, Prose, Section, Table, Text, Value


def page(context: Context, record: Record, now: state.Now) -> Page:
    """The page of a change model: what it pre-authorises, within which limits, and how it has done."""
    made = RecordPage(context, record)
    spec = record.spec
    made.add("steps", "Steps", Items(tuple(Prose(step) for step in spec["steps"]), ordered=True))
    made.add("backout", "Back-out plan", change.steps(made, spec["backout"], "backout"))
    made.parts(test="Test", fixed="Fixed fields", allowed="Fields that a change may set", suspension="Suspension rule")
    uses = sorted(
        context.changes_by.get(record.name, ()),
        key=lambda c: (str(c.spec.get("schedule", {}).get("start", "")), c.name),
        reverse=True,
    )
    rows = tuple(change.row(context, item) for item in uses[:20])
    counts = Text(f"{words.count(len(uses), 'change')} on record." + (" The latest 20:" if len(uses) > 20 else ""))
    made.add(
        "changes",
        "Changes by this model",
        counts,
        Table("Changes by this model", change.HEADERS, rows, empty="None yet"),
    )
    expires = words.as_date(spec["preAuthorisation"].get("expires"))
    over = expires is not None and expires <= context.today
    by_rule = suspension(record.name, context.validation.facts, context.now)
    suspended = spec.get("suspended") is True or by_rule is not None
    word = "Suspended" if suspended else "Pre-authorisation has expired" if over else "Pre-authorised"
    facts: list[tuple[str, Value]] = [("Owner", made.field("owner")), ("Services", made.field("services"))]
    authorised = spec["preAuthorisation"]
    facts += [
        ("Authorised by", context.reference("Person", authorised["by"])),
        ("Authorised on", words.day_value(authorised["on"])),
        ("Until", words.last_day_value(authorised["expires"])),
        ("Highest risk", made.field("maxRisk")),
        ("Outage", change.outage(spec.get("outage"))),
    ]
    facts += made.stated(leadTime="Lead time")
    if "suspendedReason" in spec:
        made.sections.insert(0, Section("suspended", "Why it is suspended", (Prose(spec["suspendedReason"]),)))
    if by_rule is not None:
        failures = context.references("Change", by_rule.failures)
        why = Text(f"These changes failed, too many for its suspension rule ({by_rule.within}).")
        ends = Text(f"By itself it is in force again {words.relative(by_rule.until, context.now)}.")
        made.sections.insert(0, Section("suspended-by-rule", "Why it is suspended", (why, failures, ends)))
    badge = context.status("expired" if suspended or over else "active", word)
    return made.finish(lead=spec["summary"], statuses=(badge,), facts=tuple(facts))
