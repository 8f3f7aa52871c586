"""The page of a service: first what a customer wants to know, then how it is built and run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from itsm_as_code.records.catalogue import Record
from itsm_as_code.records.kinds import Kind
from itsm_as_code.site import addresses
from itsm_as_code.site.kinds import service_level_agreement
from itsm_as_code.site.views import (
    answers,
    arithmetic,
    days,
    dependencies,
    error_budget,
    feed,
    hours,
    listing,
    outlook,
    people,
    scorecards,
    service_figures,
    state,
    words,
)
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.promises import in_force, objectives
from itsm_as_code.site.views.record import RecordPage
from itsm_as_code.site.views.rows import scripts
from itsm_as_code.site.views.values import (
    Fields,
    Inline,
    Key,
    Link,
    Missing,
    Page,
    Prose,
    Row,
    Table,
    Tabs,
    Text,
    Tone,
    Value,
    text,
)

_RECENT = 20
_TABS = (("now", "Now"), ("technical", "Technical"), ("money", "Money"), ("history", "History"))

TONES: Mapping[str, Tone] = {"live": "good", "deprecated": "warn", "design": "info", "transition": "info"}


def page(context: Context, record: Record, now: state.Now) -> Page:
    made = RecordPage(context, record)
    made.tab = "now"
    _customer_part(made, now)
    made.add("glance", "At a glance", Fields(_glance(made, now)))
    made.tab = "technical"
    dependencies.add(made, now)
    made.add("people", "Who answers for it", _people(made))
    made.add("level", "Scorecard", *scorecards.section(context, record))
    made.part("capacity", "Capacity", "capacity")
    made.add("headroom", "Headroom", service_figures.capacity(made.context, record), level=3)
    _availability(made)
    feasible = service_figures.feasibility(context, record)
    made.add("feasibility", "Can the promised availability be kept", feasible)
    made.add("redundancy", "Redundancy at peak", service_figures.redundancy(context, record), level=3)
    made.part("continuity", "Continuity", "continuity")
    made.part("security", "Security", "security")
    made.part("failures", "Failure scenarios", "failureScenarios")
    made.part("integrations", "Integrations", "integrations")
    _documents(made)
    made.tab = "money"
    made.add("cost", "Cost", _cost(made), service_figures.cost(context, record))
    made.part("allocation", "How its cost is shared", "cost", "allocation")
    made.part("worth", "Value", "value")
    _contracts(made)
    made.tab = "history"
    _history(made)
    page = made.finish(statuses=(context.status(record.spec["lifecycle"]),))
    return replace(page, answers=answers.answers(context, record, now), tabs=_TABS)


def _glance(made: RecordPage, now: state.Now) -> tuple[tuple[str, Value], ...]:
    context, record, spec = made.context, made.record, made.spec
    return (
        ("Owner", made.field("owner")),
        ("Hours", _calendar(context, spec.get("hours"))),
        ("Next planned change", outlook.next_change(context, record, now)),
        ("Next free maintenance window", outlook.free_window(context, record, now)),
        ("Tier", Text(f"{spec['tier']} of 4" + (" (most critical)" if spec["tier"] == 1 else ""))),
        ("Type", made.field("type")),
        ("Portfolio stage", made.field("stage")),
        *made.stated(partOf="Part of"),
    )


def _customer_part(made: RecordPage, now: state.Now) -> None:
    spec = made.spec
    rows = made.stated(consumers="Who it is for", outcomes="What it achieves")
    value = Prose(spec["valueProposition"]) if "valueProposition" in spec else None
    made.add("about", "What you get", value, Fields(tuple(rows)) if rows else None)
    support = dict(spec.get("support", {}))
    answered = support.pop("hours", spec.get("hours"))
    if support:
        told = made.display.fields(made.display.at("support"), support).rows
        made.add("help", "Getting help", Fields((*told, ("Answered", _calendar(made.context, answered)))))
    else:
        made.add("help", "Getting help", Missing("No support channel is recorded."))
    made.add("days", f"Last {days.SHOWN} days", *_days(made))
    made.add("promises", "What is promised", *_promises(made))
    worked_out = arithmetic.shown(made.context, made.record)
    made.add(arithmetic.SECTION, "How the availability is worked out", *worked_out, level=3)
    made.add("budget", "Error budget", *error_budget.shown(made.context, made.record), level=3)
    _status_part(made, now)
    offer = feed.offer(made.context, made.record.title, "Service", made.record.name)
    made.add("planned", "Planned", *_planned(made, now), offer)


def _days(made: RecordPage) -> tuple[Value, ...]:
    strip = days.strip(made.context, made.record)
    return Text(words.sentence(strip.summary)), strip, Key("By incident records.")


def _status_part(made: RecordPage, now: state.Now) -> None:
    incidents = now.incidents_of.get(made.record.name, ())
    said: list[Value] = []
    via = now.affected.get(made.record.name)
    if via and made.record.name not in now.outages:
        said.append(Inline((Text("It may be affected by way of"), made.context.reference("Service", via)), " "))
    rows = [
        Row.of(
            made.context.link(i),
            made.context.status(i.spec["status"]),
            words.instant_value(i.spec["detectedAt"], made.context.tz),
        )
        for i in incidents
    ]
    table = Table("Open incidents", ("Incident", "Status", "Detected"), tuple(rows)) if rows else None
    if table is None and not said:
        said.append(Missing("No incident is open."))
    made.add("status", "Status now", *said, table)


def _calendar(context: Context, name: object) -> Value:
    """A calendar's hours in words, with a link; a service without hours is always offered."""
    if not name:
        return Text("Around the clock, every day")
    record = context.catalogue.get("Calendar", str(name))
    if record is None:
        return Text(str(name))
    return Link(hours.summary(context, record.spec), context.page("Calendar", record.name) or "")


