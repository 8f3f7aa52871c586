"""What everybody asks of a service first: does it work, was its promise kept, what is coming, and who helps now."""

from __future__ import annotations

from datetime import datetime, timedelta

from itsm_as_code.clock import Interval
from itsm_as_code.measures.on_call import on_duty, shifts
from itsm_as_code.records.catalogue import Record
from itsm_as_code.records.facts import began
from itsm_as_code.site.views import arithmetic, error_budget, hours, news, promises, state, weekend, words
from itsm_as_code.site.views.context import Context, remembered
from itsm_as_code.site.views.values import Answer, Inline, Link, Missing, Said, Text, Value

_SHOWN = 3


def answers(context: Context, service: Record, now: state.Now) -> tuple[Answer, ...]:
    """The four of them, in the order in which they are asked."""
    return (
        _working(context, service, now),
        _kept(context, service),
        _coming(context, service, now),
        _help(context, service),
    )


def _working(context: Context, service: Record, now: state.Now) -> Answer:
    details: list[Value] = []
    incidents = now.incidents_of.get(service.name, [])
    for incident in sorted(incidents, key=lambda i: i.spec["status"] == "restored")[:_SHOWN]:
        start = words.as_instant(began(incident.spec))
        since: tuple[Value, ...] = (Text("since"), words.moment(start, context.tz)) if start else ()
        details.append(Inline((Link(news.told(incident).rstrip("."), context.link(incident).href), *since), " "))
        advice = incident.spec.get("customerNotice", {}).get("advice")
        if advice and incident.spec["status"] != "restored":
            details.append(Said(str(advice)))
    note = news.note(context, now, service)
    if note and not incidents:
        details.append(Said(words.sentence(note)))
    via = now.affected.get(service.name)
    if via:
        details.append(Inline((Text("It stands on"), context.reference("Service", via)), " "))
    return Answer("Is it working?", now.of_service(service), tuple(details))


def _kept(context: Context, service: Record) -> Answer:
    question = "Was the promise kept?"
    try:
        found = error_budget.budgets(context, service)
        now, before = arithmetic.now_and_before(context, service.name)
    except ValueError as error:
        return Answer(question, Missing("Unknown"), (Text(words.sentence(str(error))),))
    if not found or now is None:
        return Answer(question, Missing("No availability is promised"))
    objective = promises.objective_of(
        context.catalogue.get("ServiceLevelAgreement", found[0].agreement), found[0].objective
    )
    window = promises.window(objective) if objective else ""
    promised = Text(f"of {found[0].target_text} % promised, {window}.")
    link = Link("Arithmetic", f"{context.page('Service', service.name) or ''}#{arithmetic.SECTION}")
    details: list[Value] = [
        Inline((error_budget.verdict(found[0]), promised), " "),
        Inline((error_budget.used(found[0]), Text("of downtime used."), link), " "),
    ]
    if before is not None:
        said = Text(
            f"{arithmetic.percent(before)} in the {arithmetic.quarter_in_words(arithmetic.last_quarter(context))}:"
        )
        details.append(Inline((said, arithmetic.met(before)), " "))
    return Answer(question, Text(arithmetic.percent(now)), tuple(details), is_figure=True)


def _coming(context: Context, service: Record, now: state.Now) -> Answer:
    question = "What is coming?"
    changes = now.next_changes(service.name)
    details: list[Value] = []
    big: Value = Text("No change is planned")
    for at, change in enumerate(changes[:_SHOWN]):
        window = state.schedule(change)
        when: Value = words.span(window.start, window.end, context.tz) if window else Missing("No window")
        if not at:
            effect = "Nothing will be noticed"
            if weekend.expects_outage(change):
                others = [c for c in news.customer_services(context) if c.name != service.name]
                effect = weekend.effect(change, weekend.noticed_by(context, change, [service, *others]))
            big = when
            details.append(Inline((context.link(change), Text(words.sentence(effect))), ": "))
        else:
            details.append(Inline((Text("Then"), context.link(change), when), " "))
    for span, freeze in context.freezes_of(service)[:1]:
        details.append(Inline((context.link(freeze), words.span(span.start, span.end, context.tz)), ", "))
    return Answer(question, big, tuple(details))


def _help(context: Context, service: Record) -> Answer:
    support = service.spec.get("support")
    big: Value = Missing("No support channel")
    details: list[Value] = []
    if support:
        address = support.get("url") or (f"mailto:{support['email']}" if support.get("email") else "")
        big = Link(str(support["channel"]), address, external=True) if address else Said(str(support["channel"]))
        answered = support.get("hours", service.spec.get("hours"))
        calendar = context.catalogue.get("Calendar", str(answered)) if answered else None
        details.append(Text(hours.summary(context, calendar.spec) if calendar else "Around the clock, every day"))
    offerings = [record for record in context.offerings_of.get(service.name, ()) if record.spec["active"]]
    if offerings:
        links = tuple(context.link(record) for record in offerings[:_SHOWN])
        details.append(Inline((Text("Order:"), Inline(links)), " "))
    details += _awake(context, service)
    return Answer("How do I get help, and who is awake?", big, tuple(details))


def _awake(context: Context, service: Record) -> list[Value]:
    """Who is on call now for the team of a service, else for the first to which an agreement escalates."""
    owner = context.catalogue.get("Team", service.spec["owner"])
    said: list[Value] = [Inline((Text("Owner:"), context.reference("Team", service.spec["owner"])), " ")]
    for role, team in (
        ("On call", owner),
        *(("On call for escalations", team) for team in _escalation(context, service)),
    ):
        rota = team.spec.get("onCall") if team is not None else None
        if not rota:
            continue
        found = on_call(context, rota)
        if found is None:
            return [*said, Missing("Who is on call cannot be read")]
        people, until = found
        names = context.references("Person", people, "nobody")
        end = (Text("until"), words.moment(until, context.tz)) if until else ()
        return [*said, Inline((Text(f"{role}:"), names, *end), " ")]
    return [*said, Missing("Nobody is on call for it")]


def _escalation(context: Context, service: Record) -> list[Record]:
    found = []
    for agreement in context.agreements_of.get(service.name, ()):
        for step in agreement.spec.get("escalation", ()):
            team = context.catalogue.get("Team", step["to"])
            if team is not None and promises.in_force(context, agreement):
                found.append(team)
    return found


@remembered
def on_call(context: Context, name: str) -> tuple[tuple[str, ...], datetime | None] | None:
    """Whom a calendar names for now, the first before the second, and until when; None where it cannot be read."""
    rota = context.catalogue.get("Calendar", name)
    if rota is None:
        return None
    facts = context.validation.facts
    instant = Interval(context.now, context.now + timedelta(seconds=1))
    try:
        found = on_duty(shifts(facts, rota.data, instant), context.now)
    except (ValueError, KeyError, TypeError, OverflowError):
        return None
    people = tuple(dict.fromkeys(person for shift in found for person in shift.people))
    return people, min((shift.span.end for shift in found), default=None)
