"""The page of an incident: what happened to whom, how long it took, and what was done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from itsm_as_code.records.catalogue import Record
from itsm_as_code.records.facts import began
from itsm_as_code.records.kinds import Kind
from itsm_as_code.site.views import listing, state, words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.record import RecordPage
from itsm_as_code.site.views.values import (
    Fields,
    Inline,
    Missing,
    Page,
    Prose,
    Row,
    Status,
    Table,
    Text,
    Tone,
    Value,
    text,
)

_MOMENTS = (
    ("acknowledgedAt", "Acknowledged"), ("restoredAt", "Restored"), ("resolvedAt", "Resolved"), ("closedAt", "Closed"),
)  # fmt: skip
_GRADES = {
    2: ("high", "low"),
    3: ("high", "medium", "low"),
    4: ("very high", "high", "medium", "low"),
    5: ("very high", "high", "medium", "low", "very low"),
}  # fmt: skip
# Red is for severity alone: where an incident is on its way says nothing of it.
TONES: Mapping[str, Tone] = {
    "P1": "bad", "P2": "warn", "P3": "warn", "P4": "info", "P5": "info",
    "acknowledged": "info", "restored": "info",
}  # fmt: skip


def page(context: Context, record: Record, now: state.Now) -> Page:
    made = RecordPage(context, record)
    spec = record.spec
    _times(made)
    _outages(made)
    made.part("timeline", "Timeline", "timeline")
    made.part("communications", "Communications", "communications")
    made.add("workaround", "Workaround", Prose(spec["workaround"]) if "workaround" in spec else None)
    cause = made.stated(
        rootCauseSummary="Root cause", causedBy="Caused by", problem="Problem", resolutionCode="Resolution"
    )
    made.add("cause", "Cause and resolution", Fields(tuple(cause)) if cause else Missing("Not established yet."))
    facts: tuple[tuple[str, Value], ...] = (
        ("Services", made.field("services")),
        ("Priority", _priority(context, spec)),
        ("Impact and urgency", _grades(context, spec)),
        ("Major incident", Text("Yes" if spec.get("major") else "No")),
        ("Assigned to", made.field("assignedTo")),
        ("Reported by", made.field("reportedBy")),
        ("Compliance related", Text("Yes" if spec.get("complianceRelated") else "No")),
    )
    statuses = [context.status(record.spec["status"])]
    if spec.get("major"):
        statuses.append(context.status("high", "Major incident"))
    return made.finish(statuses=tuple(statuses), facts=facts, progress=True)


def _priority(context: Context, spec: Mapping[str, Any]) -> Status:
    priority = spec.get("priority", "")
    return context.status(priority, priority or "Not stated")


def _grades(context: Context, spec: Mapping[str, Any]) -> Value:
    matrix = context.validation.configuration.priority_matrix
    impact, urgency = grade(spec["impact"], matrix.impacts), grade(spec["urgency"], matrix.urgencies)
    return Text(f"{impact} impact, {urgency} urgency")


def grade(value: object, size: int) -> str:
    """A grade in words, of as many as the priority matrix has; 1 is the highest."""
    if not isinstance(value, int) or not 1 <= value <= size:
        return str(value)
    return _GRADES[size][value - 1] if size in _GRADES else f"{value} of {size}"


def _times(made: RecordPage) -> None:
    context, spec = made.context, made.spec
    detected, start = words.as_instant(spec["detectedAt"]), words.as_instant(began(spec))
    rows: list[tuple[str, Value]] = [("Detected", words.instant_value(spec["detectedAt"], context.tz))]
    if "occurredAt" in spec:
        rows.insert(0, ("Occurred", words.instant_value(spec["occurredAt"], context.tz)))
    for key, title in _MOMENTS:
        instant = words.as_instant(spec.get(key))
        if instant and detected:
            after = Text(f"{words.length(instant - detected)} after detection")
            rows.append((title, Inline((words.moment(instant, context.tz), after), " · ")))
        else:
            rows.append((title, Missing("Not yet")))
    resolved = words.as_instant(spec.get("resolvedAt"))
    if resolved and start:
        since = "it occurred" if "occurredAt" in spec else "it was detected"
        rows.append(("Duration", Text(f"{words.length(resolved - start)} since {since}")))
    made.add("times", "Times", Fields(tuple(rows)))


def _outages(made: RecordPage) -> None:
    context = made.context
    rows = []
    for outage in made.spec.get("outages", ()):
        start, end = words.as_instant(outage.get("start")), words.as_instant(outage.get("end"))
        lasted: Value = Missing(
            "No end recorded" if made.spec["status"] in ("resolved", "closed", "cancelled") else "Still on"
        )
        if start and end:
            lasted = Text(words.length(end - start))
        rows.append(
            Row.of(
                context.reference("Service", outage["service"]),
                context.status(outage["kind"], "Full outage" if outage["kind"] == "full" else ""),
                words.span(start, end, context.tz) if start else Missing(),
                lasted,
            )
        )
    table = Table("Outages", ("Service", "Kind", "When", "Lasted"), tuple(rows), empty="No outage is recorded.")
    made.add("outages", "Outages", table)


HEADERS = ("Incident", "Priority", "Services", "Detected", "Restored after", "Status")


def row(context: Context, incident: Record) -> Row:
    """An incident in a list."""
    spec = incident.spec
    start, restored = words.as_instant(began(spec)), words.as_instant(spec.get("restoredAt"))
    took = text(words.length(restored - start)) if start and restored else Missing("Not yet")
    services = context.references("Service", spec["services"])
    facets = (("priority", spec.get("priority", "")), ("status", words.human(spec["status"])))
    return Row.of(
        context.link(incident),
        _priority(context, spec),
        services,
        words.instant_value(spec["detectedAt"], context.tz),
        took,
        context.status(incident.spec["status"]),
        facets=facets,
    )


def lists(context: Context, kind: Kind, now: state.Now) -> Iterator[Page]:
    open_ = {record.name for record in now.open_incidents}
    past = [r for r in state.newest(context.catalogue.of_kind(kind.name), "detectedAt") if r.name not in open_]
    records = [*(("Open", record) for record in now.open_incidents), *(("Resolved", record) for record in past)]
    return listing.listed(context, kind, HEADERS, row, records, {"priority": "Priority", "status": "Status"})