def _promises(made: RecordPage) -> list[Value]:
    agreements = [
        a for a in made.context.agreements_of.get(made.record.name, ())
        if a.spec["type"] == "sla" and in_force(made.context, a)
    ]  # fmt: skip
    if not agreements:
        return [Missing("No service level agreement is in force.")]
    return [objectives(made.context, agreement, linked=True) for agreement in agreements]


def _planned(made: RecordPage, now: state.Now) -> list[Value]:
    context, record = made.context, made.record
    rows = []
    for item in now.next_changes(record.name):
        planned = state.schedule(item)
        when: Value = words.span(planned.start, planned.end, context.tz) if planned else Missing("No window")
        outage = item.spec.get("outage", {}).get("expected")
        rows.append(
            Row.of(
                context.link(item),
                when,
                context.status(item.spec["status"]),
                outlook.risk(context, item),
                text(outage and words.human(outage)),
            )
        )
    said: list[Value] = [
        Table("Planned changes", ("Change", "When", "Status", "Risk", "Outage"), tuple(rows), "No change is planned.")
    ]
    calendar_rows: list[Row] = []
    for name in record.spec.get("maintenanceWindows", ()):
        calendar = context.catalogue.get("Calendar", name)
        found = hours.upcoming(context, name) if calendar else None
        when = words.span(found[0].start, found[0].end, context.tz) if found else Missing("Unknown")
        calendar_rows.append(Row.of(context.reference("Calendar", name), Text("Maintenance window"), when))
    for span, freeze in context.freezes_of(record):
        calendar_rows.append(
            Row.of(context.link(freeze), Text("Change freeze"), words.span(span.start, span.end, context.tz))
        )
    if calendar_rows:
        said.append(Table("Maintenance windows and freezes", ("Calendar", "What", "Next"), tuple(calendar_rows)))
    return said


def _people(made: RecordPage) -> Value:
    context = made.context
    owner = context.catalogue.get("Team", made.spec["owner"])
    rows: list[tuple[str, Value]] = [("Owner", made.field("owner"))]
    if owner is not None:
        if people.leads(owner):
            rows.append(("Lead", context.references("Person", people.leads(owner))))
        rows.append(("Members", context.references("Person", owner.spec["members"])))
        if "onCall" in owner.spec:
            rows.append(("On call", context.reference("Calendar", owner.spec["onCall"])))
    return Fields(tuple(rows))


