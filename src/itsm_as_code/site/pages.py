"""The whole site: every page's view, rendered, with data, schemas and static files. Pure: same input, same bytes.

Files come one by one, for nothing but the writer of the site needs them, and it needs each only once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson

from itsm_as_code.compliance.known import NOTHING, Known
from itsm_as_code.configuration import Configuration
from itsm_as_code.findings import RecordId
from itsm_as_code.gate.board import cases
from itsm_as_code.processes import no_collection
from itsm_as_code.records.catalogue import Record
from itsm_as_code.records.kinds import Kind
from itsm_as_code.site import about, addresses, compliance, home, kinds, portfolio, publication, scorecards, search
from itsm_as_code.site.render import Area, Frame, Renderer
from itsm_as_code.site.theme import theme_of
from itsm_as_code.site.views import data, deadlines, kpi, machines, navigation, parts, planned, state, unread
from itsm_as_code.site.views.context import NO_PAST, Context, Past
from itsm_as_code.site.views.values import Link, Page, Say
from itsm_as_code.site.views.words import moment

if TYPE_CHECKING:
    from itsm_as_code.compliance import Trend
    from itsm_as_code.gate.earlier import Unreadable
    from itsm_as_code.validation import Validation


Files = Iterator[tuple[str, bytes]]
"""Paths within the site, with their content."""


@dataclass(frozen=True, slots=True)
class Unit:
    """Files that are made together, and what they are called; the same name in every build.

    ``content`` is that of a file which was made before, so that no look-up tells whether it differs.
    """

    name: str
    make: Callable[[], Files]
    content: bytes | None = None


def build(
    validation: Validation,
    revision: str,
    trend: Trend | None = None,
    feeds: Mapping[tuple[str, str], bytes] | None = None,
    changed: Mapping[str, date] | None = None,
    unreadable: Sequence[Unreadable] = (),
    beside: Known = NOTHING,
    past: Past = NO_PAST,
) -> Files:
    """Every file of the site, path and content.

    ``revision`` is the commit that was validated, or what else names it; one page says so. ``trend`` leads to
    the validation; without one the pages say that there is none. ``feeds`` are calendars to subscribe to, by kind and
    name of the record that each is about, both empty for everything; pages link to those that there are. ``changed``
    says when files of records were changed last, for the sitemap; ``unreadable`` of what the validation has an earlier
    version, for pages say so; ``beside`` is what controls rest on besides, ``past`` what
    git tells of records.
    """
    context = context_of(validation, revision, trend, feeds, unreadable, beside, past)
    paths = []
    with no_collection():
        for unit in units(context, state.Now(context), feeds or {}):
            for path, content in unit.make():
                paths.append(path)
                yield path, content
    yield from sitemap(context, paths, changed or {})


def context_of(
    validation: Validation,
    revision: str,
    trend: Trend | None,
    feeds: Mapping[tuple[str, str], bytes] | None,
    unreadable: Sequence[Unreadable] = (),
    beside: Known = NOTHING,
    past: Past = NO_PAST,
) -> Context:
    """What the views of a build ask."""
    tones, known = kinds.tones(kinds.views()), frozenset(feeds or ())
    return Context(validation, revision, trend, known, tones, tuple(unreadable), beside, cases(validation), past)


def units(context: Context, now: state.Now, feeds: Mapping[tuple[str, str], bytes]) -> Iterator[Unit]:
    """All that the site is made of but its sitemap."""
    renderer = Renderer(_frame(context))
    own, generic = kinds.views(), kinds.view()

    def pages(name: str, make: Callable[[], Iterator[Page]]) -> Unit:
        return Unit(name, lambda: (file for page in make() for file in renderer.files(page)))

    def about_record(view: kinds.View, kind: Kind, name: str) -> Files:
        record = context.own(context.catalogue.records[RecordId(kind.name, name)])
        page = view.page(context, record, now)
        yield page.path, renderer.page(page)
        yield addresses.record_data(record.kind, record.name), _json(record.data)
        if record.kind.name == "Service":
            yield page.path.removesuffix(".html") + ".svg", machines.badge(now, record, renderer.say)

    yield pages("home", lambda: iter([home.page(context, now)]))
    records = 0
    for kind in context.registry:
        view = own.get(kind.name, generic)
        yield pages(f"lists {kind.name}", partial(view.lists, context, kind, now))
        names = context.catalogue.valid_names(kind.name)
        records += len(names)
        for name in names:
            yield Unit(f"record {kind.name}/{name}", partial(about_record, view, kind, name))
        yield Unit(f"data {kind.name}", partial(_data, context, kind))
        count = parts.count(len(names))
        for number in range(count if count > 1 else 0):
            yield Unit(f"data {kind.name} {number}", partial(_data_part, context, kind, number))
    yield pages("compliance", lambda: compliance.pages(context))
    yield pages("planned", lambda: planned.pages(context, now))
    yield pages("kpi", lambda: kpi.pages(context))
    yield pages("portfolio", lambda: portfolio.pages(context))
    yield pages("scorecards", lambda: scorecards.pages(context))
    yield pages("deadlines", lambda: deadlines.pages(context))
    yield Unit("summary", lambda: _one(machines.SUMMARY, _json(machines.summary(context, now))))
    address = _web_address(context.validation.configuration)
    yield Unit("atom", lambda: _one(machines.ATOM, machines.atom(context, now, address, renderer.say)))
    yield pages("data", lambda: iter([data.page(context)]))
    yield pages("about", lambda: iter([about.page(context)]))
    for (of, name), content in feeds.items():
        path = addresses.feed(context.registry[of] if of else None, name)
        yield Unit(f"feed {of}/{name}", partial(_one, path, content), content)
    count = parts.count(records)
    for number in range(count):
        yield Unit(f"search {number}", partial(_search, context, number, count, renderer.say))
    yield Unit("static", lambda: _static(context, renderer.static))


def _search(context: Context, number: int, count: int, say: Say) -> Files:
    yield search.address(number), search.part(context, number, count, say)


def _one(path: str, content: bytes) -> Files:
    yield path, content


def _static(context: Context, files: Mapping[str, bytes]) -> Files:
    """The program's own files, and the style with the logo; also by the names that they had before."""
    for name, content in files.items():
        yield addresses.asset(name, content), content
        yield f"static/{name}", content
    theme = theme_of(context.validation)
    if theme.style is not None:
        yield theme.style
    style = logo(context.validation)
    if style is not None:
        yield style


