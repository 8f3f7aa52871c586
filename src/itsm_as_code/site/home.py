"""The first page: do the services work that customers use, what is planned, which promises are at risk, what to decide.

The news comes first, in words; counts and prose come last.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from itsm_as_code.compliance import ControlStatus
from itsm_as_code.compliance.deadlines import WHAT, Deadline, Matter
from itsm_as_code.findings import Severity
from itsm_as_code.measures.deadlines import Due, utc_day
from itsm_as_code.records.catalogue import Record
from itsm_as_code.site import addresses, portfolio
from itsm_as_code.site.kinds import budget, control
from itsm_as_code.site.views import days, deadlines, error_budget, news, people, state, weekend, words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.planned import BOARD, CALENDAR
from itsm_as_code.site.views.values import (
    Card,
    Cards,
    Inline,
    Key,
    Link,
    Page,
    Row,
    Said,
    Section,
    Stack,
    Status,
    Table,
    Text,
    Value,
)

_AHEAD = timedelta(days=14)
_MOST = 3
"""Cards of a section: what comes first, and how many more there are in which lists."""
_NAMED = 3
"""So many of what is told as a number."""
_ROWS = 60
_SMALL = (Matter.ARTICLE_REVIEW,)
"""What is due and too small for the first page."""


def page(context: Context, now: state.Now) -> Page:
    configuration = context.validation.configuration
    customers = news.customer_services(context)
    planned = _cards(context, _planned(context, now, customers), "Nothing is planned in the next 14 days.")
    promises = _cards(context, error_budget.at_risk(context), "No promise is at risk.")
    decisions = _cards(context, _decisions(context, now), "Nothing waits for a decision.")
    incidents = _cards(context, _incidents(context, now), "No incident is open.")
    order = Cards(tuple(_out_of_order(context, now)), "All controls are satisfied, and no rule is broken.")
    sections = [
        *([_services(context, now, customers)] if context.has("Service") else []),
        Section("planned", "This weekend and next", (planned, *_more(context, "calendar"))),
        Section("promises", "Promises at risk", (promises,)),
        Section(
            "decisions",
            "Needs a decision",
            (decisions, *_more(context, "board"), Link("All deadlines", deadlines.LINK.href)),
        ),
        Section("incidents", "Incidents being worked on", (incidents,)),
        Section("order", "Not in order", (order,)),
    ]
    return Page(
        path="index.html",
        title=news.headline(context, now),
        lead=_lead(context, now, customers),
        note=configuration.organisation_description or "",
        sections=tuple(sections),
        facts=_counts(context, now),
        area="home",
        template="home.html",
    )


def _more(context: Context, page: str) -> tuple[Value, ...]:
    """The page that says more of what is planned."""
    if not context.has("Change"):
        return ()
    where = {
        "calendar": ("Calendar of changes", CALENDAR.href),
        "board": ("Agenda of the change advisory board", BOARD.href),
    }
    return (Link(*where[page]),)


def _lead(context: Context, now: state.Now, customers: list[Record]) -> str:
    """What to do until the incident of the headline is over, and whether anything planned will be noticed."""
    incident = news.gravest(context, now, customers)
    said = list(news.advice(context, now, incident)) if incident is not None else []
    return " ".join([*said, weekend.sentence(context, now)])


def _cards(context: Context, cards: list[Card], empty: str, most: int = _MOST) -> Cards:
    """The first of them, and how many more there are in which lists; a single one takes no more room than that."""
    if len(cards) <= most + 1:
        return Cards(tuple(cards), empty)
    hidden = Counter(_list_of(context, card) for card in cards[most:])
    (first, _), *_ = hidden.most_common(1)
    where = tuple(Link(f"{count:,} in {link.label.lower()}", link.href) for link, count in hidden.items())
    rest = Card(Link(f"and {len(cards) - most:,} more", first.href), None, Inline(where))
    return Cards((*cards[:most], rest), empty)


def _list_of(context: Context, card: Card) -> Link:
    """The list that holds what a card is about."""
    folder = card.title.href.partition("/")[0]
    kind = next((kind for kind in context.registry if addresses.folder(kind) == folder), None)
    return Link(kind.title_plural, addresses.list_page(kind)) if kind else Link("Findings", "findings/index.html")


def _services(context: Context, now: state.Now, customers: list[Record]) -> Section:
    """The services that customers use: how each stands, its last 90 days, and whether its promise is kept."""
    rows = []
    for service in customers[:_ROWS]:
        note = news.note(context, now, service)
        stands = now.of_service(service)
        kept, used = error_budget.kept(context, service)
        how: Value = Stack((stands, Said(note))) if note else stands
        rows.append(Row.of(context.link(service), how, days.strip(context, service), kept, used))
    headers = ("Service", "Now", f"{days.SHOWN} days to today", "Promise", "Downtime used")
    table = Table("Services for customers", headers, tuple(rows), "No customer service is recorded yet.", board=True)
    key = Key("By incident records.")
    return Section(
        "services", "Services for customers", (table, key, Link("All services", context.list_page("Service")))
    )


def _planned(context: Context, now: state.Now, customers: list[Record]) -> list[Card]:
    """Changes and freezes that are on or begin in the next 14 days, each with what customers will notice."""
    until = context.now + _AHEAD
    found = []
    for item in (*now.to_come["now"], *now.to_come["next"]):
        window = state.schedule(item)
        under_way = item.spec["status"] == "implementing"
        if under_way or (window and window.start < until):
            start = window.start if window else context.now
            when = words.span(window.start, window.end, context.tz) if window else Text("No window")
            status = Status("In progress", "info") if under_way else context.status(item.spec["status"])
            services = context.references("Service", item.spec["services"])
            felt = weekend.noticed_by(context, item, customers) or weekend.changed(context, item)
            line = Inline((when, Text(weekend.effect(item, felt)) if felt else services), " · ")
            found.append((context.now if under_way else start, Card(context.link(item), status, line)))
    for span, freeze in context.freezes:
        if span.start < until:
            word = "Change freeze, on now" if span.start <= context.now else "Change freeze"
            when = words.span(span.start, span.end, context.tz)
            found.append((span.start, Card(context.link(freeze), Status(word, "info"), when)))
    return [card for _, card in sorted(found, key=lambda item: (item[0], item[1].title.href))]


def _decisions(context: Context, now: state.Now) -> list[Card]:
    """What has to be decided within 30 days, or should have been, the earliest first; then what awaits approval."""
    today = utc_day(context.now)
    cards = []
    for item in context.deadlines:
        if item.state is not Due.CURRENT and item.matter not in _SMALL:
            cards.append(_decision(context, item, state.day(item.by, item.state, today)))
    proposed = (
        [c for c in context.catalogue.of_kind("Change") if c.spec["status"] == "proposed"]
        if context.has("Change")
        else []
    )
    if proposed:
        first = min((w.start for c in proposed if (w := state.schedule(c))), default=None)
        line: Value = words.moment(first, context.tz) if first else Text("No window")
        link = Link(f"{words.count(len(proposed), 'change')} proposed", BOARD.href)
        card = Card(link, None, Inline((Text("Approval is asked for; the first is to begin"), line), " "))
        cards.insert(0, card)
    return cards


def _decision(context: Context, item: Deadline, standing: Status) -> Card:
    record = context.catalogue.records[item.record]
    overdue = Status(standing.word, "warn") if item.state is Due.OVERDUE else None
    when = Text("") if overdue else Text(standing.word.lower())
    line = Inline((Text(WHAT[item.matter]), words.date_value(item.by), when), " · ") if not overdue else Inline(
        (Text(WHAT[item.matter]), words.date_value(item.by)), " · "
    )  # fmt: skip
    return Card(context.link(record), overdue, line)


def _incidents(context: Context, now: state.Now) -> list[Card]:
    """Open incidents that are not restored, the gravest first, each by its priority; how many are being watched."""
    cards = []
    restored = [item for item in now.open_incidents if item.spec["status"] == "restored"]
    for item in now.open_incidents:
        if item.spec["status"] != "restored":
            priority = item.spec.get("priority", "")
            status = context.status(priority, f"{priority}, {words.human(item.spec['status']).lower()}".lstrip(", "))
            services = context.references("Service", item.spec["services"])
            cards.append(Card(context.link(item), status, Inline((services, Text(news.since(context, item))), " · ")))
    if restored:
        links = Inline(tuple(context.link(item) for item in restored[:3]))
        title = Link(f"{words.count(len(restored), 'incident')} restored, being watched", context.list_page("Incident"))
        cards.append(Card(title, None, links))
    return cards


def _out_of_order(context: Context, now: state.Now) -> Iterator[Card]:
    """Controls not satisfied, budgets over plan, changes past their window, waivers that are over, broken rules: what
    there is one of by itself, and of more how many with the first of them."""
    controls = sorted(context.catalogue.of_kind("Control"), key=lambda item: item.name)
    for status in (ControlStatus.NOT_SATISFIED, ControlStatus.STALE):
        cards = [
            Card(context.link(item), context.status(status), _clause(item))
            for item in controls
            if control.assess(context, item).status == status
        ]
        stands = words.human(status).lower()
        yield from _summed(cards, f"controls are {stands}", "compliance/index.html")
    over = [
        Card(context.link(item), Status("Over plan", "warn"), told)
        for item in (context.catalogue.of_kind("Budget") if context.has("Budget") else ())
        if (told := budget.overspent(context, item)) is not None
    ]
    yield from _summed(over, "budgets are over plan", portfolio.LINK.href)
    past = []
    for item in now.to_come["overdue"]:
        window = state.schedule(item)
        line: Value = words.span(window.start, window.end, context.tz) if window else Text("")
        past.append(Card(context.link(item), Status("Window has passed", "warn"), line))
    yield from _summed(past, "changes are past their window", context.list_page("Change") if past else "")
    waivers = [
        Card(context.link(waiver.record), Status("Waiver has expired", "bad"), words.moment(waiver.until, context.tz))
        for waiver in sorted(context.validation.waivers, key=lambda waiver: (waiver.until, waiver.record.name))
        if waiver.state == "expired"
    ]
    yield from _summed(waivers, "waivers have expired", context.list_page("Waiver") if waivers else "")
    yield from _failing(context)


def _summed(cards: list[Card], what: str, href: str) -> Iterator[Card]:
    """A card by itself, or one for several."""
    if len(cards) < 2:
        yield from cards
        return
    named = len(cards) if len(cards) <= _NAMED + 1 else _NAMED  # a single one takes no more room than that
    first: tuple[Value, ...] = tuple(card.title for card in cards[:named])
    rest = (Text(f"and {len(cards) - named:,} more"),) if len(cards) > named else ()
    yield Card(Link(f"{len(cards):,} {what}", href), cards[0].status, Inline((*first, *rest)))


def _failing(context: Context) -> list[Card]:
    """Findings that nobody waived, counted by severity."""
    tally = Counter(f.severity for f in context.validation.findings if not f.waiver)
    cards = []
    for severity, status in ((Severity.ERROR, Status("Rules broken", "bad")), (Severity.WARNING, None)):
        if tally[severity]:
            said = words.count(tally[severity], f"{severity} in the records", f"{severity}s in the records")
            line = Text("Checks and policies that the records do not pass.")
            cards.append(Card(Link(said, "findings/index.html"), status, line))
    return cards


def _clause(control: Record) -> Value:
    return Text(f"{words.framework(control.spec['framework'])}, {control.spec['clause']}")


def _counts(context: Context, now: state.Now) -> tuple[tuple[str, Value], ...]:
    """Figures with what they count, each leading to its list."""
    found: list[tuple[str, Value]] = []
    if context.has("Service"):
        live = sum(1 for s in context.catalogue.of_kind("Service") if s.spec["lifecycle"] == "live")
        found.append((f"{live:,}", Link("live services", context.list_page("Service"))))
    if context.has("Incident"):
        found.append((f"{len(now.open_incidents):,}", Link("open incidents", context.list_page("Incident"))))
    if context.has("Change"):
        found.append((f"{len(now.to_come['next']):,}", Link("changes ahead", context.list_page("Change"))))
    if context.has("Control"):
        statuses = [control.assess(context, c).status for c in context.catalogue.of_kind("Control")]
        relevant = sum(1 for status in statuses if status != ControlStatus.NOT_APPLICABLE)
        satisfied = statuses.count(ControlStatus.SATISFIED)
        found.append((f"{satisfied:,} of {relevant:,}", Link("controls satisfied", "compliance/index.html")))
    if context.has("Person"):
        away = sum(1 for p in context.catalogue.of_kind("Person") if people.away(context, p))
        found.append((f"{away:,}", Link("person away" if away == 1 else "people away", context.list_page("Person"))))
    return tuple(found)
