"""An object of JSON on each line; a field within another one is called ``outer.inner``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson

from itsm_as_code.assurance.ran import Skipped
from itsm_as_code.assurance.sources._rows import Row

TITLE: Final = "any lines of JSON (--map FIELD=KEY)"


def rows(content: bytes) -> Iterator[Row | Skipped]:
    """A row for each line that is not empty."""
    for number, line in enumerate(content.splitlines(), 1):
        if not line.strip():
            continue
        try:
            data = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            yield Skipped(str(number), f"it is no JSON: {error}")
            continue
        if isinstance(data, dict):
            yield Row(str(number), dict(_flat(data, "")))
        else:
            yield Skipped(str(number), "it is no object")


def _flat(data: Mapping[str, Any], above: str) -> Iterator[tuple[str, str]]:
    for key, value in data.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{key}.")
        elif isinstance(value, (str, int, float)) and not isinstance(value, bool):
            yield f"{above}{key}", str(value)