def logo(validation: Validation) -> tuple[str, bytes] | None:
    """The style with the logo that itsm.yaml names, and its place; None where it cannot be read."""
    path = validation.configuration.site_logo
    content = next(iter(validation.catalogue.snapshot.read_many([path])))[1] if path is not None else None
    if path is None or not isinstance(content, bytes):
        return None  # and there is a finding about it
    style = publication.logo_style(path, content)
    return addresses.asset("logo.css", style), style


def sitemap(context: Context, paths: Iterable[str], changed: Mapping[str, date]) -> Files:
    """The sitemap of all pages, where itsm.yaml says where the site is published."""
    address = _web_address(context.validation.configuration)
    if address is not None:
        days = {
            addresses.record_page(record.kind, record.name): changed[record.path]
            for record in context.catalogue
            if record.path in changed
        }
        yield from publication.sitemap(address, (path for path in paths if path.endswith(".html")), days)


def _data(context: Context, kind: Kind) -> Files:
    """The records of a kind as one list, or where its parts are; and its schema."""
    folder, names = addresses.folder(kind), context.catalogue.valid_names(kind.name)
    count = parts.count(len(names))
    if count == 1:
        said: Any = [item.data for item in context.catalogue.of_kind(kind.name)]
    else:
        said = {"records": len(names), "parts": [addresses.data_part(kind, number) for number in range(count)]}
    yield f"data/{folder}.json", _json(said)
    yield f"data/schemas/{folder}.schema.json", _json(kind.schema)


def _data_part(context: Context, kind: Kind, number: int) -> Files:
    names = context.parts[f"{kind.name} {number}"]
    records = (context.catalogue.get(kind.name, name) for name in names)
    yield f"data/{addresses.data_part(kind, number)}", _json([item.data for item in records if item is not None])


def _web_address(configuration: Configuration) -> str | None:
    """Where the site is published, if that is on the web."""
    url = configuration.site_url
    return url if url is not None and url.startswith(("http://", "https://")) else None


def address_of(configuration: Configuration) -> Callable[[Record], str] | None:
    """Where pages of records are published, if they are."""
    url = _web_address(configuration)
    if url is None:
        return None
    return lambda record: addresses.absolute(url, addresses.record_page(record.kind, record.name))


def _json(value: object) -> bytes:
    return orjson.dumps(value, default=str, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _frame(context: Context) -> Frame:
    configuration, theme = context.validation.configuration, theme_of(context.validation)
    return Frame(
        title=configuration.site_title,
        organisation=configuration.organisation_name,
        language=configuration.site_language,
        areas=tuple(_areas(context)),
        as_of=moment(context.now, context.tz),
        zone=configuration.timezone,
        about=about.PATH,
        search_index=search.address(0),
        organisation_url=configuration.organisation_url,
        url=_web_address(configuration),
        logo=(logo(context.validation) or (None,))[0],
        theme=theme.style[0] if theme.style is not None else None,
        templates=theme.templates,
        unreadable=tuple(unread.told(context, item) for item in context.unreadable),
    )


def _areas(context: Context) -> Iterator[Area]:
    """The parts of the site that the navigation leads to, each with the lists within it."""
    yield Area("home", Link("Home", "index.html"))
    for place in navigation.PLACES:
        within = [kind for kind in context.registry if navigation.area(kind) == place.name]
        links = [
            Link(kind.title_plural, context.list_page(kind.name))
            for kind in sorted(within, key=lambda kind: navigation.order(place, kind))
        ]
        if place.name == "compliance":
            levels = [scorecards.LINK] if scorecards.is_made(context) else []
            links = [*compliance.LINKS, *levels, deadlines.LINK, *links]
        if place.name == "portfolio" and portfolio.is_made(context):
            links = [portfolio.LINK, *links]
        if place.name == "changes" and context.has("Change"):
            links = [links[0], planned.CALENDAR, planned.BOARD, *links[1:]]
        if place.name == "improvement" and any(map(context.has, kpi.KINDS)):
            links = [*links[:1], kpi.LINK, *links[1:]]
        if links:
            yield Area(place.name, Link(place.label, links[0].href), tuple(links) if len(links) > 1 else ())
    yield Area(navigation.ALL, Link("All records", "data/index.html"))
