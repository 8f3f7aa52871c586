"""What a build leaves for the next one: what each part of the site was made of, and the files that it wrote.

It is kept in the cache, whose entries are authenticated and heal, not in the site, which is published. A file of the
site is taken for what it was by its status (inode, size, times), as git does, or else by a digest of its content.

A manifest has many entries, so that a build writes those that differ: look-ups by number in segments, parts by their
names on shelves. The first entry, the head, holds digests of all others: what does not belong to it is no entry.
"""

from __future__ import annotations

import hashlib
import os
import stat
import zlib
from array import array
from base64 import b64decode, b64encode
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import accumulate, chain, islice, pairwise
from pathlib import Path
from struct import Struct
from typing import Any, Final

import orjson

from itsm_as_code.cache import Cache
from itsm_as_code.site.reads.differing import Row, Rows
from itsm_as_code.site.reads.notes import SIZE

_PART: Final = 1 << 20
_SEGMENT: Final = 1 << 16
"""Look-ups in an entry."""
_LISTED: Final = 1 << 12
"""Records in an entry, at most."""
_RECORDS: Final = "records "
_SHELF: Final = 512
"""Parts in an entry, at most on average."""
_STATUS: Final = Struct("<QQqqI")
_INODE: Final = (1 << 64) - 1
"""What of an inode is kept: some file systems have longer ones."""
_NUMBER: Final = array("I").itemsize


@dataclass(frozen=True, slots=True)
class File:
    """A file of the site: its path, a digest of its content, and its status as it was left.

    A status is inode, size, time of modification, time of change and mode, packed.
    """

    path: str
    content: bytes
    status: bytes = bytes(_STATUS.size)

    @classmethod
    def of(cls, path: str, content: bytes) -> File:
        return cls(path, digested(content))

    def left(self, out: str) -> File:
        """The same with its status as it is now."""
        return File(self.path, self.content, _status(os.lstat(f"{out}/{self.path}")))

    def found(self, out: str) -> File | None:
        """The file as it is there now, if that is what it was left as; None for another one, or none."""
        file = f"{out}/{self.path}"
        try:
            there = os.lstat(file)
            if _status(there) == self.status:
                return self
            _, size, _, _, mode = _STATUS.unpack(self.status)
            is_alike = (there.st_size, there.st_mode, there.st_nlink) == (size, mode, 1)
            if not is_alike or not stat.S_ISREG(there.st_mode):
                return None
            said = hashlib.blake2b(digest_size=SIZE)
            with open(file, "rb", buffering=0) as stream:  # noqa: PTH123
                while part := stream.read(_PART):
                    said.update(part)
        except OSError:
            return None
        return File(self.path, self.content, _status(there)) if said.digest() == self.content else None


def _status(found: os.stat_result) -> bytes:
    return _STATUS.pack(found.st_ino & _INODE, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_mode)


class Lost(Exception):
    """The look-ups of some parts are not there any more."""


class Shelf:
    """The look-ups of some parts, one part after the other, which are read when somebody asks.

    ``said`` is a digest of the entry, ``size`` how many there are, ``asked`` which ones, each once; ``parts`` are all
    that stand on it, and ``told`` is a digest of their entry.
    """

    def __init__(self, said: str, size: int, asked: array[int], read: Callable[[], bytes | None]) -> None:
        self.said, self.size, self._asked, self._read = said, size, asked, read
        self._rests: tuple[set[int], bool] | None = None
        self.parts: dict[str, Made] = {}
        self.told = ""

    @cached_property
    def _numbers(self) -> array[int] | None:
        raw = self._read()
        return array("I", raw) if raw is not None and len(raw) == self.size * _NUMBER else None

    def rests_on(self, stale: set[int]) -> bool:
        """True where some part on it was made of such a look-up."""
        if self._rests is None or self._rests[0] is not stale:
            self._rests = stale, not stale.isdisjoint(self._asked)
        return self._rests[1]

    def between(self, start: int, stop: int) -> array[int]:
        """Those of one part. Lost where they cannot be read."""
        if self._numbers is None:
            raise Lost
        return self._numbers[start:stop]


class Span:
    """The look-ups of a part on a shelf. Lost, when asked for, where they cannot be read."""

    __slots__ = ("_start", "_stop", "shelf")

    def __init__(self, shelf: Shelf, start: int, stop: int) -> None:
        self.shelf, self._start, self._stop = shelf, start, stop

    def __len__(self) -> int:
        return self._stop - self._start

    def __iter__(self) -> Iterator[int]:
        return iter(self.shelf.between(self._start, self._stop))


