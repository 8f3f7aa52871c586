"""Files that would grow with the catalogue are cut into parts, by names, so that a record stays in its part.

A part has about as many records whatever there is of the kind; their number doubles with the catalogue.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Final

LARGEST: Final = 1_000
"""How many records stand in a part, about."""


def count(records: int) -> int:
    """How many parts so many records have: a power of two."""
    parts = 1
    while records > LARGEST * parts:
        parts *= 2
    return parts


def cut(names: Iterable[str], parts: int) -> list[list[str]]:
    """The names of each part, in order."""
    found: list[list[str]] = [[] for _ in range(parts)]
    for name in names:
        found[zlib.crc32(name.encode("utf-8", "surrogateescape")) % parts].append(name)
    return found
