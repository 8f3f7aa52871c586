"""What `itsm show` prints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from itsm_as_code.findings import Pointer
from itsm_as_code.records.catalogue import Record


@dataclass(frozen=True)
class Link:
    """A record that another one names, or that names it: where, which (None where nobody has the name), its name."""

    pointer: Pointer
    other: Record | None
    name: str


@dataclass(frozen=True)
class Shown:
    """A record with its neighbours; ``following`` are the states that it may go to."""

    record: Record
    following: Sequence[str] = ()
    outgoing: Sequence[Link] = ()
    incoming: Sequence[Link] = ()
