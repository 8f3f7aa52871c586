"""The page of a change: what, when, how risky, by which plan, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from itsm_as_code.records.catalogue import Record
from itsm_as_code.records.kinds import Kind
from itsm_as_code.records.taken_over import is_taken_over
from itsm_as_code.site.views import approval, feed, listing, state, verdicts, words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.record import RecordPage
from itsm_as_code.site.views.values import (
    Code,
    Fields,
    Inline,
    Items,
    Link,
    Missing,
    Page,
    Prose,
    Row,
    Said,
    Table,
    Text,
    Tone,
    Value,
)

_MOST_ROWS = 200
_LETTERS = 19
"""Of a digest: its algorithm and twelve digits."""
_SHOWN = frozenset({
    "type", "model", "services", "requester", "implementers", "summary", "justification", "risk", "schedule",
    "actual", "outage", "implementation", "test", "backout", "communication", "status", "validation", "result",
    "review", "recordedAfterwards", "rejection", "takenOver",
})  # fmt: skip
TONES: Mapping[str, Tone] = {
    "implemented": "good", "reviewed": "good", "successful": "good", "backed-out": "bad",
    "implementing": "warn", "successful-with-issues": "warn", "authorised": "info", "scheduled": "info",
}  # fmt: skip


def page(context: Context, record: Record, now: state.Now) -> Page:
    made = RecordPage(context, record)
    spec = record.spec
    made.add("why", "Why", Prose(spec["justification"]) if "justification" in spec else None)
    approval.add(made)
    if not is_taken_over(record.data):
        _risk(made)
    _affected(made, now)
    made.add("plan", "Implementation plan", _plan(made, "implementation"))
    made.part("test", "Test", "test")
    made.add("backout", "Back-out plan", _plan(made, "backout"))
    made.part("communication", "Communication", "communication")
    _outcome(made)
    _deployed(made)
    _caused(made)
    rest = made.display.fields(made.display.root, {k: v for k, v in spec.items() if k not in _SHOWN}).rows
    if rest:
        made.add("related", "Related records", Fields(rest))
    statuses = [context.status(record.spec["status"])]
    if spec.get("result", spec["status"]) != spec["status"]:
        statuses.append(context.status(spec["result"]))
    if now.phase(record) == "overdue":
        statuses.append(context.status("expired", "Window has passed"))
    if spec.get("recordedAfterwards") is True:
        statuses.append(context.status("expired", "Exception: recorded afterwards"))
    return made.finish(lead=spec.get("summary"), statuses=tuple(statuses), facts=_facts(made, now), progress=True)


def _facts(made: RecordPage, now: state.Now) -> tuple[tuple[str, Value], ...]:
    context, spec = made.context, made.spec
    planned = state.schedule(made.record)
    window: Value = Missing("Not scheduled")
    if planned:
        window = words.span(planned.start, planned.end, context.tz)
        if now.phase(made.record) not in ("past", "stopped"):  # else the page would be another one every day
            window = Inline((window, Text(words.stands(planned, context.now))), " · ")
    facts: list[tuple[str, Value]] = [("Services", made.field("services")), ("Window", window)]
    if "actual" in spec:
        start, end = words.as_instant(spec["actual"].get("start")), words.as_instant(spec["actual"].get("end"))
        if start:
            facts.append(("Took place", words.span(start, end, context.tz)))
    facts.append(("Outage", outage(spec.get("outage"))))
    facts.append(("Type", made.field("type")))
    facts += made.stated(model="Model")
    facts.append(("Requester", made.field("requester")))
    facts.append(("Implementers", made.field("implementers")))
    return tuple(facts)


def outage(planned: object) -> Value:
    if not isinstance(planned, dict):
        return Missing()
    expected = {"none": "None expected", "degraded": "Degraded service", "full": "Full outage"}
    said = expected.get(str(planned.get("expected")), words.human(str(planned.get("expected"))))
    minutes = planned.get("minutes")
    return Text(f"{said}, up to {words.count(minutes, 'minute')}" if minutes else said)


def _risk(made: RecordPage) -> None:
    """The risk that counts, how it was reckoned, and what the record declares."""
    context = made.context
    risk = context.validation.risk_of(made.record)
    declared: Value = context.status(risk.declared) if risk.declared else Missing("None declared")
    rows: list[tuple[str, Value]] = [
        ("Risk", context.status(risk.level)),
        ("Derived", context.status(risk.derived)),
        ("Declared", declared),
        ("Likelihood", Text(words.human(risk.likelihood))),
        ("Impact", Text(words.human(risk.impact))),
    ]
    factors = tuple(
        Row.of(
            Text(words.human(f.name)),
            Text(words.human(f.dimension)),
            Text(f.value),
            Text(str(f.points)),
            Code(f.source),
        )
        for f in risk.factors
    )
    table = Table("How the risk was derived", ("Factor", "Counts towards", "Found", "Points", "Source"), factors)
    made.add("risk", "Risk", Fields(tuple(rows)), table if factors else None)


def _affected(made: RecordPage, now: state.Now) -> None:
    """The services changed, then those that fail when these do, nearest first."""
    context = made.context
    direct = made.spec["services"]
    found = [(name, "Changed directly") for name in direct]
    for name, (distance, _) in context.validation.facts.graph.dependents(*direct).items():
        found.append((name, f"Hard-depends on it, {words.count(distance, 'step')} away"))
    rows = []
    for name, how in found[:_MOST_ROWS]:
        service = context.catalogue.get("Service", name)
        if service is not None:
            owner, tier = context.reference("Team", service.spec["owner"]), Text(str(service.spec["tier"]))
            rows.append(Row.of(context.link(service), Text(how), tier, owner, now.of_service(service)))
    table = Table("Services affected", ("Service", "How", "Tier", "Owner", "Status now"), tuple(rows))
    rest = Text(f"and {len(found) - _MOST_ROWS:,} more, further away.") if len(found) > _MOST_ROWS else None
    made.add("affected", "Services affected", table, rest)


def _plan(made: RecordPage, key: str) -> Value:
    """Steps in order, then what else the plan says; a standard change takes both from its model."""
    plan = made.spec.get(key)
    if not plan:
        model = made.spec.get("model")
        if model:
            return Inline((Text("As in the model"), made.context.reference("ChangeModel", model)), " ")
        return Missing("No plan is recorded.")
    return steps(made, plan, key)


def steps(made: RecordPage, plan: dict[str, object], *path: str) -> Value:
    """An ordered list of steps with the other fields of the plan beside it."""
    written = plan.get("steps")
    listed = (
        Items(tuple(Prose(str(step)) for step in written), ordered=True) if isinstance(written, list) else Missing()
    )
    rest: list[tuple[str, Value]] = [("Steps", listed)]
    for term, said in made.display.fields(made.display.at(*path), plan, skip=("steps",)).rows:
        rest.append((term, Inline((said, Text("minutes")), " ") if term == "Minutes" else said))
    return Fields(tuple(rest))


def _deployed(made: RecordPage) -> None:
    """What signed statements say was deployed under the change."""
    found = made.context.deployed(made.record.name)
    title, tz = "Deployments", made.context.tz
    if found and not isinstance(found, str):
        rows = tuple(
            Row.of(
                words.span(ran.start, ran.end, tz),
                made.context.reference("Service", ran.service),
                Text(ran.environment),
                Code(
                    ran.artifact
                    if len(ran.artifact) <= _LETTERS
                    else f"{ran.artifact[:_LETTERS]}\N{HORIZONTAL ELLIPSIS}"
                ),
                made.context.status(ran.result),
                Said(ran.by),
                verdicts.all_of(wrong.message for wrong in one.findings) if one.findings else Text("Yes"),
            )
            for one in found[:_MOST_ROWS]
            for ran in (one.ran,)
        )
        more = Text(f"and {len(found) - _MOST_ROWS:,} more") if len(found) > _MOST_ROWS else None
        headers = ("When", "Service", "Environment", "Artifact", "Result", "Deployed by", "Covered by the change")
        note = Inline((Text("By signed statements; to check them:"), Code("itsm audit deployments")), " ")
        made.add("deployments", title, Table(title, headers, rows), more, note)
    elif "actual" in made.spec and not is_taken_over(made.record.data):
        why = Missing(f"Not known: {found}.") if isinstance(found, str) else Text("No signed statement names it.")
        made.add("deployments", title, why)


def _caused(made: RecordPage) -> None:
    """Incidents that name this change as their cause."""
    context = made.context
    rows = tuple(
        Row.of(
            context.link(incident),
            context.status(incident.spec["status"]),
            words.instant_value(incident.spec["detectedAt"], context.tz),
            context.references("Service", incident.spec["services"]),
        )
        for incident in state.newest(context.caused_by.get(made.record.name, ()), "detectedAt")
    )
    if rows:
        headers = ("Incident", "Status", "Detected", "Services")
        made.add("caused", "Incidents that it caused", Table("Incidents that it caused", headers, rows))
    elif "actual" in made.spec:
        made.add("caused", "Incidents that it caused", Text("None names it as its cause."))


def _outcome(made: RecordPage) -> None:
    made.part("validation", "Validation", "validation")
    made.part("review", "Review", "review")
    if "review" in made.spec:
        return
    context = made.context
    due = context.reviews_due.get(made.record.name)
    if due is not None:
        made.add("review", "Review", Inline((Text("Not reviewed yet; due by"), words.moment(due, context.tz)), " "))
    elif made.record.spec["status"] in ("implemented", "backed-out", "failed"):
        made.add("review", "Review", Missing("Not reviewed yet."))


HEADERS = ("Change", "When", "Services", "Type", "Status")


def row(context: Context, change: Record) -> Row:
    """A change in a list."""
    spec = change.spec
    planned = state.occupied(change)
    when: Value = words.span(planned.start, planned.end, context.tz) if planned else Missing("No window")
    services = context.references("Service", spec["services"])
    shown: Value = context.status(change.spec["status"])
    if spec.get("result", "successful") not in ("successful", spec["status"]):
        shown = Inline((shown, context.status(spec["result"])), " ")
    facets = (("type", words.human(spec["type"])), ("status", words.human(spec["status"])))
    link = Link(change.title, context.page("Change", change.name) or "")
    return Row.of(link, when, services, Text(words.human(spec["type"])), shown, facets=facets)


_PHASES = (
    ("now", "In progress"), ("overdue", "Window has passed, not finished"), ("next", "Forward schedule"),
    ("unplanned", "Not yet scheduled"), ("past", "Past"), ("stopped", "Rejected or cancelled"),
)  # fmt: skip


def lists(context: Context, kind: Kind, now: state.Now) -> Iterator[Page]:
    records = [(title, record) for phase, title in _PHASES for record in now.changes[phase]]
    facets = {"type": "Type", "status": "Status"}
    return listing.listed(context, kind, HEADERS, row, records, facets, feed.offers(context))