@dataclass(frozen=True, slots=True)
class Made:
    """A part of the site: the numbers of the look-ups that it was made of, and its files."""

    reads: array[int] | Span
    files: tuple[File, ...]

    def rests_on(self, stale: set[int]) -> bool:
        """True where it was made of such a look-up, or nobody knows of what."""
        if not stale or (isinstance(self.reads, Span) and not self.reads.shelf.rests_on(stale)):
            return False
        try:
            return not stale.isdisjoint(self.reads)
        except Lost:
            return True


@dataclass(frozen=True, slots=True)
class Manifest:
    """A build: what all of it depends on, its look-ups by number with digests of their answers, and its parts.

    ``digests`` are 16 bytes each, one after the other; ``traces`` says which look-ups a remembered answer was made of;
    ``records`` how every record stood there; ``head`` is what says which entries of the cache hold it.
    """

    whole: str
    keys: list[str] = field(default_factory=list)
    digests: bytes | bytearray = b""
    traces: Mapping[str, Collection[int]] = field(default_factory=dict)
    parts: Mapping[str, Made] = field(default_factory=dict)
    records: Rows = field(default_factory=dict)
    head: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Memory:
    """Where the manifest of a site is kept; ``program`` is a digest of what makes pages."""

    cache: Cache
    program: bytes

    def load(self, out: Path) -> Manifest | None:
        """The manifest of the site in a folder, if there is one of this program that can be read."""
        for _, head in self.cache.get_many(self._space, [_place(out)]):
            with suppress(ValueError, TypeError, KeyError, AttributeError):
                return self._unpacked(out, head)
        return None

    def save(self, out: Path, manifest: Manifest) -> None:
        """Remember what was made for the site in a folder; what the entries of ``manifest.head`` hold stays there."""
        shelves = 1 << (len(manifest.parts) // _SHELF).bit_length()
        old, said, fresh = manifest.head.get("entries", {}), {}, {}
        entries = _look_ups(manifest), _listed(manifest.records), _shelved(manifest.parts, shelves, old)
        for name, entry in chain.from_iterable(entries):
            said[name] = entry if isinstance(entry, str) else digested(entry).hex()
            if isinstance(entry, bytes) and said[name] != old.get(name):
                fresh[_place(out, name)] = b64encode(zlib.compress(entry, 1)).decode("ascii")
        head = {"whole": manifest.whole, "look-ups": len(manifest.keys), "shelves": shelves, "entries": said}
        if head != manifest.head:
            gone = [_place(out, name) for name in old if name not in said]
            self.cache.put_many(self._space, {**fresh, _place(out): head}, gone)

    def _unpacked(self, out: Path, head: Any) -> Manifest:
        """One entry after the other, for together they are large."""
        entry = partial(self._entry, out, head)
        keys: list[str] = []
        digests = bytearray()
        for at in range(0, head["look-ups"], _SEGMENT):
            keys += orjson.loads(entry(f"keys {at}"))
            digests += entry(f"digests {at}")
        if len(digests) != SIZE * len(keys):
            raise ValueError
        traces = {name: array("I", b64decode(trace)) for name, trace in orjson.loads(entry("traces")).items()}
        parts: dict[str, Made] = {}
        for number in range(head["shelves"]):
            inside, name = orjson.loads(entry(f"parts {number}")), f"reads {number}"
            asked = array("I", entry(f"asked {number}"))
            shelf = Shelf(head["entries"][name], sum(inside[1]), asked, partial(self._late, out, head, name))
            shelf.parts, shelf.told = dict(_standing(inside, shelf)), head["entries"][f"parts {number}"]
            parts.update(shelf.parts)
        records: dict[str, dict[str, Row]] = {}
        for name in head["entries"]:
            if name.startswith(_RECORDS):
                records.setdefault(name.split(" ")[1], {}).update(orjson.loads(entry(name)))
        return Manifest(head["whole"], keys, digests, traces, parts, records, head)

    def _entry(self, out: Path, head: Any, name: str) -> bytes:
        """An entry that belongs to a head. ValueError where there is none."""
        for _, entry in self.cache.get_many(self._space, [_place(out, name)]):
            raw = b64decode(entry, validate=True)
            with suppress(zlib.error):
                raw = zlib.decompress(raw)
            if digested(raw).hex() == head["entries"][name]:
                return raw
        raise ValueError(name)

    def _late(self, out: Path, head: Any, name: str) -> bytes | None:
        with suppress(ValueError, TypeError):
            return self._entry(out, head, name)
        head["entries"].pop(name, None)  # it is written anew then
        return None

    @property
    def _space(self) -> bytes:
        return hashlib.blake2b(self.program, digest_size=SIZE, person=b"itsm-site").digest()


def digested(content: bytes) -> bytes:
    """Sixteen bytes for the content of a file."""
    return hashlib.blake2b(content, digest_size=SIZE).digest()


def _place(out: Path, name: str = "") -> str:
    return digested(b"\0".join((os.fsencode(out.absolute()), name.encode()))).hex()


def _look_ups(manifest: Manifest) -> Iterator[tuple[str, bytes]]:
    for at in range(0, len(manifest.keys), _SEGMENT):
        yield f"keys {at}", orjson.dumps(manifest.keys[at : at + _SEGMENT])
        yield f"digests {at}", bytes(manifest.digests[at * SIZE : (at + _SEGMENT) * SIZE])
    traces = {name: _packed(array("I", sorted(trace)).tobytes()) for name, trace in sorted(manifest.traces.items())}
    yield "traces", orjson.dumps(traces)


def _listed(records: Rows) -> Iterator[tuple[str, bytes]]:
    for kind, found in records.items():
        names = sorted(found)
        for at in range(0, len(names), _LISTED):
            rows = {name: found[name] for name in names[at : at + _LISTED]}
            yield f"{_RECORDS}{kind} {at}", orjson.dumps(rows)


def _shelved(parts: Mapping[str, Made], shelves: int, old: Mapping[str, str]) -> Iterator[tuple[str, bytes | str]]:
    """Parts by shelf, and their look-ups: a digest in the place of what stands there already."""
    named: list[list[str]] = [[] for _ in range(shelves)]
    for name in sorted(parts):
        named[zlib.crc32(name.encode("utf-8", "surrogatepass")) % shelves].append(name)
    for number, names in enumerate(named):
        inside = {name: parts[name] for name in names}
        name = f"reads {number}"
        shelf = _shelf_of(inside.values())
        if shelf is not None and old.get(name) == shelf.said:
            yield name, shelf.said
            yield f"asked {number}", old[f"asked {number}"]
            if inside == shelf.parts and old.get(f"parts {number}") == shelf.told:
                yield f"parts {number}", shelf.told
                continue
        else:
            reads = {}
            for part, made in inside.items():
                with suppress(Lost):  # it is made anew by the next build
                    reads[part] = array("I", sorted(made.reads))
            inside = {part: inside[part] for part in reads}
            yield name, b"".join(numbers.tobytes() for numbers in reads.values())
            yield f"asked {number}", array("I", sorted({*chain.from_iterable(reads.values())})).tobytes()
        files = [file for made in inside.values() for file in made.files]
        counts = [len(made.reads) for made in inside.values()], [len(made.files) for made in inside.values()]
        told = (b"".join(file.content for file in files), b"".join(file.status for file in files))
        yield f"parts {number}", orjson.dumps([[*inside], *counts, [file.path for file in files], *map(_packed, told)])


def _shelf_of(parts: Iterable[Made]) -> Shelf | None:
    """The one shelf that all look-ups of these parts are on, if no others are."""
    spans = [made.reads for made in parts if made.reads]
    shelves = {span.shelf if isinstance(span, Span) else None for span in spans}
    shelf = shelves.pop() if len(shelves) == 1 else None
    return shelf if shelf is not None and shelf.size == sum(map(len, spans)) else None


def _standing(inside: Any, shelf: Shelf) -> Iterator[tuple[str, Made]]:
    names, reads, counts, paths, contents, statuses = inside
    contents, statuses = b64decode(contents), b64decode(statuses)
    files = map(File, paths, _cut(contents, SIZE), _cut(statuses, _STATUS.size))
    spans = pairwise(accumulate(reads, initial=0))
    for name, (start, stop), count in zip(names, spans, counts, strict=True):
        yield name, Made(Span(shelf, start, stop), tuple(islice(files, count)))


def _cut(text: bytes, size: int) -> Iterator[bytes]:
    return (text[at : at + size] for at in range(0, len(text), size))


def _packed(raw: bytes) -> str:
    return b64encode(raw).decode("ascii")
