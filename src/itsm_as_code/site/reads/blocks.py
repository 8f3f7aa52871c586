"""Look-ups of earlier builds, in blocks that stay in the cache until somebody asks for one of them.

A block has look-ups of one group: of all that ask the same, of whatever. Where nothing of a group can have changed, its
blocks are neither read nor written. What the first block of a group has no place for goes to rooms by its checksum, so
that few blocks tell whether a key is known.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Mapping
from typing import Final

from itsm_as_code.site.reads.differing import MARK

BITS: Final = 12
"""The number of a look-up is that of its block, and in so many bits its place there."""
LAST: Final = (1 << BITS) - 1
"""The last place of a block."""
ROOMS: Final = 64
"""Rooms of a group, besides its first block."""


def group_of(key: str) -> str:
    """What a key asks, without of what."""
    return key.partition(MARK)[0].partition(" ")[0]


def room_of(key: str) -> int:
    """The room of a key that is not in the first block of its group."""
    return 1 + zlib.crc32(key.encode("utf-8", "surrogatepass")) % ROOMS


class Block:
    """Keys, and digests of their answers, one after the other; of an earlier build ``size``, found by ``read``.

    The ``room`` of the first block of a group is 0. ``differs`` says that it does not stand in the cache as it is.
    """

    __slots__ = ("_read", "differs", "digests", "group", "keys", "room", "size")

    def __init__(
        self, group: str, room: int, size: int = 0, read: Callable[[], tuple[list[str], bytes] | None] | None = None
    ) -> None:
        self.group, self.room, self.size, self._read = group, room, size, read
        self.keys: list[str] = []
        self.digests = bytearray()
        self.differs = read is None

    @property
    def is_read(self) -> bool:
        return self._read is None

    @property
    def is_lost(self) -> bool:
        """True where nobody knows any more what was asked."""
        return self._read is None and len(self.keys) < self.size

    def __len__(self) -> int:
        return max(self.size, len(self.keys))

    def read(self) -> None:
        """Find what an earlier build left."""
        found, self._read = self._read() if self._read is not None else None, None
        if found is not None:
            self.keys, self.digests = found[0], bytearray(found[1])


class Traces:
    """Which look-ups the remembered answers of a group were made of, by the names of the answers.

    ``rests`` are the blocks of all of them, ``read`` finds them, or None where they are lost; those that are
    not new stand in the cache.
    """

    def __init__(
        self,
        rests: Collection[int],
        read: Callable[[], Mapping[str, Collection[int]] | None],
        *,
        is_new: bool = False,
    ) -> None:
        self.rests, self.read, self.is_new = rests, read, is_new

    @classmethod
    def of(cls, found: Mapping[str, Collection[int]]) -> Traces:
        """Those that are known."""
        return cls(sorted({number >> BITS for trace in found.values() for number in trace}), lambda: found, is_new=True)
