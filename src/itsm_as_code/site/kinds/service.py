"""The page of a service: first what a customer wants to know, then how it is built and run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from itsm_as_code.records.catalogue import Record
from itsm_as_code.service_levels import error_budgets
from itsm_as_code.site.kinds.team import leads
from itsm_as_code.site.views import error_budget, feed, hours, outlook, service_figures, state, words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.promises import in_force, objectives, promise, window
from itsm_as_code.site.views.record import RecordPage
from itsm_as_code.site.views.values import (
    Fields,
    Inline,
    Link,
    Missing,
    Node,
    Page,
    Picture,
    Prose,
    Row,
    Table,
    Text,
    Value,
    inline,
    text,
)

_RECENT = 20
_MOST_ROWS = 400


def page(context: Context, record: Record, now: state.Now) -> Page:
    made = RecordPage(context, record)
    spec = record.spec
    _customer_part(made, now)
    _dependencies(made, now)
    made.add("people", "Who answers for it", _people(made))
    made.part("capacity", "Capacity", "capacity")
    made.add("headroom", "Headroom", service_figures.capacity(record), level=3)
    _availability(made)
    feasible = service_figures.feasibility(context, record)
    made.add("feasibility", "Can the promised availability be kept", feasible)
    made.part("continuity", "Continuity", "continuity")
    made.part("security", "Security", "security")
    made.part("failures", "Failure scenarios", "failureScenarios")
    made.part("integrations", "Integrations", "integrations")
    made.add("cost", "Cost", _cost(made), service_figures.cost(context, record))
    _contracts(made)
    _documents(made)
    _history(made)
    facts: list[tuple[str, Value]] = [
        ("Owner", made.field("owner")),
        ("Get help", _help_line(made)),
        ("Hours", _calendar(made.context, spec.get("hours"))),
        ("Promised availability", _promised(made)),
        ("Error budget", error_budget.worst(context, record)),
        ("Next planned change", outlook.next_change(context, record, now)),
        ("Next free maintenance window", outlook.free_window(context, record, now)),
        ("Tier", Text(f"{spec['tier']} of 4" + (" (most critical)" if spec["tier"] == 1 else ""))),
        ("Type", made.field("type")),
        ("Portfolio stage", made.field("stage")),
    ]
    if "partOf" in spec:
        facts.append(("Part of", made.field("partOf")))
    statuses = (now.of_service(record), state.status(spec["lifecycle"]))
    return made.finish(statuses=statuses, facts=tuple(facts), contents=True)


def _customer_part(made: RecordPage, now: state.Now) -> None:
    spec = made.spec
    rows: list[tuple[str, Value]] = []
    for key, title in (("consumers", "Who it is for"), ("outcomes", "What it achieves")):
        if key in spec:
            rows.append((title, made.field(key)))
    value = Prose(spec["valueProposition"]) if "valueProposition" in spec else None
    made.add("about", "What you get", value, Fields(tuple(rows)) if rows else None)
    support = dict(spec.get("support", {}))
    answered = support.pop("hours", spec.get("hours"))
    if support:
        told = made.display.fields(made.display.at("support"), support).rows
        made.add("help", "Getting help", Fields((*told, ("Answered", _calendar(made.context, answered)))))
    else:
        made.add("help", "Getting help", Missing("No support channel is recorded."))
    made.add("promises", "What is promised", *_promises(made))
    budgets = error_budgets(made.context.validation.facts, made.record.name, made.context.now)
    stopped = error_budget.stopped(made.context, budgets)
    made.add("budget", "Error budget", stopped, error_budget.table(made.context, budgets) if budgets else None, level=3)
    _status_part(made, now)
    offer = feed.offer(made.context, made.record.title, "Service", made.record.name)
    made.add("planned", "Planned", *_planned(made, now), offer)


def _status_part(made: RecordPage, now: state.Now) -> None:
    incidents = [i for i in now.open_incidents if made.record.name in i.spec["services"]]
    said: list[Value] = []
    via = now.affected.get(made.record.name)
    if via and made.record.name not in now.outages:
        said.append(Inline((Text("It may be affected by way of"), made.context.reference(("Service",), via)), " "))
    rows = [
        Row(
            (
                made.context.link(i),
                state.status(i.spec["status"]),
                words.instant_value(i.spec["detectedAt"], made.context.tz),
            )
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


def _help_line(made: RecordPage) -> Value:
    support = made.spec.get("support")
    if not support:
        return Missing("No support channel")
    channel = str(support["channel"])
    address = support.get("url") or (f"mailto:{support['email']}" if support.get("email") else "")
    return Link(channel, address, external=True) if address else Text(channel)


def _promised(made: RecordPage) -> Value:
    """The availability that customers are promised, with a link to the agreement; else any agreement in force."""
    agreements = [a for a in made.context.agreements_of.get(made.record.name, ()) if in_force(made.context, a)]
    agreements.sort(key=lambda a: (("sla", "ola", "underpinning").index(a.spec["type"]), a.name))
    for agreement in agreements:
        for objective in agreement.spec["objectives"]:
            if objective["indicator"] == "availability":
                said = Text(f"{promise(objective)}, {window(objective)}")
                return Inline((said, made.context.link(agreement)), " · ")
    return inline([made.context.link(agreement) for agreement in agreements], "No agreement in force")


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
    for change in now.next_changes(record.name):
        planned = state.schedule(change)
        when: Value = words.span(planned.start, planned.end, context.tz) if planned else Missing("No window")
        outage = change.spec.get("outage", {}).get("expected")
        rows.append(
            Row(
                (
                    context.link(change),
                    when,
                    state.status(change.spec["status"]),
                    outlook.risk(context, change),
                    text(outage and words.human(outage)),
                )
            )
        )
    said: list[Value] = [
        Table("Planned changes", ("Change", "When", "Status", "Risk", "Outage"), tuple(rows), "No change is planned.")
    ]
    calendar_rows: list[Row] = []
    for name in record.spec.get("maintenanceWindows", ()):
        calendar = context.catalogue.get("Calendar", name)
        found = hours.upcoming(context, calendar) if calendar else None
        when = words.span(found[0].start, found[0].end, context.tz) if found else Missing("Unknown")
        calendar_rows.append(Row((context.reference(("Calendar",), name), Text("Maintenance window"), when)))
    for span, freeze in context.freezes_of(record):
        calendar_rows.append(
            Row((context.link(freeze), Text("Change freeze"), words.span(span.start, span.end, context.tz)))
        )
    if calendar_rows:
        said.append(Table("Maintenance windows and freezes", ("Calendar", "What", "Next"), tuple(calendar_rows)))
    return said


def _node(context: Context, record: Record, hard: bool = True, group: str = "") -> Node:
    detail = f"tier {record.spec['tier']}, {words.human(record.spec['lifecycle']).lower()}"
    if group:
        detail = f"one of: {group}"
    return Node(record.title, detail, context.page("Service", record.name) or "", hard, group)


def _dependencies(made: RecordPage, now: state.Now) -> None:
    context, record = made.context, made.record
    rows: list[Row] = []
    upstream: list[Node] = []
    downstream: list[Node] = []
    needs = [(context.catalogue.get("Service", d["service"]), d) for d in record.spec.get("dependsOn", ())]
    needed: list[tuple[Record | None, Mapping[str, Any]]] = [*context.dependants.get(record.name, ())]
    for direction, pairs, nodes in (("Depends on", needs, upstream), ("Needed by", needed, downstream)):
        for other, dependency in sorted(pairs, key=lambda p: (p[1]["strength"], p[0].title if p[0] else "")):
            hard = dependency["strength"] == "hard"
            group = dependency.get("redundancyGroup", "")
            if other is not None:
                nodes.append(_node(context, other, hard, group if direction == "Depends on" else ""))
            rows.append(_dependency_row(context, now, direction, other, dependency))
    if not rows:
        made.add("dependencies", "Dependencies", Missing("No dependency is recorded."))
        return
    rest = Text(f"{len(rows) - _MOST_ROWS:,} more are not shown.") if len(rows) > _MOST_ROWS else None
    picture = Picture(
        f"Dependencies of {record.title}", _node(context, record), tuple(upstream), tuple(downstream),
        f"{context.page('Service', record.name)}#dependency-table",
    )  # fmt: skip
    made.add("dependencies", "Dependencies", Text(_reading(upstream)), picture)
    headers = ("Service", "Relation", "Strength", "Redundancy", "Owner", "Status now", "Note")
    made.add(
        "dependency-table",
        "Dependencies as a table",
        Table("Dependencies", headers, tuple(rows[:_MOST_ROWS])),
        rest,
        level=3,
    )
    indirect = [
        (name, distance)
        for name, (distance, _) in context.validation.facts.graph.dependents(record.name).items()
        if distance > 1
    ]
    if indirect:
        links = [context.reference(("Service",), name) for name, _ in indirect[:_MOST_ROWS]]
        if len(indirect) > _MOST_ROWS:
            links.append(Text(f"and {len(indirect) - _MOST_ROWS:,} more"))
        words_ = f"{words.count(len(indirect), 'further service')} hard-depend on it by way of others:"
        made.add("indirect", "Indirectly needed by", Text(words_), Inline(tuple(links)), level=3)


def _reading(upstream: list[Node]) -> str:
    groups = sorted({node.group for node in upstream if node.group})
    said = (
        "Solid lines are hard dependencies: without them the service fails. "
        "Dashed ones are soft: it goes on, with less."
    )
    return said + (f" Of each redundancy group ({', '.join(groups)}) one member is enough." if groups else "")


def _dependency_row(
    context: Context, now: state.Now, direction: str, other: Record | None, dependency: Mapping[str, Any]
) -> Row:
    name: Value = context.link(other) if other else Text(dependency["service"])
    owner = context.reference(("Team",), other.spec["owner"]) if other else Missing()
    status: Value = now.of_service(other) if other else Missing("Unknown")
    strength = Text(words.human(dependency["strength"]))
    group, note = text(dependency.get("redundancyGroup"), "None"), text(dependency.get("note"), "")
    return Row((name, Text(direction), strength, group, owner, status, note))


def _people(made: RecordPage) -> Value:
    context = made.context
    owner = context.catalogue.get("Team", made.spec["owner"])
    rows: list[tuple[str, Value]] = [("Owner", made.field("owner"))]
    if owner is not None:
        if leads(owner):
            rows.append(("Lead", inline([context.reference(("Person",), name) for name in leads(owner)])))
        rows.append(("Members", inline([context.reference(("Person",), m) for m in owner.spec["members"]])))
        if "onCall" in owner.spec:
            rows.append(("On call", context.reference(("Calendar",), owner.spec["onCall"])))
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
        Row(
            (
                context.link(agreement),
                Text(words.human(agreement.spec["type"])),
                context.reference(("Team", "Supplier"), agreement.spec["provider"]),
                words.day_value(agreement.spec["effective"].get("from")),
                words.last_day_value(agreement.spec["effective"].get("until"), "Open end"),
                state.status("active", "In force")
                if in_force(context, agreement)
                else state.status("", "Not in force"),
            )
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
    for kind, id_, title, index, pointer in (
        ("Change", "changes", "Changes", context.changes_of, ""),
        ("Incident", "incidents", "Incidents", context.incidents_of, "detectedAt"),
    ):
        if not context.has(kind):
            continue
        records = index.get(name, [])
        if pointer:
            records = state.newest(records, pointer)
        else:
            records = sorted(
                records, key=lambda r: (str(r.spec.get("schedule", {}).get("start", "")), r.name), reverse=True
            )
        rows = [
            Row((context.link(r), state.status(r.spec["status"]), _when(context, r, pointer)))
            for r in records[:_RECENT]
        ]
        headers = (title[:-1], "Status", "Detected" if pointer else "Window")
        more = Text(f"The latest {_RECENT} of {len(records):,}.") if len(records) > _RECENT else None
        made.add(
            id_,
            title,
            Table(
                f"{title} to this service" if not pointer else "Incidents of this service",
                headers,
                tuple(rows),
                empty=f"No {title.lower()} on record.",
            ),
            more,
        )


def _when(context: Context, record: Record, pointer: str) -> Value:
    if pointer:
        return words.instant_value(record.spec.get(pointer), context.tz)
    planned = state.occupied(record)
    return words.span(planned.start, planned.end, context.tz) if planned else Missing("No window")
