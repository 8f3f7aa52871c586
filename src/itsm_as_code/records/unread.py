"""Records of a kind whose files are read when somebody asks what they say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any, Final

from itsm_as_code.findings import RecordId
from itsm_as_code.records.catalogue import Record
from itsm_as_code.records.kinds import Kind

_MOST: Final = 1024
"""Records that are read at a time."""
_SAME: Final[dict[str, Any]] = {"content": None, "valid": True, "pack": ""}


class Ahead:
    """What records of a kind say, by name: who asks for one after the other gets ever more of them at a time."""

    def __init__(self, read: Callable[[Iterable[str]], list[Record]], names: Sequence[str]) -> None:
        self._read, self._names = read, names
        self._next, self._size = 0, 1
        self._found: dict[str, dict[str, Any]] = {}

    @cached_property
    def _places(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self._names)}

    def __call__(self, name: str) -> dict[str, Any]:
        if name not in self._found:
            at = self._places[name]
            is_near = self._next <= at < self._next + self._size
            self._size = min(2 * self._size, _MOST) if is_near else 1
            self._next = at + self._size
            self._found = {record.name: record.data for record in self._read(self._names[at : self._next])}
        return self._found[name]


class Unread(Record):
    """A record whose data is read when it is asked for; else it is as any other."""

    __slots__ = ("_ahead",)
    _ahead: Ahead

    def __getattr__(self, name: str) -> Any:
        if name != "data":
            raise AttributeError(name)
        data = self._ahead(self.name)
        object.__setattr__(self, name, data)
        return data

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Record):
            return NotImplemented
        return self.__getstate__() == other.__getstate__()

    __hash__ = Record.__hash__


def unread(kind: Kind, name: str, row: Sequence[str], ahead: Ahead) -> Record:
    """The record of a name; ``row`` has the path of its file and the id of its content."""
    record = object.__new__(Unread)
    given = {"id": RecordId(kind.name, name), "kind": kind, "path": row[0], "oid": row[1], "_ahead": ahead, **_SAME}
    for field, value in given.items():
        object.__setattr__(record, field, value)
    return record
