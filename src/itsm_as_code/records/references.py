"""Who refers to whom in a tree, known to its index by the names that stand in records.

Which record a name means depends on which there are, so that is told when somebody asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Final

from itsm_as_code.findings import Pointer, RecordId
from itsm_as_code.records.catalogue import Catalogue
from itsm_as_code.records.summary import Divided, Part, divided

_NAMED: Final = "references"
_FORMS: Final = "forms of references"
Named = tuple[RecordId, tuple[str, ...], Pointer]
"""A record that names something, of which kinds that may be, and where the name stands."""


def parts_of(catalogue: Catalogue) -> dict[str, Any]:
    """The parts of an index for the references of a catalogue: by name the records that have it, in their order."""
    forms: dict[tuple[str, tuple[str, ...], Pointer], int] = {}
    named: dict[str, list[Any]] = {}
    for record in catalogue:
        for reference in record.references() if record.valid else ():
            form = record.id.kind, reference.kinds, reference.pointer
            named.setdefault(reference.name, []).extend((forms.setdefault(form, len(forms)), record.name))
    told = [[kind, list(kinds), list(pointer)] for kind, kinds, pointer in forms]
    return {_FORMS: told, **divided(_NAMED, named)}


class References:
    """What the index of a tree knows of them."""

    def __init__(self, part: Part) -> None:
        self._part = part

    @cached_property
    def _forms(self) -> list[tuple[str, tuple[str, ...], Pointer]]:
        return [(kind, tuple(kinds), tuple(pointer)) for kind, kinds, pointer in self._part(_FORMS)]

    @cached_property
    def _named(self) -> Mapping[str, list[Any]]:
        return Divided(_NAMED, self._part)

    def naming(self, name: str) -> Iterator[Named]:
        """The valid records in which a name stands, in the order of records."""
        found = self._named.get(name, [])
        for number, referrer in zip(found[::2], found[1::2], strict=True):
            kind, kinds, pointer = self._forms[number]
            yield RecordId(kind, referrer), kinds, pointer
