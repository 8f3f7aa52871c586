"""Lists of records: a table or several, cut into pages of a size that any browser can bear."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from itsm_as_code.records.catalogue import Record, get
from itsm_as_code.records.kinds import Kind
from itsm_as_code.site import addresses
from itsm_as_code.site.views import navigation, state
from itsm_as_code.site.views.context import Context
from itsm_as_code.site.views.schema import Display
from itsm_as_code.site.views.values import Filter, Link, Missing, Page, Row, Section, Table, Text, Value

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
    above = (*((top,) if top else ()), *((choices((r for _, r in rows), facets),) if facets else ()))
    empty = f"No {kind.title.lower()} is recorded."
    return paged(
        lambda number: addresses.list_page(kind, number=number),
        blank(kind, above), rows, headers, kind.title_plural, empty,
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


def choices(rows: Iterable[Row], facets: Mapping[str, str]) -> Filter:
    """What the rows can be filtered by: their facets, each with its title."""
    found = [dict(row.facets) for row in rows]
    return Filter(tuple((key, title, tuple(sorted({row[key] for row in found}))) for key, title in facets.items()))


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
            values = get(record.data, path[:at]) or []
            found = [get(item, path[at + 1 :]) for item in values]
            cells.append(display.show(display.at(*path[1:at]), found) if not path[at + 1 :] else _joined(found))
        else:
            value = get(record.data, path)
            cells.append(Missing("\u2013") if value is None else display.show(display.at(*path[1:]), value))
    return Row(tuple(cells))


def _joined(values: list[object]) -> Value:
    return Text(", ".join(str(value) for value in values)) if values else Missing("\u2013")
