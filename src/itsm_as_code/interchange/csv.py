"""Tables as CSV or JSON, such as service desks export: a mapping file says which columns become which fields.

A row becomes a record with all that can be read of it. What is no value of its field is said at its line; columns
without a field are kept in annotations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from itertools import pairwise
from typing import Any, Final

from itsm_as_code.findings import Location, RecordId, Rule, Severity, sort_findings
from itsm_as_code.interchange._backstage_entities import record_name
from itsm_as_code.interchange._mapping import MAPPING, Field, MappingError, TableMapping, key_of, read_mapping, shipped
from itsm_as_code.interchange._notes import Notes
from itsm_as_code.interchange._store import Asked, Conversion, Known, NewRecord
from itsm_as_code.interchange._tables import Row, UnreadableError, read_rows
from itsm_as_code.interchange._values import ValueRefusedError, Values, plain_text
from itsm_as_code.records.kinds import API_VERSION

TITLE = "rows of a table (CSV or JSON) by a mapping file"
TABLE = Rule(
    "import-table",
    "A table can be read row by row",
    Severity.ERROR,
    "A table is CSV with heads of columns, or JSON with a list of objects, in UTF-8, UTF-16 or Windows-1252. A row "
    "with another number of values than columns, without a name, or with the name of an earlier one is refused.",
)
VALUE = Rule(
    "import-value",
    "A value is what its field holds",
    Severity.ERROR,
    "A text that is no time, number or word of the table of values is not guessed at: the field is left out, and the "
    "text kept in an annotation. A local time that clocks skip or show twice is none.",
)
COLUMN = Rule(
    "import-column",
    "Every column is mapped, ignored or kept",
    Severity.INFO,
    "A column that the mapping does not name is kept in annotations; one that it names and the table does not have is "
    "said, since it may be called differently there.",
)
RULES = (TABLE, VALUE, COLUMN, MAPPING)
_NOTHING_ASKED: Final = Asked()
_LONGEST_TITLE, _LONGEST_TEXT = 200, 20_000


def convert(sources: Mapping[str, bytes], known: Known, asked: Asked = _NOTHING_ASKED) -> Conversion:
    """Records for the rows of tables, by the mapping that ``asked`` gives."""
    path, source = asked.mapping or ("", b"")
    try:
        mapping = read_mapping(path, source, known.registry)
    except MappingError as error:
        return Conversion([], sort_findings(error.findings), len(sources))
    notes = Notes()
    table = _Table(mapping, known, asked, notes)
    records = [record for name, content in sources.items() for record in table.records(name, content)]
    return Conversion(records, notes.findings(), notes.refused)


class _Table:
    def __init__(self, mapping: TableMapping, known: Known, asked: Asked, notes: Notes) -> None:
        self.mapping, self.known, self.asked, self.notes = mapping, known, asked, notes
        timezone = asked.timezone or mapping.timezone or "UTC"
        self.values = Values(known, timezone, mapping.times, mapping.decimal)
        self.mapped = {column for field in mapping.fields for column in field.columns} | set(mapping.named_by)
        self.mapped |= set(mapping.taken_over[1]) if mapping.taken_over else set()
        self.seen: dict[str, Location] = {}

    def records(self, path: str, source: bytes) -> Iterator[NewRecord]:
        try:
            encoding, rows = read_rows(path, source, self.mapping.delimiter)
        except UnreadableError as error:
            self.notes.add(
                TABLE, f"not imported: {error}", Location(path, error.line, 1), remedy="export it anew", refused=True
            )
            return
        if encoding == "cp1252":
            message = "the file is not UTF-8; it is read as Windows-1252"
            self.notes.add(TABLE, message, Location(path), remedy="look at names", severity=Severity.WARNING)
        self._say_missing(path, rows)
        for row in rows:
            if row.problem:
                self._refuse(row, row.problem)
            elif (record := self._record(row)) is not None:
                yield record

    def _say_missing(self, path: str, rows: list[Row]) -> None:
        there = {key_of(column) for row in rows for column in row.cells}
        for field in self.mapping.fields:
            if rows and field.columns and not there.intersection(field.columns):
                name = ".".join(map(str, field.at))
                message = f"no row has anything for {name}: there is no column '{field.columns[0]}' or it is empty"
                self.notes.add(COLUMN, message, Location(path, 1, 1), remedy="name the column in a mapping of your own")

    def _refuse(self, row: Row, why: str) -> None:
        self.notes.add(TABLE, f"not imported: {why}", row.at, remedy="mend the row", refused=True)

    def _record(self, row: Row) -> NewRecord | None:
        cells = {key_of(column): text for column, text in row.cells.items()}
        number = _first(cells, self.mapping.named_by)
        name = record_name(f"{self.mapping.prefix}{plain_text(number)}") if number else ""
        if not name:
            self._refuse(row, f"the row has no '{self.mapping.named_by[0]}', of which the name is made")
            return None
        if name in self.seen:
            self._refuse(row, f"{name} stands twice; the one at {self.seen[name]} is imported")
            return None
        self.seen[name] = row.at
        record = RecordId(self.mapping.kind, name)
        data: dict[str, Any] = {"apiVersion": API_VERSION, "kind": self.mapping.kind}
        data |= {"metadata": {"name": name, "title": name}, "spec": {}}
        kept: dict[str, str] = {}
        for field in self.mapping.fields:
            self._fill(field, cells, data, kept, row, record)
        self._take_over(cells, data, record)
        self._keep_rest(row, kept, record)
        self._fit(data, kept)
        if kept:
            data["metadata"].setdefault("annotations", {}).update(kept)
        return NewRecord(record, data, row.at)

    def _fill(
        self,
        field: Field,
        cells: Mapping[str, str],
        data: dict[str, Any],
        kept: dict[str, str],
        row: Row,
        record: RecordId,
    ) -> None:
        """Put what the columns of a field say into a record; what is no value is kept."""
        text = _first(cells, field.columns)
        value = deepcopy(field.default)
        if text:
            parts = [part.strip() for part in text.split(field.split)] if field.split else [text]
            found = []
            for part in filter(None, parts):
                try:
                    found.append(self._value(field, part))
                except ValueRefusedError as error:
                    column = next(column for column in field.columns if cells.get(column))
                    kept[self._key(column)] = plain_text(text)
                    grade = Severity.WARNING if field.form == "person" or field.default is not None else Severity.ERROR
                    message = f"{column}: {error}; {'.'.join(map(str, field.at))} is left as it is without it"
                    self.notes.add(
                        VALUE, message, row.at, subject=record.name, remedy=error.remedy, severity=grade, record=record
                    )
            if found:
                value = list(dict.fromkeys(found)) if field.split else found[0]
        if value is not None:
            _put(data, field.at, value)

    def _value(self, field: Field, text: str) -> Any:
        if field.values is None:
            return self.values.read(text, field.form)
        if key_of(text) not in field.values:
            remedy = "add it to the values of the field in a mapping of your own"
            raise ValueRefusedError(f"'{text[:80]}' is not in the table of values", remedy)
        return field.values[key_of(text)]

    def _take_over(self, cells: Mapping[str, str], data: dict[str, Any], record: RecordId) -> None:
        """Mark what the other tool closed; the day on which that was once said stays."""
        over = self.mapping.taken_over
        if over is None or data["spec"].get("status") not in over[2]:
            return
        number = plain_text(_first(cells, over[1]))
        data["spec"] |= self.known.taken_over(record, over[0], number, self.asked.day)

    def _keep_rest(self, row: Row, kept: dict[str, str], record: RecordId) -> None:
        for column, text in row.cells.items():
            if key_of(column) in self.mapped or key_of(column) in self.mapping.ignored:
                continue
            key = self._key(column)
            if len(text) > _LONGEST_TEXT:
                message = f"the column '{column[:80]}' is not kept: an annotation holds {_LONGEST_TEXT:,} characters"
                self.notes.add(COLUMN, message, row.at, subject=record.name, severity=Severity.WARNING)
                continue
            kept[key] = plain_text(text)
            message = f"the column '{column[:80]}' is not mapped; kept in the annotation {key}"
            self.notes.add(COLUMN, message, row.at, subject=record.name)

    def _fit(self, data: dict[str, Any], kept: dict[str, str]) -> None:
        """Cut a title to what one holds; the whole is kept."""
        title = " ".join(str(data["metadata"]["title"]).split())
        if len(title) > _LONGEST_TITLE:
            kept[self._key("full title")] = title
            title = title[: _LONGEST_TITLE - 1].rstrip() + "…"
        data["metadata"]["title"] = title

    def _key(self, column: str) -> str:
        return f"{self.mapping.name}/{record_name(key_of(column).replace(' ', '-')) or 'column'}"


def _first(cells: Mapping[str, str], columns: tuple[str, ...]) -> str:
    return next((cells[column] for column in columns if cells.get(column)), "")


def _put(data: dict[str, Any], at: tuple[str | int, ...], value: Any) -> None:
    """Set a place in a record; a list on the way gets the one entry that its number asks for."""
    place: Any = data
    for part, following in pairwise(at):
        fresh: Any = [] if isinstance(following, int) else {}
        if isinstance(place, list):
            place += [fresh] * (int(part) + 1 - len(place))
            place = place[int(part)]
        else:
            place = place.setdefault(part, fresh)
    if isinstance(place, list):
        place.append(value)
    else:
        place[at[-1]] = value


__all__ = ["RULES", "TITLE", "convert", "shipped"]
