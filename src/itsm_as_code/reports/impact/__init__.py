"""What `itsm impact` prints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from itsm_as_code.measures.blast_radius import Reached


def edges(items: Iterable[Reached]) -> Iterator[tuple[str, str, bool]]:
    """Service, what it is reached through, and whether a failure passes for certain."""
    for item in items:
        if item.via is not None:
            yield item.service, item.via, item.strength == "hard" and item.group is None
