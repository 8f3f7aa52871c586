"""The histories of all records: a walk goes on where an earlier one ended, and what that found is read when asked for.

Histories stand on shelves, by a checksum of the path. A commit changes few of them: the others are neither read nor
written, and who asks for the history of a path depends on one of them.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from itsm_as_code.cache import Cache
from itsm_as_code.errors import GitError
from itsm_as_code.gate.revisions import History, Records, Revisions, joined, walked
from itsm_as_code.git.history import place_of
from itsm_as_code.git.objects import ID
from itsm_as_code.git.repository import Repository
from itsm_as_code.records.stored import program

SHELVES: Final = 64
_Shelf = dict[str, History]
_HEADS: Final = "heads"
_MOST_HEADS: Final = 4
"""Commits that are kept: the default branch, and some that lead to it."""


def shelf_of(path: str) -> int:
    """The number of the shelf on which the history of a file stands."""
    return zlib.crc32(path.encode("utf-8", "surrogatepass")) % SHELVES


class Histories(Mapping[str, Revisions]):
    """By path. ``digests`` tell what stands on each shelf, ``read`` finds one, or nothing where it is lost; ``anew``
    finds all of them."""

    def __init__(
        self,
        digests: Sequence[str],
        read: Callable[[str], _Shelf | None],
        anew: Callable[[], Sequence[_Shelf]],
    ) -> None:
        self.digests, self._read, self._anew = digests, read, anew
        self._shelves: dict[int, _Shelf] = {}

    @classmethod
    def of(cls, shelves: Sequence[_Shelf]) -> Histories:
        """Those on some shelves."""
        digests = [_digest(_written(shelf)) for shelf in shelves]
        return cls(digests, dict(zip(digests, shelves, strict=True)).get, lambda: shelves)

    def _shelf(self, number: int) -> _Shelf:
        if number not in self._shelves:
            found = self._read(self.digests[number])
            self._shelves.update(enumerate(self._anew()) if found is None else {number: found})
        return self._shelves[number]

    def __getitem__(self, path: str) -> Revisions:
        return Revisions.read(self._shelf(shelf_of(path))[path])

    def __contains__(self, path: object) -> bool:
        return isinstance(path, str) and path in self._shelf(shelf_of(path))

    def __iter__(self) -> Iterator[str]:
        for number in range(SHELVES):
            yield from self._shelf(number)

    def __len__(self) -> int:
        return sum(len(self._shelf(number)) for number in range(SHELVES))


def histories(
    repository: Repository, commit: str, records: Records, kinds: str, cache: Cache | None = None
) -> Histories:
    """The histories of files up to a commit; ``kinds`` names all that ``records.state`` depends on.

    With a cache, what an earlier walk found stands, and only the commits since are looked at. GitError where the
    history cannot be read; a shallow clone tells what it has.
    """
    tip = repository.commit(commit)
    if cache is None or repository.is_shallow:  # of such a clone more may be there the next time
        return Histories.of(shelved(walked(repository, tip, records) or {}))
    kept = _Kept(cache, f"{place_of(repository)}\0{kinds}")

    def anew() -> list[_Shelf]:
        shelves = shelved(walked(repository, tip, records) or {})
        kept.put(tip, shelves)
        return shelves

    digests = _known(kept, repository, tip, records)
    return Histories.of(anew()) if digests is None else Histories(digests, kept.shelf, anew)


def _known(kept: _Kept, repository: Repository, tip: str, records: Records) -> list[str] | None:
    """The digests of the shelves up to a commit, by those of one before it; None where all has to be walked over."""
    heads = dict(kept.heads())
    if tip in heads:
        return heads[tip]
    for since, digests in heads.items():
        with suppress(GitError):  # the commit may be gone; what is wrong elsewhere comes up again
            added = walked(repository, tip, records, since) if repository.is_ancestor(since, tip) else None
            found = kept.grown(digests, added) if added is not None else None
            if found is not None:
                return kept.put(tip, found, digests)
    return None


class _Kept:
    """What a cache has of a place: shelves by digests of what stands on them, for the commits asked for last."""

    def __init__(self, cache: Cache, place: str) -> None:
        self._cache, self._place = cache, place
        self._space = hashlib.blake2b(program(), digest_size=16, person=b"itsm-histories").digest()

    def heads(self) -> list[tuple[str, list[str]]]:
        """Commits with the digests of their shelves, the one that was asked for last first."""
        with suppress(TypeError, ValueError):  # it is none of this program
            found = [(tip, list(digests)) for tip, digests in self._get(_HEADS) or ()]
            return [row for row in found if ID.match(row[0]) and len(row[1]) == SHELVES]
        return []

    def shelf(self, digest: str) -> _Shelf | None:
        """What stands on a shelf."""
        with suppress(TypeError, ValueError, zlib.error):
            raw = zlib.decompress(b64decode(self._get(digest) or ""))
            return dict(json.loads(raw)) if _digest(raw) == digest else None
        return None

    def grown(self, digests: Sequence[str], added: Mapping[str, History]) -> list[_Shelf | None] | None:
        """Shelves with what came to them, nothing for those that stay; None where one is lost."""
        found: list[_Shelf | None] = []
        for digest, fresh in zip(digests, shelved(added), strict=True):
            old = self.shelf(digest) if fresh else {}
            if old is None:
                return None
            grown = old | {path: joined(old.get(path), history) for path, history in fresh.items()}
            found.append(grown or None)
        return found

    def put(self, tip: str, shelves: Sequence[_Shelf | None], before: Sequence[str] = ()) -> list[str]:
        """Keep shelves, where there is nothing those of ``before``; the digests of all."""
        digests, fresh = [*before] or [""] * SHELVES, {}
        for number, shelf in enumerate(shelves):
            if shelf is not None:
                raw = _written(shelf)
                digests[number] = _digest(raw)
                fresh[digests[number]] = b64encode(zlib.compress(raw, 1)).decode("ascii")
        heads = [(tip, digests), *(row for row in self.heads() if row[0] != tip)]
        old = {digest for _, some in heads[_MOST_HEADS:] for digest in some}
        gone = old.difference(*(some for _, some in heads[:_MOST_HEADS]))
        entries = {_HEADS: [[*row] for row in heads[:_MOST_HEADS]], **fresh}
        put = {self._id(name): entry for name, entry in entries.items()}
        self._cache.put_many(self._space, put, map(self._id, gone))
        return digests

    def _get(self, name: str) -> Any:
        return next((entry for _, entry in self._cache.get_many(self._space, [self._id(name)])), None)

    def _id(self, name: str) -> str:
        return _digest(f"{self._place}\0{name}".encode("utf-8", "surrogateescape"))


def shelved(found: Mapping[str, History]) -> list[_Shelf]:
    """Histories on their shelves."""
    shelves: list[_Shelf] = [{} for _ in range(SHELVES)]
    for path, history in found.items():
        shelves[shelf_of(path)][path] = history
    return shelves


def _written(shelf: _Shelf) -> bytes:
    return json.dumps(shelf, sort_keys=True, separators=(",", ":")).encode()  # names in git may be in no encoding


def _digest(raw: bytes) -> str:
    return hashlib.blake2b(raw, digest_size=16).hexdigest()
