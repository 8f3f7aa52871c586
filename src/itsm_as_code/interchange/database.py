"""All records and figures as tables of DuckDB, in a file of its own or as Parquet files.

``records`` has a row for each record with its data as JSON; ``fields`` one for each value in it, by its JSON pointer
(RFC 6901); ``figures`` one for each key figure. Instants and decimals are text, as records have them.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from itsm_as_code.errors import ItsmError, UsageError
from itsm_as_code.findings import format_pointer
from itsm_as_code.records.catalogue import Record

TITLE: Final = "DuckDB and Parquet"
EXTRA: Final = "measurements"
FIGURES: Final = (
    *("figure", "title", "part", "by", "from", "to", "numerator", "denominator", "share", "total", "median", "mean"),
    *("low", "high", "unit", "formula"),
)
TABLES: Final[Mapping[str, tuple[str, ...]]] = {
    "records": ("kind", "name", "title", "path", "data"),
    "fields": ("kind", "name", "pointer", "value"),
    "figures": FIGURES,
}
"""The columns of each table."""
_NUMBERS: Final = ("numerator", "denominator")
Row = Mapping[str, Any]


def rows(records: Iterable[Record], figures: Iterable[Row]) -> dict[str, list[Row]]:
    """The rows of each table, in one order."""
    known = sorted((record for record in records if record.valid), key=lambda record: str(record.id))
    return {
        "records": [
            {
                "kind": record.id.kind,
                "name": record.name,
                "title": record.data["metadata"].get("title"),
                "path": record.path,
                "data": json.dumps(record.data, ensure_ascii=False, sort_keys=True),
            }
            for record in known
        ],
        "fields": [
            {"kind": record.id.kind, "name": record.name, "pointer": pointer, "value": value}
            for record in known
            for pointer, value in _values(record.data, ())
        ],
        "figures": [{column: figure.get(column) for column in FIGURES} for figure in figures],
    }


def _values(data: Any, at: tuple[str | int, ...]) -> Iterator[tuple[str, str]]:
    if isinstance(data, Mapping):
        for key, value in data.items():
            yield from _values(value, (*at, key))
    elif isinstance(data, list):
        for number, value in enumerate(data):
            yield from _values(value, (*at, number))
    else:
        yield format_pointer(at), data if isinstance(data, str) else json.dumps(data)


def write_database(tables: Mapping[str, list[Row]], target: Path) -> None:
    """A database file; it is put in its place when it is whole. ItsmError, also without the extra."""
    with _folder(target) as place:
        made = Path(place) / "made.duckdb"
        connection = _filled(tables, Path(place), str(made))
        connection.close()
        made.replace(target)


def write_parquet(tables: Mapping[str, list[Row]], folder: Path) -> list[Path]:
    """A file for each table in a folder. ItsmError, also without the extra."""
    folder.mkdir(parents=True, exist_ok=True)
    targets = [folder / f"{name}.parquet" for name in tables]
    with _folder(targets[0]) as place:
        connection = _filled(tables, Path(place), ":memory:")
        for target in targets:
            made = Path(place) / target.name
            connection.execute(f"COPY {target.stem} TO '{_quoted(made)}' (FORMAT parquet)")
        connection.close()
        for target in targets:
            (Path(place) / target.name).replace(target)
    return targets


def _folder(target: Path) -> tempfile.TemporaryDirectory[str]:
    try:
        return tempfile.TemporaryDirectory(prefix=".itsm-", dir=target.parent)
    except OSError as error:
        raise ItsmError(f"cannot write {target}: {error.strerror}", remedy="name a folder that is there") from None


def _filled(tables: Mapping[str, list[Row]], place: Path, database: str) -> Any:
    try:
        import duckdb
    except ImportError:
        raise UsageError("DuckDB is not installed", remedy=f"pip install 'itsm-as-code[{EXTRA}]'") from None
    connection = duckdb.connect(database)
    for name, found in tables.items():
        source = place / f"{name}.json"
        source.write_text("".join(json.dumps(row, ensure_ascii=True) + os.linesep for row in found), "utf-8")
        types = {column: "BIGINT" if column in _NUMBERS else "VARCHAR" for column in TABLES[name]}
        columns = ", ".join(f'"{column}" {kind}' for column, kind in types.items())
        connection.execute(f'CREATE TABLE "{name}" ({columns})')
        if found:
            said = ", ".join(f"'{column}': '{kind}'" for column, kind in types.items())
            options = f"format='newline_delimited', maximum_object_size=33554432, columns={{{said}}}"
            said = f"SELECT * FROM read_json('{_quoted(source)}', {options})"  # noqa: S608 - all names are our own
            connection.execute(f'INSERT INTO "{name}" {said}')
    return connection


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
