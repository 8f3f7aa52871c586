"""Rows of tables that other tools export, as CSV or JSON: by column, each at its line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from itsm_as_code.findings import Location
from itsm_as_code.interchange._yaml import MAX_BYTES

_ENCODINGS: Final = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig"))
_LISTS: Final = ("records", "result", "issues", "data")
"""Where tools put their rows in an object."""
_SHOWN: Final = ("display_value", "displayName", "name", "value")
"""Where tools put what people read of a value that refers to something."""


class UnreadableError(ValueError):
    """A table, or one row of it, that cannot be used; ``line`` counts from 1."""

    def __init__(self, message: str, line: int = 1) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True)
class Row:
    """One row: where it begins, and what is not empty of it, by column."""

    at: Location
    cells: dict[str, str]
    problem: str = ""


def read_rows(path: str, source: bytes, delimiter: str = "") -> tuple[str, list[Row]]:
    """The encoding of a table, and its rows. UnreadableError for a file of which no row can be told.

    Without a ``delimiter`` the one is taken that the first line holds most of: comma, semicolon or tab.
    """
    if len(source) > MAX_BYTES:
        raise UnreadableError(f"the file has more than {MAX_BYTES >> 20} MiB")
    encoding, text = _decoded(source)
    rows = _of_json(path, text) if text.lstrip()[:1] in ("{", "[") else _of_csv(path, text, delimiter)
    return encoding, list(rows)


def _decoded(source: bytes) -> tuple[str, str]:
    marked = next((name for mark, name in _ENCODINGS if source.startswith(mark)), None)
    for encoding in (marked,) if marked else ("utf-8", "cp1252"):
        try:
            return encoding, source.decode(encoding)
        except UnicodeDecodeError as error:
            line = source.count(b"\n", 0, error.start) + 1
    raise UnreadableError("the file is neither UTF-8 nor Windows-1252", line)


def _of_csv(path: str, text: str, delimiter: str) -> Iterator[Row]:
    head = text.partition("\n")[0]
    delimiter = delimiter or max((",", ";", "\t"), key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        columns = [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        raise UnreadableError(f"no heads of columns: {error}") from None
    if not any(columns):
        raise UnreadableError("there are no heads of columns")
    while True:
        line = reader.line_num + 1
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Row(Location(path, line, 1), {}, f"not CSV: {error}")
            return  # where a quote is open nobody knows what comes
        if not any(value.strip() for value in values):
            continue
        problem = f"{len(values)} values, and {len(columns)} columns" if len(values) != len(columns) else ""
        cells: dict[str, str] = {}
        for name, value in zip(columns, values, strict=False):
            if name and value.strip():  # Jira repeats a head for each value of its field
                cells[name] = f"{cells[name]}, {value.strip()}" if name in cells else value.strip()
        yield Row(Location(path, line, 1), cells, problem)


def json_objects(path: str, source: bytes) -> list[tuple[Any, Location]]:
    """What the array in a file holds, wherever it stands in the object around it, each with its place."""
    if len(source) > MAX_BYTES:
        raise UnreadableError(f"the file has more than {MAX_BYTES >> 20} MiB")
    return list(_objects(path, _decoded(source)[1]))


def json_whole(source: bytes) -> Any:
    """The data of a file; UnreadableError where it is not JSON."""
    if len(source) > MAX_BYTES:
        raise UnreadableError(f"the file has more than {MAX_BYTES >> 20} MiB")
    return _parsed(_decoded(source)[1])


def _of_json(path: str, text: str) -> Iterator[Row]:
    for item, at in _objects(path, text):
        if isinstance(item, dict):
            flat = {str(key): _cell(value) for key, value in item.items() if key != "fields"}
            flat |= {str(key): _cell(value) for key, value in item.get("fields", {}).items()} if isinstance(
                item.get("fields"), dict
            ) else {}  # fmt: skip
            yield Row(at, {key: value for key, value in flat.items() if value})
        else:
            yield Row(at, {}, "a row is no object")


def _objects(path: str, text: str) -> Iterator[tuple[Any, Location]]:
    whole = _parsed(text)
    found = next((whole[key] for key in _LISTS if isinstance(whole.get(key), list)), None) if isinstance(
        whole, dict
    ) else whole  # fmt: skip
    if not isinstance(found, list):
        raise UnreadableError("no list of rows is in it")
    position = text.index("[")
    decoder = json.JSONDecoder()
    for item in found:
        position = _start(text, position + 1)
        at = Location(path, text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position))
        _, end = decoder.raw_decode(text, position)
        position = _start(text, end, "")
        yield item, at


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", 1)
        raise UnreadableError(f"not JSON: {getattr(error, 'msg', error)}", line) from None


def _start(text: str, position: int, skipped: str = "") -> int:
    while position < len(text) and (text[position].isspace() or text[position] in skipped):
        position += 1
    return position


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict) and any(key in value for key in _SHOWN):
        return next((_cell(value[key]) for key in _SHOWN if value.get(key) not in (None, "", {})), "")
    if isinstance(value, dict) and value.get("type") == "doc":
        return "\n\n".join(filter(None, map(_written, value.get("content", ()))))
    if isinstance(value, list):
        return ", ".join(filter(None, map(_cell, value)))
    return (value if isinstance(value, str) else json.dumps(value) if value != {} else "").strip()


def _written(node: Any) -> str:
    """The text of a part of Atlassian's document format."""
    if not isinstance(node, dict):
        return ""
    if node.get("type") == "hardBreak":
        return "\n"
    blocks = node.get("type") in ("bulletList", "orderedList", "listItem", "blockquote", "panel")
    return str(node.get("text", "")) + ("\n" if blocks else "").join(map(_written, node.get("content", ())))
