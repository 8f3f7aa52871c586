"""Which look-ups of an earlier build are answered differently now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from typing import Final

from itsm_as_code.site.reads.blocks import BITS, LAST, Block, Traces, group_of
from itsm_as_code.site.reads.differing import MARK, OF_ALL
from itsm_as_code.site.reads.notes import Notes, digest

_OF_RECORDS: Final = (*OF_ALL, *OF_ALL.values(), "names", "everything", "together")
"""What is asked of records and the like, of which it is known whether it is answered differently."""


def renew(notes: Notes, blocks: list[Block], traces: Mapping[str, Traces], other: Collection[str]) -> set[int]:
    """Take over the look-ups of an earlier build; the numbers of those that are answered differently now.

    ``other`` are those about records (:func:`~itsm_as_code.site.reads.differing.differing`). A remembered answer whose
    own look-ups are all answered as before is not worked out again, and a group that rests on nothing that differs is
    not even read.
    """
    notes.take(blocks)
    renewal = _Renewal(notes, traces, other)
    renewal.ask_directly(other)
    renewal.ask_remembered()
    for at, block in enumerate(notes.blocks):
        if block.is_lost:
            renewal.stale.update(range(at << BITS, (at << BITS) + block.size))
    return renewal.stale


class _Renewal:
    def __init__(self, notes: Notes, traces: Mapping[str, Traces], other: Collection[str]) -> None:
        self._notes, self._traces = notes, traces
        self._groups: dict[str, list[int]] = {}
        for at, block in enumerate(notes.blocks):
            self._groups.setdefault(block.group, []).append(at)
        self.stale = {number for key in other if (number := notes.known(key)) is not None}
        self._touched: set[str] = set()
        self._asked: defaultdict[int, bytearray] = defaultdict(lambda: bytearray(LAST + 1))
        self._sources: dict[str, bool] = {}
        self._read: dict[str, Mapping[str, Collection[int]]] = {}

    def _numbers(self, group: str) -> list[int]:
        """All of a group that there were."""
        blocks = ((at << BITS, self._notes.blocks[at].size) for at in self._groups[group])
        return [number for start, size in blocks for number in range(start, start + size)]

    def ask_directly(self, other: Collection[str]) -> None:
        """Ask what rests on no remembered answer, unless it is known to be as it was."""
        notes = self._notes
        self._sources = dict.fromkeys(_OF_RECORDS, False) | {head: notes.has_changed(head) for head in notes.together}
        self._sources["referrers"] = "references" in other
        for group in self._groups:
            if group in notes.direct and self._sources.get(group, True):
                for number in self._numbers(group):
                    self._ask(number, notes.parted.get(group))

    def ask_remembered(self) -> None:
        """Ask the groups that rest on anything that differs, or may."""
        differing = {number >> BITS for number in self.stale}
        differing.update(at for at, block in enumerate(self._notes.blocks) if block.is_lost)
        left = (self._groups.keys() | self._traces.keys()) - self._notes.direct.keys() - {*_OF_RECORDS}
        while found := {group for group in left if self._may_differ(group, differing)}:
            left -= found
            self._touched |= found
            differing.update(at for group in found for at in self._groups.get(group, ()))
        self._notes.late = {group: self._traces[group] for group in left}
        for group in self._touched & self._groups.keys():
            for number in self._numbers(group):
                self._differs(number)
        for name in [*self._notes.traces]:
            self._notes.earlier(name)

    def _may_differ(self, group: str, blocks: set[int]) -> bool:
        return group not in self._traces or not blocks.isdisjoint(self._traces[group].rests)

    def _ask(self, number: int, part: Callable[..., str] | None = None) -> None:
        """Ask a look-up again, unless the ``part`` of what is the same for many that it rests on is as it was."""
        notes, block = self._notes, self._notes.block(number >> BITS)
        if not block.is_lost:
            key = block.keys[number & LAST]
            may_differ = part is None or self._sources[part(*key.split(MARK)[1:])]
            if may_differ and notes.renew(number, digest(notes.answer(key))):
                self.stale.add(number)

    def _differs(self, number: int) -> bool:
        at = number >> BITS
        if number not in self.stale and self._notes.blocks[at].group in self._touched:
            block, asked = self._notes.block(at), self._asked[at]
            if block.is_lost:
                return True
            if not asked[number & LAST]:
                asked[number & LAST] = 1
                if self._has_changed(block.keys[number & LAST].partition(MARK)[0]):
                    self._ask(number)
        return number in self.stale

    def _has_changed(self, source: str) -> bool:
        """False where no look-up of a remembered answer needs to be asked again."""
        if source not in self._sources:
            group = group_of(source)
            if group not in self._read:
                self._read[group] = (self._traces[group].read() if group in self._traces else None) or {}
            trace = self._read[group].get(source)
            self._sources[source] = trace is None or any(map(self._differs, trace))
            if not self._sources[source] and trace is not None:
                self._notes.traces[source] = trace
        return self._sources[source]
