"""Lists of records: a table or several, cut into pages of a size that any browser can bear."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from itsm_as_code.records.catalogue import Record, get
from itsm_as_code.records.kinds import Kind
from itsm_as_code.site import addresses
from itsm_as_code.site.kinds import (
    business_case,
    calendar,
    change,
    improvement,
    incident,
    initiative,
    release,
    request_offering,
    risk,
    service_level_agreement,
    service_request,
    service_review,
    supplier,
    team,
    training,
)
from itsm_as_code.site.views import feed, navigation, state, words
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.schema import Display
from itsm_as_code.site.views.values import (
    Filter,
    Link,
    Missing,
    Page,
    Row,
    Section,
    Table,
    Tabs,
    Text,
    Value,
)

PAGE_SIZE = 200
Grouped = Sequence[tuple[str | None, Row]]


def paged(
    address: Callable[[int], str],
    blank: Page,
    rows: Grouped,
    headers: tuple[str, ...],
    caption: str,
    empty: str,
    compact: bool = False,
) -> Iterator[Page]:
    """Pages of at most :data:`PAGE_SIZE` rows; consecutive rows of one group stand under its heading."""
    count = max(1, -(-len(rows) // PAGE_SIZE))
    for number in range(1, count + 1):
        part = rows[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
        pager = tuple((Link(str(n), address(n)), n == number) for n in range(1, count + 1)) if count > 1 else ()
        title = f"{blank.title}, page {number} of {count}" if number > 1 else blank.title
        yield replace(
            blank,
            path=address(number),
            title=title,
            sections=(*blank.sections, *_tables(part, headers, caption, empty, compact)),
            pager=_shortened(pager, number),
        )


def _shortened(pager: tuple[tuple[Link, bool], ...], number: int) -> tuple[tuple[Link, bool], ...]:
    """The first, the last and the neighbours; a hundred numbers in a row help nobody."""
    if len(pager) <= 12:
        return pager
    return tuple(item for n, item in enumerate(pager, 1) if n in (1, len(pager)) or abs(n - number) <= 3)


def _tables(part: Grouped, headers: tuple[str, ...], caption: str, empty: str, compact: bool) -> Iterator[Section]:
    if not part:
        yield Section("list", caption, (Missing(empty),))
        return
    groups: dict[str | None, list[Row]] = {}
    for group, row in part:
        groups.setdefault(group, []).append(row)
    for group, rows in groups.items():
        title = group or caption
        yield Section(
            addresses.safe(title.lower().replace(" ", "-")),
            title,
            (Table(title, headers, tuple(rows), empty, compact),),
        )


def _blank(context: Context, kind: Kind, top: tuple[Value, ...] = ()) -> Page:
    return Page("", kind.title_plural, (), lead=kind.description, area=navigation.area(kind), top=top)


def pages(context: Context, kind: Kind, now: state.Now) -> Iterator[Page]:
    """Every list page of a kind."""
    special = _SPECIAL.get(kind.name)
    if special is not None:
        yield from special(context, kind, now)
        return
    headers = ("Title", *(column.title for column in kind.columns))
    rows = [(None, generic_row(context, record)) for record in _by_title(context, kind)]
    yield from _simple(context, kind, rows, headers)


def _simple(
    context: Context, kind: Kind, rows: Grouped, headers: tuple[str, ...], top: tuple[Value, ...] = ()
) -> Iterator[Page]:
    empty = f"No {kind.title.lower()} is recorded."
    blank = _blank(context, kind, top)
    return paged(lambda n: addresses.list_page(kind, number=n), blank, rows, headers, kind.title_plural, empty)


def _by_title(context: Context, kind: Kind) -> list[Record]:
    return sorted(context.catalogue.of_kind(kind.name), key=lambda record: (record.title.casefold(), record.name))


def generic_row(context: Context, record: Record) -> Row:
    """A record by the columns that its schema names."""
    display = Display(context, record.kind)
    cells: list[Value] = [context.link(record)]
    for column in record.kind.columns:
        path = column.pointer
        if "*" in path:
            at = path.index("*")
            values = get(record.data, path[:at]) or []
            found = [get(item, path[at + 1 :]) for item in values]
            cells.append(display.show(display.at(*path[1:at]), found) if not path[at + 1 :] else _joined(found))
        else:
            value = get(record.data, path)
            cells.append(Missing("\u2013") if value is None else display.show(display.at(*path[1:]), value))
    return Row(tuple(cells))


def _joined(values: list[object]) -> Value:
    return Text(", ".join(str(value) for value in values)) if values else Missing("\u2013")


SERVICE_HEADERS = ("Service", "Status now", "Tier", "Owner", "Type", "Lifecycle", "Agreement")
_VIEWS = (
    ("", "By type"), ("by_tier", "By tier"), ("by_owner", "By owner"), ("by_lifecycle", "By lifecycle"),
)  # fmt: skip
_TYPES = {
    "business": "Business services",
    "application": "Applications",
    "infrastructure": "Infrastructure",
    "supplier": "Bought from suppliers",
}


def _services(context: Context, kind: Kind, now: state.Now) -> Iterator[Page]:
    """The services, grouped by type, tier, owner or lifecycle: a page each, so that no script is needed."""
    records = sorted(context.catalogue.of_kind("Service"), key=lambda r: (r.title.casefold(), r.name))
    rows = {record.name: service_row(context, record, now) for record in records}
    facets = tuple(
        (key, title, tuple(sorted({dict(row.facets)[key] for row in rows.values()})))
        for key, title in (("tier", "Tier"), ("owner", "Owner"), ("type", "Type"), ("lifecycle", "Lifecycle"))
    )
    types = list(_TYPES)
    lifecycles = list((kind.lifecycle or {}).get("transitions", ()))
    keys: dict[str, Callable[[Record], tuple[object, str]]] = {
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
    for view, title in _VIEWS:
        key = keys[view]
        tabs = Tabs("Group services", tuple((Link(t, addresses.list_page(kind, v)), v == view) for v, t in _VIEWS))
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
        blank = _blank(context, kind, (tabs, Filter(facets)))
        if view:
            blank = replace(blank, title=f"{kind.title_plural} {title.lower()}")
        address = lambda n, view=view: addresses.list_page(kind, view, n)  # noqa: E731
        yield from paged(address, blank, grouped, SERVICE_HEADERS, kind.title_plural, "No service is recorded.")


def service_row(context: Context, record: Record, now: state.Now) -> Row:
    spec = record.spec
    owner = context.catalogue.get("Team", spec["owner"])
    agreements: list[Value] = [
        context.link(a) for a in context.agreements_of.get(record.name, ())
        if not service_level_agreement.standing(context, a).word.startswith("Ended")
    ]  # fmt: skip
    shown: Value = Missing("None")
    if agreements:
        shown = agreements[0]
    return Row(
        (
            context.link(record),
            now.of_service(record),
            Text(str(spec["tier"])),
            context.reference(("Team",), spec["owner"]),
            Text(words.human(spec["type"])),
            Text(words.human(spec["lifecycle"])),
            shown,
        ),
        (
            ("tier", str(spec["tier"])),
            ("owner", owner.title if owner else spec["owner"]),
            ("type", words.human(spec["type"])),
            ("lifecycle", words.human(spec["lifecycle"])),
        ),
    )


_PHASES = (
    ("now", "In progress"), ("overdue", "Window has passed, not finished"), ("next", "Forward schedule"),
    ("unplanned", "Not yet scheduled"), ("past", "Past"),
)  # fmt: skip


def _changes(context: Context, kind: Kind, now: state.Now) -> Iterator[Page]:
    rows = [(title, change.row(context, record)) for phase, title in _PHASES for record in now.changes[phase]]
    choices = tuple(
        (key, title, tuple(sorted({dict(row.facets)[key] for _, row in rows})))
        for key, title in (("type", "Type"), ("status", "Status"))
    )
    offer = feed.offer(context)
    top = (offer, Filter(choices)) if offer else (Filter(choices),)
    yield from _simple(context, kind, rows, change.HEADERS, top)


def _incidents(context: Context, kind: Kind, now: state.Now) -> Iterator[Page]:
    open_ = {incident_.name for incident_ in now.open_incidents}
    past = [r for r in state.newest(context.catalogue.of_kind("Incident"), "detectedAt") if r.name not in open_]
    rows = [("Open", incident.row(context, r)) for r in now.open_incidents]
    rows += [("Resolved", incident.row(context, r)) for r in past]
    choices = tuple(
        (key, title, tuple(sorted({dict(row.facets)[key] for _, row in rows})))
        for key, title in (("priority", "Priority"), ("status", "Status"))
    )
    yield from _simple(context, kind, rows, incident.HEADERS, (Filter(choices),))


def _plain(
    headers: tuple[str, ...], row: Callable[[Context, Record], Row]
) -> Callable[[Context, Kind, state.Now], Iterator[Page]]:
    def build(context: Context, kind: Kind, now: state.Now) -> Iterator[Page]:
        yield from _simple(
            context, kind, [(None, row(context, record)) for record in _by_title(context, kind)], headers
        )

    return build


def _calendars(context: Context, kind: Kind, now: state.Now) -> Iterator[Page]:
    offer = feed.offer(context)
    rows = [(None, calendar.row(context, record)) for record in _by_title(context, kind)]
    yield from _simple(context, kind, rows, calendar.HEADERS, (offer,) if offer else ())


def _improvements(context: Context, kind: Kind, now: state.Now) -> Iterator[Page]:
    rows = improvement.rows(context, list(context.catalogue.of_kind(kind.name)))
    yield from _simple(context, kind, rows, improvement.HEADERS)


def _releases(context: Context, kind: Kind, now: state.Now) -> Iterator[Page]:
    yield from _simple(
        context, kind, release.rows(context, list(context.catalogue.of_kind(kind.name))), release.HEADERS
    )


def _requests(context: Context, kind: Kind, now: state.Now) -> Iterator[Page]:
    rows = service_request.rows(context, list(context.catalogue.of_kind(kind.name)))
    yield from _simple(context, kind, rows, service_request.HEADERS)


def _reviews(context: Context, kind: Kind, now: state.Now) -> Iterator[Page]:
    """The review that was held last comes first."""
    records = sorted(context.catalogue.of_kind(kind.name), key=lambda r: (r.spec["heldOn"], r.name), reverse=True)
    yield from _simple(context, kind, [(None, service_review.row(context, r)) for r in records], service_review.HEADERS)


def _risks(context: Context, kind: Kind, now: state.Now) -> Iterator[Page]:
    """The matrices stand on the first page, before the list."""
    records = risk.ordered(context.catalogue.of_kind(kind.name))
    pages_ = list(_simple(context, kind, [(None, risk.row(context, r)) for r in records], risk.HEADERS))
    if records:
        matrices = tuple(risk.matrix(context, records, after) for after in (False, True))
        pages_[0] = replace(pages_[0], sections=(*matrices, *pages_[0].sections))
    yield from pages_


_SPECIAL: dict[str, Callable[[Context, Kind, state.Now], Iterator[Page]]] = {
    "Service": _services,
    "Change": _changes,
    "Incident": _incidents,
    "ServiceLevelAgreement": _plain(service_level_agreement.HEADERS, service_level_agreement.row),
    "Supplier": _plain(supplier.HEADERS, supplier.row),
    "Team": _plain(team.TEAM_HEADERS, team.team_row),
    "Person": _plain(team.PERSON_HEADERS, team.person_row),
    "Calendar": _calendars,
    "Improvement": _improvements,
    "Risk": _risks,
    "Release": _releases,
    "ServiceRequest": _requests,
    "ServiceReview": _reviews,
    "Initiative": _plain(initiative.HEADERS, initiative.row),
    "Budget": _plain(business_case.BUDGET_HEADERS, business_case.budget_row),
    "Training": _plain(training.HEADERS, training.row),
    "RequestOffering": _plain(request_offering.OFFERING_HEADERS, request_offering.offering_row),
    "KnowledgeArticle": _plain(request_offering.ARTICLE_HEADERS, request_offering.article_row),
}
