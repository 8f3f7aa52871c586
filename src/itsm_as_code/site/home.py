"""The first page: what is wrong now, what is planned next, what is at risk."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from itsm_as_code.compliance import ControlStatus
from itsm_as_code.findings import Severity
from itsm_as_code.measures.deadlines import SOON
from itsm_as_code.records.catalogue import Record
from itsm_as_code.records.facts import began
from itsm_as_code.site import addresses
from itsm_as_code.site.kinds import control, service_level_agreement, supplier
from itsm_as_code.site.views import deadlines, people, state, words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.values import (
    Card,
    Cards,
    Inline,
    Link,
    Page,
    Row,
    Section,
    Status,
    Table,
    Text,
    Value,
    inline,
)

_AHEAD = timedelta(days=14)
_MOST = 8


def page(context: Context, now: state.Now) -> Page:
    configuration = context.validation.configuration
    wrong, planned, risks = _wrong(context, now), _planned(context, now), _risks(context, now)
    sections = [
        Section("wrong", "Wrong now", (_cards(context, wrong, "Nothing is known to be wrong."),)),
        Section("planned", "Planned next", (_cards(context, planned, "Nothing is planned in the next 14 days."),)),
        Section("risk", "At risk", (_cards(context, risks, "Nothing is known to be at risk."),)),
    ]
    if context.has("Service"):
        sections.append(_services(context, now))
    return Page(
        path="index.html",
        title=configuration.site_title,
        lead=configuration.organisation_description or "",
        sections=tuple(sections),
        facts=_counts(context, now),
        area="home",
        template="home.html",
    )


def _cards(context: Context, cards: list[Card], empty: str) -> Cards:
    """The first of them, and how many more there are in which lists."""
    if len(cards) <= _MOST:
        return Cards(tuple(cards), empty)
    hidden = Counter(_list_of(context, card) for card in cards[_MOST:])
    (first, _), *_ = hidden.most_common(1)
    where = tuple(Link(f"{count:,} in {link.label.lower()}", link.href) for link, count in hidden.items())
    rest = Card(Link(f"and {len(cards) - _MOST:,} more", first.href), None, Inline(where))
    return Cards((*cards[:_MOST], rest), empty)


def _list_of(context: Context, card: Card) -> Link:
    """The list that holds what a card is about."""
    folder = card.title.href.partition("/")[0]
    kind = next((kind for kind in context.registry if addresses.folder(kind) == folder), None)
    return Link(kind.title_plural, addresses.list_page(kind)) if kind else Link("Findings", "findings/index.html")


def _wrong(context: Context, now: state.Now) -> list[Card]:
    cards = []
    for item in now.open_incidents:
        start = words.as_instant(began(item.spec))
        services = context.references("Service", item.spec["services"])
        since = Text(f"for {words.length(context.now - start)}" if start else "")
        status = context.status(item.spec["status"])
        if "priority" in item.spec:
            status = Status(f"{item.spec['priority']}, {status.word.lower()}", status.tone)
        cards.append(Card(context.link(item), status, Inline((services, since), " · ")))
    return cards


def _planned(context: Context, now: state.Now) -> list[Card]:
    until = context.now + _AHEAD
    found = []
    for item in now.changes["now"]:
        services = context.references("Service", item.spec["services"])
        found.append((context.now, Card(context.link(item), Status("In progress", "info"), services)))
    for span, freeze in context.freezes:
        if span.start < until:
            word = "Change freeze, on now" if span.start <= context.now else "Change freeze"
            when = words.span(span.start, span.end, context.tz)
            found.append((span.start, Card(context.link(freeze), Status(word, "warn"), when)))
    for item in now.changes["next"]:
        window = state.schedule(item)
        if window and window.start < until:
            when = words.span(window.start, window.end, context.tz)
            services = context.references("Service", item.spec["services"])
            line = Inline((when, services), " · ")
            found.append((window.start, Card(context.link(item), context.status(item.spec["status"]), line)))
    for deadline, card in deadlines.cards(context, _AHEAD.days):
        found.append((words.start_of(deadline.by, context.tz), card))
    return [card for _, card in sorted(found, key=lambda item: (item[0], item[1].title.href))]


def _risks(context: Context, now: state.Now) -> list[Card]:
    return [
        *_failing(context),
        *_overdue(context, now),
        *_waivers(context),
        *_suppliers(context),
        *_controls(context),
        *_agreements(context),
    ]


def _failing(context: Context) -> list[Card]:
    """Findings that nobody waived, counted by severity."""
    tally = Counter(f.severity for f in context.validation.findings if not f.waiver)
    cards = []
    for severity, tone in ((Severity.ERROR, "bad"), (Severity.WARNING, "warn")):
        if tally[severity]:
            title = Link(
                words.count(tally[severity], f"{severity} in the records", f"{severity}s in the records"),
                "findings/index.html",
            )
            status = Status("Rules broken", "bad") if tone == "bad" else Status("Needs attention", "warn")
            cards.append(Card(title, status, Text("Checks and policies that the records do not pass.")))
    return cards


def _overdue(context: Context, now: state.Now) -> list[Card]:
    cards = []
    for item in now.changes["overdue"]:
        window = state.schedule(item)
        line: Value = words.span(window.start, window.end, context.tz) if window else Text("")
        cards.append(Card(context.link(item), Status("Window has passed", "warn"), line))
    return cards


def _waivers(context: Context) -> list[Card]:
    cards = []
    for waiver in sorted(context.validation.waivers, key=lambda waiver: (waiver.until, waiver.record.name)):
        ends = words.moment(waiver.until, context.tz)
        if waiver.state == "active" and waiver.until - context.now <= SOON:
            status = Status(f"Waiver ends {words.relative(waiver.until, context.now)}", "warn")
            cards.append(Card(context.link(waiver.record), status, ends))
        elif waiver.state == "expired":
            cards.append(Card(context.link(waiver.record), Status("Waiver has expired", "bad"), ends))
    return cards


def _suppliers(context: Context) -> list[Card]:
    cards = []
    for record in context.catalogue.of_kind("Supplier"):
        standing = supplier.contract(context, record)
        if standing.tone in ("bad", "warn"):
            end = words.last_day_value(record.spec.get("contract", {}).get("end"))
            cards.append(Card(context.link(record), standing, Inline((Text("Contract until"), end), " ")))
    return cards


def _controls(context: Context) -> list[Card]:
    found = [(control.assess(context, c).status, c) for c in context.catalogue.of_kind("Control")]
    return [
        Card(context.link(item), context.status(status), _clause(item))
        for status, item in sorted(found, key=lambda item: (item[0], item[1].name))
        if status in (ControlStatus.NOT_SATISFIED, ControlStatus.STALE)
    ]


def _clause(control: Record) -> Value:
    return Text(f"{words.framework(control.spec['framework'])}, {control.spec['clause']}")


def _agreements(context: Context) -> list[Card]:
    overdue = [
        a for a in context.catalogue.of_kind("ServiceLevelAgreement")
        if service_level_agreement.standing(context, a).tone == "warn"
    ]  # fmt: skip
    return [Card(context.link(a), service_level_agreement.standing(context, a), _review(a)) for a in overdue]


def _review(record: Record) -> Value:
    return Inline((Text("Review was due"), words.day_value(record.spec.get("reviewBy"))), " ")


def _counts(context: Context, now: state.Now) -> tuple[tuple[str, Value], ...]:
    """Figures with what they count, each leading to its list."""
    found: list[tuple[str, Value]] = []
    if context.has("Service"):
        live = sum(1 for s in context.catalogue.of_kind("Service") if s.spec["lifecycle"] == "live")
        found.append((f"{live:,}", Link("live services", context.list_page("Service"))))
    if context.has("Incident"):
        found.append((f"{len(now.open_incidents):,}", Link("open incidents", context.list_page("Incident"))))
    if context.has("Change"):
        found.append((f"{len(now.changes['next']):,}", Link("changes ahead", context.list_page("Change"))))
    if context.has("Control"):
        statuses = [control.assess(context, c).status for c in context.catalogue.of_kind("Control")]
        relevant = sum(1 for status in statuses if status != ControlStatus.NOT_APPLICABLE)
        satisfied = statuses.count(ControlStatus.SATISFIED)
        found.append((f"{satisfied:,} of {relevant:,}", Link("controls satisfied", "compliance/index.html")))
    if context.has("Person"):
        away = sum(1 for p in context.catalogue.of_kind("Person") if people.away(context, p))
        found.append((f"{away:,}", Link("person away" if away == 1 else "people away", context.list_page("Person"))))
    return tuple(found)


def _services(context: Context, now: state.Now) -> Section:
    """The services that customers buy or use, and how each stands."""
    services = [
        s
        for s in context.catalogue.of_kind("Service")
        if s.spec["type"] == "business" and s.spec["stage"] == "catalogue"
    ]
    services.sort(key=lambda s: (s.spec["tier"], s.title))
    rows = tuple(
        Row.of(
            context.link(s),
            now.of_service(s),
            context.reference("Team", s.spec["owner"]),
            inline([context.link(c) for c in now.next_changes(s.name)[:1]], "None planned"),
        )
        for s in services[:100]
    )
    link = Link("All services", context.list_page("Service"))
    headers = ("Service", "Status now", "Owner", "Next change")
    return Section(
        "services", "Services for customers", (Table("Services for customers", headers, rows, "None yet"), link)
    )
