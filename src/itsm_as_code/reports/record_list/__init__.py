"""What `itsm list` prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from itsm_as_code.records.catalogue import Record, get
from itsm_as_code.records.kinds import Column


@dataclass(frozen=True)
class RecordList:
    """Records of a kind and the columns to show; ``counts`` are all kinds with how many there are, without a kind."""

    kind: str | None
    records: Sequence[Record] = ()
    columns: Sequence[Column] = ()
    counts: Sequence[tuple[str, int]] = ()


def value(record: Record, pointer: tuple[str, ...]) -> Any:
    """What a record has at a pointer, in which ``*`` stands for each item of a list; None where there is nothing."""
    found = list(_found(record.data, pointer))
    return found if "*" in pointer and found else next(iter(found), None)


def _found(data: Any, pointer: tuple[str, ...]) -> Iterator[Any]:
    if "*" in pointer:
        at = pointer.index("*")
        items = get(data, pointer[:at])
        for item in items if isinstance(items, list) else ():
            yield from _found(item, pointer[at + 1 :])
    else:
        item = get(data, pointer)
        if item is not None:
            yield item


def cell(found: Any) -> str:
    """A value as people read it in a table."""
    if isinstance(found, bool):
        return "yes" if found else "no"
    if isinstance(found, list):
        return ", ".join(map(cell, found))
    if isinstance(found, dict):
        return ", ".join(f"{key} {cell(item)}" for key, item in found.items())
    return "" if found is None else " ".join(str(found).split())
