"""A table with a line of names at its top, in UTF-8 or Windows-1252; commas, semicolons or tabs part its cells."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Final

from itsm_as_code.assurance.ran import Skipped
from itsm_as_code.assurance.sources._rows import Row

TITLE: Final = "any table (--map FIELD=COLUMN)"


def rows(content: bytes) -> Iterator[Row | Skipped]:
    """A row for each line after the first."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")
    head = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count), strict=True)
    names: list[str] = []
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Skipped(str(reader.line_num), f"it is no line of a table: {error}")
            continue
        if not names:
            names = [cell.strip() for cell in cells]
        elif len(cells) != len(names) and cells:
            yield Skipped(str(reader.line_num), f"it has {len(cells)} cells, and the table {len(names)} columns")
        elif cells:
            yield Row(str(reader.line_num), dict(zip(names, cells, strict=True)))
