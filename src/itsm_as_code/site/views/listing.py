"""Lists of records: a table or several, cut into pages of a size that any browser can bear."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from itsm_as_code.records.catalogue import Record, get
from itsm_as_code.records.kinds import Kind
from itsm_as_code.site import addresses
from itsm_as_code.site.views import navigation, state
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.rows import plain, scripts, tables
from itsm_as_code.site.views.schema import Display
from itsm_as_code.site.views.values import (
    Filter,
    Inline,
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
PLAIN_SIZE = 1_000
"""Rows of a page that says of each record hardly more than its title."""
Grouped = Sequence[tuple[str | None, Row]]


def paged(
    address: Callable[[int], str],
    blank: Page,
    rows: Grouped,
    headers: tuple[str, ...],
    caption: str,
    empty: str,
    compact: bool = False,
    size: int = 0,
    exported: bool = True,
) -> Iterator[Page]:
    """Pages of at most ``size`` rows (:data:`PAGE_SIZE`); consecutive rows of one group stand under its heading.

    The first of several says on which page each group begins. Beside the first lies the whole as CSV if ``exported``;
    a list that is not is another way through one that is, and says of each page with which title it begins as well.
    """
    size = size or PAGE_SIZE
    files = tuple(tables(address(1).removesuffix(".html"), headers, rows)) if exported and rows else ()
    count = max(1, -(-len(rows) // size))
    for number in range(1, count + 1):
        part = rows[(number - 1) * size : number * size]
        pager = tuple((Link(str(n), address(n)), n == number) for n in range(1, count + 1)) if count > 1 else ()
        title = f"{blank.title}, page {number} of {count}" if number > 1 else blank.title
        where = _beginnings(address, rows, size, each=not exported) if count > 1 and number == 1 else ()
        yield replace(
            blank,
            path=address(number),
            title=title,
            top=(*blank.top, *where),
            sections=(*blank.sections, *_tables(part, headers, caption, empty, compact)),
            pager=_shortened(pager, number),
            files=files if number == 1 else (),
        )


def _beginnings(address: Callable[[int], str], rows: Grouped, size: int, *, each: bool) -> tuple[Value, ...]:
    """The groups with the number of their rows, each leading to where it begins; and ``each`` page within a group."""
    counts, links, seen = Counter(group for group, _ in rows), list[Value](), set[str | None]()
    for at, (group, row) in enumerate(rows):
        if group not in seen:
            seen.add(group)
            links.append(Link(f"{group} ({counts[group]:,})", f"{address(at // size + 1)}#{anchor(group or '')}"))
        elif each and at % size == 0:
            links.append(Link(f"from {plain(row.cells[0])}", address(at // size + 1)))
    return (Inline(tuple(links), " \u00b7 "),) if len(links) > 1 else ()


def anchor(title: str) -> str:
    """Where on a page the rows under a title begin."""
    return addresses.safe(title.lower().replace(" ", "-"))


def browsable(
    address: Callable[[int], str],
    blank: Page,
    rows: Grouped,
    headers: tuple[str, ...],
    caption: str,
    empty: str,
    facets: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Page]:
    """A list, and where it has several pages what finds a row on any of them.

    The filter of the first page then reads all rows from script files; without scripts, the same rows stand by facet
    and by their first letter on plain pages of their own.
    """
    bare = [row for _, row in rows]
    many = len(rows) > PAGE_SIZE
    stem = address(1).removesuffix(".html")
    filter_ = choices(bare, facets, f"{stem}_rows" if many else "")
    top = (*blank.top, filter_) if many or facets else blank.top
    if not many:
        yield from paged(address, replace(blank, top=top), rows, headers, caption, empty)
        return
    views = [("", "As listed"), *((f"by_{key}", f"By {title.lower()}") for key, title in facets.items()), BY_TITLE]
    folder = stem.rpartition("/")[0]

    def of(view: str) -> Callable[[int], str]:
        return lambda number: f"{folder}/{view}{f'_{number}' if number > 1 else ''}.html" if view else address(number)

    def tabs(here: str) -> Tabs:
        return Tabs("Ways through the list", tuple((Link(title, of(view)(1)), view == here) for view, title in views))

    first, *more = paged(address, replace(blank, top=(*blank.top, tabs(""), filter_)), rows, headers, caption, empty)
    yield replace(first, files=(*first.files, *scripts(f"{stem}_rows", headers, bare, list(facets))))
    yield from more
    for view, title in views[1:]:
        of_view = replace(blank, title=f"{blank.title} {title.lower()}", top=(tabs(view), filter_))
        yield from plainly(of(view), of_view, bare, view.removeprefix("by_"), (headers[0], *facets.values()), caption)


BY_TITLE = ("by_title", "By title")


def plainly(
    address: Callable[[int], str], blank: Page, rows: Sequence[Row], facet: str, headers: tuple[str, ...], caption: str
) -> Iterator[Page]:
    """Rows by a facet, or by the first letter of what they name: what that is, and the facets that they have."""

    def key(row: Row) -> tuple[str, str]:
        title = plain(row.cells[0])
        if facet != "title":
            return dict(row.facets).get(facet, "") or "None", title.casefold()
        letter = unicodedata.normalize("NFKD", title[:1]).upper()[:1]
        return (letter if letter.isalpha() else "0\u20139"), title.casefold()

    ordered = sorted(((key(row), row) for row in rows), key=lambda item: item[0])
    short = [
        (of, Row((row.cells[0], *(Text(said) for _, said in row.facets[: len(headers) - 1]))))
        for (of, _), row in ordered
    ]
    yield from paged(address, blank, short, headers, caption, "", size=PLAIN_SIZE, exported=False)


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
            anchor(title),
            title,
            (Table(title, headers, tuple(rows), empty, compact),),
        )


def blank(kind: Kind, top: tuple[Value, ...] = ()) -> Page:
    """What every page of a kind's lists has."""
    return Page("", kind.title_plural, (), lead=kind.description, area=navigation.area(kind), top=top)