def _availability(made: RecordPage) -> None:
    design = dict(made.spec.get("availability", {}))
    target = design.pop("target", None)
    rows = made.display.fields(made.display.at("availability"), design).rows
    if target is not None:
        rows = (("Target", Text(f"{target} %")), *rows)
    made.add("availability", "Availability design", Fields(rows) if rows else None)


def _cost(made: RecordPage) -> Value | None:
    cost = made.spec.get("cost")
    if not cost:
        return None
    currency, period = cost["currency"], cost["period"]
    rows: list[tuple[str, Value]] = []
    if "fixed" in cost:
        rows.append(("Fixed", Text(f"{words.grouped(cost['fixed'])} {currency} a {period}")))
    if "variable" in cost:
        unit = f" for each {cost['unit']}" if "unit" in cost else ""
        rows.append(("Variable", Text(f"{words.grouped(cost['variable'])} {currency}{unit}")))
    if "chargeModel" in cost:
        rows.append(("Charge model", Text(cost["chargeModel"])))
    return Fields(tuple(rows)) if rows else None


def _contracts(made: RecordPage) -> None:
    context = made.context
    rows = [
        Row.of(
            context.link(agreement),
            Text(words.human(agreement.spec["type"])),
            context.reference(("Team", "Supplier"), agreement.spec["provider"]),
            words.day_value(agreement.spec["effective"].get("from")),
            words.last_day_value(agreement.spec["effective"].get("until"), "Open end"),
            context.status("active", "In force")
            if in_force(context, agreement)
            else context.status("", "Not in force"),
        )
        for agreement in context.agreements_of.get(made.record.name, ())
    ]
    headers = ("Agreement", "Type", "Provider", "From", "Until", "State")
    table = Table("Agreements", headers, tuple(rows), empty="There is no agreement about this service.")
    suppliers = Fields((("Suppliers", made.field("suppliers")),)) if made.spec.get("suppliers") else None
    made.add("agreements", "Agreements and suppliers", table, suppliers)


def _documents(made: RecordPage) -> None:
    rows: list[tuple[str, Value]] = []
    for key, title in (
        ("runbook", "Runbook"),
        ("documents", "Documents"),
        ("dashboards", "Dashboards"),
        ("repositories", "Repositories"),
    ):
        if made.spec.get(key):
            rows.append((title, made.field(key)))
    if rows:
        made.add("documents", "Documents", Fields(tuple(rows)))


def _history(made: RecordPage) -> None:
    context, name = made.context, made.record.name
    by_window = lambda r: (str(r.spec.get("schedule", {}).get("start", "")), r.name)  # noqa: E731
    changes = sorted(context.changes_of.get(name, ()), key=by_window, reverse=True)
    shown = [Row.of(context.link(r), context.status(r.spec["status"]), _window(context, r)) for r in changes[:_RECENT]]
    _latest(made, "Change", "Changes to this service", "Window", shown, len(changes))
    incidents = state.newest(context.incidents_of.get(name, ()), "detectedAt")
    tz = context.tz
    shown = [
        Row.of(context.link(r), context.status(r.spec["status"]), words.instant_value(r.spec["detectedAt"], tz))
        for r in incidents[:_RECENT]
    ]
    _latest(made, "Incident", "Incidents of this service", "Detected", shown, len(incidents))


def _latest(made: RecordPage, kind: str, caption: str, when: str, rows: list[Row], total: int) -> None:
    if made.context.has(kind):
        title, headers = f"{kind}s", (kind, "Status", when)
        table = Table(caption, headers, tuple(rows), empty=f"No {title.lower()} on record.")
        more = Text(f"The latest {_RECENT} of {total:,}.") if total > _RECENT else None
        made.add(title.lower(), title, table, more)


def _window(context: Context, change: Record) -> Value:
    planned = state.occupied(change)
    return words.span(planned.start, planned.end, context.tz) if planned else Missing("No window")


