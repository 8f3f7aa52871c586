"""Rows of a list as data: text for a spreadsheet, and script files in parts that the filter of a long list reads."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

from itsm_as_code.reports.escape import cell
from itsm_as_code.site.escaping import script_json
from itsm_as_code.site.views import values as v

LARGEST: Final = 1_000
"""Rows in a part; the filter shows what it has found in the parts that have come so far."""
MOST_ROWS: Final = 300
"""Rows that one section of a page shows, which must not grow with all that names its subject; lists and data do."""


def plain(value: v.Value) -> str:
    """What a cell says, as text; nothing where nothing is recorded."""
    match value:
        case v.Text(text) | v.Code(text) | v.Prose(text) | v.Moment(text):
            return text
        case v.Link(text) | v.Status(text):
            return text
        case v.Inline(parts, separator):
            return separator.join(filter(None, map(plain, parts)))
        case v.Items(items):
            return "; ".join(filter(None, map(plain, items)))
        case v.Fields(rows):
            return "; ".join(f"{term}: {said}" for term, item in rows if (said := plain(item)))
        case _:
            return ""


def sound(text: str) -> str:
    """Text that is UTF-8; paths may hold what is none."""
    return text.encode("utf-8", "replace").decode()


def tables(stem: str, headers: Sequence[str], rows: Sequence[tuple[str | None, v.Row]]) -> Iterator[tuple[str, bytes]]:
    """A list for spreadsheets (RFC 4180), in parts of :data:`LARGEST` rows; no cell is taken for a formula."""
    grouped = any(group for group, _ in rows)
    for at in range(0, max(1, len(rows)), LARGEST):
        stream = io.StringIO()
        writer = csv.writer(stream)
        writer.writerow([*(["Group"] if grouped else []), *map(cell, headers)])
        for group, row in rows[at : at + LARGEST]:
            said = [*([group or ""] if grouped else []), *map(plain, row.cells)]
            writer.writerow([cell(sound(text)) for text in said])
        number = at // LARGEST + 1
        yield f"{stem}{f'_part_{number}' if number > 1 else ''}.csv", stream.getvalue().encode()


def scripts(
    stem: str, headers: Sequence[str], rows: Sequence[v.Row], keys: Sequence[str]
) -> Iterator[tuple[str, v.Content]]:
    """The parts of the index of a list, as script files that also load from ``file://``."""
    count = max(1, -(-len(rows) // LARGEST))
    for number in range(count):
        part = rows[number * LARGEST : (number + 1) * LARGEST]
        yield f"{stem}_{number}.js", partial(_script, number, count, headers, part, keys)


def _script(
    number: int, count: int, headers: Sequence[str], rows: Sequence[v.Row], keys: Sequence[str], say: v.Say
) -> bytes:
    said = {
        "parts": count,
        "headers": [say(title) for title in headers],
        "rows": [_row(row, keys, say) for row in rows],
    }
    return f"(self.itsmRows=self.itsmRows||[])[{number}]={script_json(said)};\n".encode()


def _row(row: v.Row, keys: Sequence[str], say: v.Say) -> list[Any]:
    """The facets of a row in the order of ``keys``, then its cells."""
    facets = dict(row.facets)
    return [[facets.get(key, "") for key in keys], *(_cell(cell, say) for cell in row.cells)]


def _cell(value: v.Value, say: v.Say) -> Any:
    """Text; ``{h, t}`` for a link within the site, ``{s, t}`` for a status with its tone; a list for several."""
    match value:
        case v.Link(label, href, False):
            return {"h": href, "t": label}
        case v.Status(word, tone):
            return {"s": tone, "t": say(word)}
        case v.Inline(parts, separator) if any(isinstance(part, v.Link | v.Status) for part in parts):
            found: list[Any] = []
            for part in parts:
                found += [separator, _cell(part, say)] if found else [_cell(part, say)]
            return found
        case v.Missing(text):
            return say(text)
        case v.Said() | v.Code() | v.Prose():
            return sound(plain(value))
        case _:
            return say(sound(plain(value)))


def begun(body: Iterable[v.Value]) -> Iterator[v.Value]:
    """The first :data:`MOST_ROWS` rows of tables, and as many other values; then how many more there are."""
    left, others, more = MOST_ROWS, MOST_ROWS, 0
    for value in body:
        if not isinstance(value, v.Table):
            others, more = others - 1, more + (others <= 0)
            if others >= 0:
                yield value
            continue
        shown = min(left, len(value.rows))
        left, more = left - shown, more + len(value.rows) - shown
        if shown == len(value.rows):
            yield value
        elif shown:
            yield replace(value, rows=value.rows[:shown])
    if more:
        yield v.Text(f"and {more:,} more")
