"""The whole site: every page's view, rendered, with data, schemas and static files. Pure: same input, same bytes.

Files come one by one, for nothing but the writer of the site needs them, and it needs each only once.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from datetime import UTC
from typing import TYPE_CHECKING

import orjson

from itsm_as_code.configuration import Configuration
from itsm_as_code.site import about, addresses, compliance, home, kinds, publication, search
from itsm_as_code.site.render import Area, Frame, Renderer, asset
from itsm_as_code.site.views import data, deadlines, navigation, state
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.values import Link, Page
from itsm_as_code.site.views.words import moment

if TYPE_CHECKING:
    from itsm_as_code.compliance import Trend
    from itsm_as_code.validation import Validation

SEARCH_INDEX = "static/search-index.js"
_STATIC = ("style.css", "site.js")


def build(
    validation: Validation,
    revision: str,
    trend: Trend | None = None,
    feeds: Mapping[tuple[str, str], bytes] | None = None,
) -> Iterator[tuple[str, bytes]]:
    """Every file of the site, path and content.

    ``revision`` is the commit that was validated, or what else names it; one page says so. ``trend`` leads to
    the validation; without one the pages say that there is none. ``feeds`` are calendars to subscribe to, by kind and
    name of the record that each is about, both empty for everything; pages link to those that there are.
    """
    context = Context(validation, revision, trend, frozenset(feeds or ()), kinds.tones(kinds.views()))
    renderer = Renderer(_frame(context))
    paths = []
    enabled = gc.isenabled()
    gc.disable()  # views make no cycles, and the collector would walk the whole catalogue again and again
    try:
        for page in views(context):
            paths.append(page.path)
            yield page.path, renderer.page(page)
    finally:
        if enabled:
            gc.enable()
    yield from _data(context)
    for (kind, name), content in (feeds or {}).items():
        yield addresses.feed(context.registry[kind] if kind else None, name), content
    yield SEARCH_INDEX, search.index(context)
    yield from ((f"static/{name}", asset(f"static/{name}")) for name in _STATIC)
    yield from _published(context, paths)


def views(context: Context) -> Iterator[Page]:
    """The view of every page."""
    now = state.Now(context)
    yield home.page(context, now)
    own, generic = kinds.views(), kinds.view()
    for kind in context.registry:
        view = own.get(kind.name, generic)
        yield from view.lists(context, kind, now)
        for record in context.catalogue.of_kind(kind.name):
            yield view.page(context, record, now)
    yield from compliance.pages(context)
    yield from deadlines.pages(context)
    yield data.page(context)
    yield about.page(context)


def _published(context: Context, pages: list[str]) -> Iterator[tuple[str, bytes]]:
    """What itsm.yaml asks for where the site is published: its sitemap, and the style with its logo."""
    configuration = context.validation.configuration
    if _web_address(configuration) is not None:
        day = context.now.astimezone(UTC).date().isoformat()
        yield from publication.sitemap(_web_address(configuration) or "", pages, day)
    if configuration.site_logo is not None:
        content = next(iter(context.catalogue.snapshot.read_many([configuration.site_logo])))[1]
        if isinstance(content, bytes):  # else there is a finding about it
            yield publication.LOGO, publication.logo_style(configuration.site_logo, content)


def _web_address(configuration: Configuration) -> str | None:
    """Where the site is published, if that is on the web."""
    url = configuration.site_url
    return url if url is not None and url.startswith(("http://", "https://")) else None


def _data(context: Context) -> Iterator[tuple[str, bytes]]:
    for kind in context.registry:
        folder = addresses.folder(kind)
        records = context.catalogue.of_kind(kind.name)
        yield f"data/{folder}.json", _json([item.data for item in records])
        yield f"data/schemas/{folder}.schema.json", _json(kind.schema)
        for item in records:
            yield addresses.record_data(kind, item.name), _json(item.data)


def _json(value: object) -> bytes:
    return orjson.dumps(value, default=str, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _frame(context: Context) -> Frame:
    configuration = context.validation.configuration
    return Frame(
        title=configuration.site_title,
        organisation=configuration.organisation_name,
        language=configuration.site_language,
        areas=tuple(_areas(context)),
        as_of=moment(context.now, context.tz),
        zone=configuration.timezone,
        about=about.PATH,
        search_index=SEARCH_INDEX,
        organisation_url=configuration.organisation_url,
        url=_web_address(configuration),
        logo=publication.LOGO if configuration.site_logo else None,
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
            links = [*compliance.LINKS, deadlines.LINK, *links]
        if links:
            yield Area(place.name, Link(place.label, links[0].href), tuple(links) if len(links) > 1 else ())
    yield Area(navigation.ALL, Link("All records", "data/index.html"))