def listed(
    context: Context,
    kind: Kind,
    headers: tuple[str, ...],
    row: Callable[[Context, Record], Row],
    records: Iterable[tuple[str | None, Record]] | None = None,
    facets: Mapping[str, str] = MappingProxyType({}),
    top: Value | None = None,
) -> Iterator[Page]:
    """The list of a kind: by title, unless ``records`` says in which groups; ``facets`` of its rows can be chosen."""
    if records is None:
        records = ((None, record) for record in by_title(context.catalogue.of_kind(kind.name)))
    rows = [(group, row(context, record)) for group, record in records]
    empty = f"No {kind.title.lower()} is recorded."
    return browsable(
        lambda number: addresses.list_page(kind, number=number),
        blank(kind, (top,) if top else ()), rows, headers, kind.title_plural, empty, facets,
    )  # fmt: skip


def by_title(records: Iterable[Record]) -> list[Record]:
    return sorted(records, key=lambda record: (record.title.casefold(), record.name))


def parted(records: Sequence[Record], states: Container[str], rest: str, over: str) -> list[tuple[str, Record]]:
    """The records whose status is none of ``states`` under one title, then the others under the other."""
    under_way = [(rest, record) for record in records if record.spec["status"] not in states]
    return under_way + [(over, record) for record in records if record.spec["status"] in states]


def final(kind: Kind, *more: str) -> frozenset[str]:
    """The states in which nothing follows by the lifecycle of a kind, and others that count as such."""
    return frozenset((kind.lifecycle or {}).get("final", ())) | frozenset(more)


def choices(rows: Iterable[Row], facets: Mapping[str, str], index: str = "") -> Filter:
    """What the rows can be filtered by: their facets, each with its title; ``index`` as :attr:`Filter.rows`."""
    found = [dict(row.facets) for row in rows]
    said = {key: tuple(sorted({row[key] for row in found if key in row})) for key in facets}
    return Filter(tuple((key, title, said[key]) for key, title in facets.items()), index)


def by_columns(context: Context, kind: Kind, now: state.Now) -> Iterator[Page]:
    """The list of a kind that its schema alone describes."""
    return listed(context, kind, ("Title", *(column.title for column in kind.columns)), _row)


def _row(context: Context, record: Record) -> Row:
    """A record by the columns that its schema names."""
    display = Display(context, record.kind)
    cells: list[Value] = [context.link(record)]
    for column in record.kind.columns:
        path = column.pointer
        if "*" in path:
            at = path.index("*")
            values = record.at(path[:at]) or []
            found = [get(item, path[at + 1 :]) for item in values]
            cells.append(display.show(display.at(*path[1:at]), found) if not path[at + 1 :] else _joined(found))
        else:
            value = record.at(path)
            cells.append(Missing("\u2013") if value is None else display.show(display.at(*path[1:]), value))
    return Row(tuple(cells))


def _joined(values: list[object]) -> Value:
    return Text(", ".join(str(value) for value in values)) if values else Missing("\u2013")