HEADERS = ("Service", "Status now", "Tier", "Owner", "Type", "Lifecycle", "Agreement")
_VIEWS = (
    ("", "By type"), ("by_tier", "By tier"), ("by_owner", "By owner"), ("by_lifecycle", "By lifecycle"),
)  # fmt: skip
_FACETS = {"tier": "Tier", "owner": "Owner", "type": "Type", "lifecycle": "Lifecycle"}
_TYPES = {
    "business": "Business services",
    "application": "Applications",
    "infrastructure": "Infrastructure",
    "supplier": "Bought from suppliers",
}


def _keys(kind: Kind, rows: Mapping[str, Row]) -> dict[str, Callable[[Record], tuple[object, str]]]:
    """What each view orders services by, and the title of the group."""
    types = list(_TYPES)
    lifecycles = list((kind.lifecycle or {}).get("transitions", ()))
    return {
        "": lambda r: (
            types.index(r.spec["type"]) if r.spec["type"] in types else len(types),
            _TYPES.get(r.spec["type"], words.human(r.spec["type"])),
        ),
        "by_tier": lambda r: (r.spec["tier"], f"Tier {r.spec['tier']}"),
        "by_owner": lambda r: (dict(rows[r.name].facets)["owner"],) * 2,
        "by_lifecycle": lambda r: (
            lifecycles.index(r.spec["lifecycle"]) if r.spec["lifecycle"] in lifecycles else len(lifecycles),
            words.human(r.spec["lifecycle"]),
        ),
    }


def lists(context: Context, kind: Kind, now: state.Now) -> Iterator[Page]:
    """The services, grouped by type, tier, owner or lifecycle: a page each, so that no script is needed."""
    records = listing.by_title(context.catalogue.of_kind(kind.name))
    rows = {record.name: _row(context, record, now) for record in records}
    index = f"{addresses.folder(kind)}/index_rows" if len(rows) > listing.PAGE_SIZE else ""
    filter_ = listing.choices(rows.values(), _FACETS, index)
    views = (*_VIEWS, listing.BY_TITLE) if index else _VIEWS
    keys = _keys(kind, rows)
    for view, title in views:
        tabs = Tabs("Group services", tuple((Link(t, addresses.list_page(kind, v)), v == view) for v, t in views))
        blank = listing.blank(kind, (tabs, filter_))
        if view:
            blank = replace(blank, title=f"{kind.title_plural} {title.lower()}")
        address = lambda n, view=view: addresses.list_page(kind, view, n)  # noqa: E731
        if view not in keys:
            headers = (HEADERS[0], *_FACETS.values())
            yield from listing.plainly(address, blank, [*rows.values()], "title", headers, kind.title_plural)
            continue
        key = keys[view]
        ordered = sorted(
            records,
            key=lambda r: (
                key(r)[0] == "",
                key(r)[0],
                r.spec["lifecycle"] == "retired",
                r.spec["tier"],
                r.title.casefold(),
            ),
        )
        grouped = [(key(record)[1], rows[record.name]) for record in ordered]
        first, *more = listing.paged(
            address, blank, grouped, HEADERS, kind.title_plural, "No service is recorded.", exported=not view
        )
        if index and not view:
            first = replace(
                first, files=(*first.files, *scripts(index, HEADERS, [row for _, row in grouped], list(_FACETS)))
            )
        yield first
        yield from more


def _row(context: Context, record: Record, now: state.Now) -> Row:
    spec = record.spec
    owner = context.catalogue.get("Team", spec["owner"])
    agreements: list[Value] = [
        context.link(a) for a in context.agreements_of.get(record.name, ())
        if not service_level_agreement.standing(context, a).word.startswith("Ended")
    ]  # fmt: skip
    shown: Value = Missing("None")
    if agreements:
        shown = agreements[0]
    return Row.of(
        context.link(record),
        now.of_service(record),
        Text(str(spec["tier"])),
        context.reference("Team", spec["owner"]),
        Text(words.human(spec["type"])),
        Text(words.human(spec["lifecycle"])),
        shown,
        facets=(
            ("tier", str(spec["tier"])),
            ("owner", owner.title if owner else spec["owner"]),
            ("type", words.human(spec["type"])),
            ("lifecycle", words.human(spec["lifecycle"])),
        ),
    )
