"""What a build leaves for the next one: what each part of the site was made of, and the files that it wrote.

It is kept in the cache, whose entries are authenticated and heal, not in the site, which is published. A file of the
site is taken for what it was by its status (inode, size, times), as git does, or else by a digest of its content.

A manifest has many entries, so that a build reads what it needs and writes what differs: look-ups in blocks, parts by
their names on shelves. The first entry, the head, holds digests of all others: what does not belong to it is no entry.
"""

from __future__ import annotations

import hashlib
import os
import stat
import zlib
from array import array
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import accumulate, chain, islice, pairwise
from pathlib import Path
from typing import Any, Final

import orjson

from itsm_as_code.cache import Cache
from itsm_as_code.site.journal import STATUS, status
from itsm_as_code.site.reads.blocks import Block, Traces
from itsm_as_code.site.reads.differing import Row, Rows
from itsm_as_code.site.reads.notes import SIZE

_PART: Final = 1 << 20
_LISTED: Final = 1 << 12
"""Records in an entry, at most."""
_RECORDS: Final = "records "
_LOOK_UPS: Final = "look-ups "
_TRACES: Final = "traces "
_SHELF: Final = 512
"""Parts in an entry, at most on average."""
_NUMBER: Final = array("I").itemsize


@dataclass(frozen=True, slots=True)
class File:
    """A file of the site: its path, a digest of its content, and its status as it was left.

    A status is inode, size, time of modification, time of change and mode, packed.
    """

    path: str
    content: bytes
    status: bytes = bytes(STATUS.size)

    @classmethod
    def of(cls, path: str, content: bytes) -> File:
        return cls(path, digested(content))

    def left(self, out: str) -> File:
        """The same with its status as it is now."""
        return File(self.path, self.content, status(os.lstat(f"{out}/{self.path}")))

    def found(self, out: str) -> File | None:
        """The file as it is there now, if that is what it was left as; None for another one, or none."""
        file = f"{out}/{self.path}"
        try:
            there = os.lstat(file)
            if status(there) == self.status:
                return self
            _, size, _, _, mode = STATUS.unpack(self.status)
            is_alike = (there.st_size, there.st_mode, there.st_nlink) == (size, mode, 1)
            if not is_alike or not stat.S_ISREG(there.st_mode):
                return None
            said = hashlib.blake2b(digest_size=SIZE)
            with open(file, "rb", buffering=0) as stream:  # noqa: PTH123
                while part := stream.read(_PART):
                    said.update(part)
        except OSError:
            return None
        return File(self.path, self.content, status(there)) if said.digest() == self.content else None


class Lost(Exception):
    """The look-ups of some parts are not there any more."""


class Shelf:
    """Parts that stand in the cache together: as they are kept there, for most builds leave most shelves alone.

    ``inside`` are the names of parts, how many look-ups and files each has, and of the files paths, contents and
    statuses. ``read`` finds another entry about them: ``reads``, the look-ups of one part after the other, or
    ``asked``, which ones those are. ``shelves`` is how many there are.
    """

    def __init__(self, number: int, shelves: int, inside: Any, read: Callable[[str], bytes | None]) -> None:
        self.names, self._counts, self._files, self.paths, self._contents, statuses = inside
        self.number, self.shelves, self.size, self._read = number, shelves, sum(self._counts), read
        self._statuses = b64decode(statuses)
        self._rests: tuple[set[int], bool] | None = None

    @cached_property
    def parts(self) -> dict[str, Made]:
        """One by one."""
        contents, statuses = _cut(b64decode(self._contents), SIZE), _cut(self._statuses, STATUS.size)
        files = map(File, self.paths, contents, statuses)
        spans = pairwise(accumulate(self._counts, initial=0))
        counted = zip(self.names, spans, self._files, strict=True)
        return {name: Made(Span(self, *span), tuple(islice(files, count))) for name, span, count in counted}

    @cached_property
    def _numbers(self) -> array[int] | None:
        raw = self._read(f"reads {self.number}")
        return array("I", raw) if raw is not None and len(raw) == self.size * _NUMBER else None

    @cached_property
    def _asked(self) -> array[int] | None:
        raw = self._read(f"asked {self.number}")
        return array("I", raw) if raw is not None and len(raw) % _NUMBER == 0 else None

    def is_as_left(self, there: Mapping[str, bytes]) -> bool:
        """True where all files of its parts are there with the status that they were left with."""
        return b"".join(there.get(path, b"") for path in self.paths) == self._statuses

    def rests_on(self, stale: set[int]) -> bool:
        """True where some part on it was made of such a look-up, or nobody knows of what."""
        if self._rests is None or self._rests[0] is not stale:
            self._rests = stale, bool(stale) and (self._asked is None or not stale.isdisjoint(self._asked))
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
        return iter(self.numbers())

    def numbers(self) -> array[int]:
        """All of them, sorted."""
        return self.shelf.between(self._start, self._stop)


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
    """A build: what all of it depends on, its look-ups with digests of their answers, and its parts.

    ``traces`` says by group which look-ups a remembered answer was made of; a part is as it stands on a shelf, or made
    since; ``records`` says how every record stood there; ``head`` is what says which entries of the cache hold it.
    """

    whole: str
    blocks: list[Block] = field(default_factory=list)
    traces: Mapping[str, Traces] = field(default_factory=dict)
    parts: Mapping[str, Made | Shelf] = field(default_factory=dict)
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
        entries = (
            _look_ups(manifest, old),
            _traces(manifest, old),
            _listed(manifest.records),
            _shelved(manifest.parts, shelves, old),
        )
        for name, entry in chain.from_iterable(entries):
            said[name] = entry if isinstance(entry, str) else digested(entry).hex()
            if isinstance(entry, bytes) and said[name] != old.get(name):
                fresh[_place(out, name)] = b64encode(zlib.compress(entry, 1)).decode("ascii")
        blocks = [[block.group, block.room, len(block)] for block in manifest.blocks]
        rests = {group: [*traces.rests] for group, traces in manifest.traces.items()}
        head = {"whole": manifest.whole, "blocks": blocks, "rests": rests, "shelves": shelves, "entries": said}
        if head != manifest.head:
            gone = [_place(out, name) for name in old if name not in said]
            self.cache.put_many(self._space, {**fresh, _place(out): head}, gone)

    def _unpacked(self, out: Path, head: Any) -> Manifest:
        """One entry after the other, for together they are large."""
        entry = partial(self._entry, out, head)
        late = partial(self._late, out, head)
        blocks = [
            Block(group, room, size, partial(_look_up, late, f"{_LOOK_UPS}{at}", size))
            for at, (group, room, size) in enumerate(head["blocks"])
        ]
        traces = {
            group: Traces(rests, partial(_traced, late, f"{_TRACES}{group}")) for group, rests in head["rests"].items()
        }
        parts: dict[str, Made | Shelf] = {}
        for number in range(head["shelves"]):
            inside = orjson.loads(entry(f"parts {number}"))
            shelf = Shelf(number, head["shelves"], inside, late)
            parts |= dict.fromkeys(shelf.names, shelf)
        records: dict[str, dict[str, Row]] = {}
        for name in head["entries"]:
            if name.startswith(_RECORDS):
                records.setdefault(name.split(" ")[1], {}).update(orjson.loads(entry(name)))
        return Manifest(head["whole"], blocks, traces, parts, records, head)

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
        with suppress(ValueError, TypeError, KeyError):
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


def _look_ups(manifest: Manifest, old: Mapping[str, str]) -> Iterator[tuple[str, bytes | str]]:
    for at, block in enumerate(manifest.blocks):
        name = f"{_LOOK_UPS}{at}"
        if block.differs:
            yield name, bytes(block.digests) + orjson.dumps(block.keys)
        elif name in old:  # one that is lost is not there any more
            yield name, old[name]


def _look_up(late: Callable[[str], bytes | None], name: str, size: int) -> tuple[list[str], bytes] | None:
    raw = late(name)
    return (orjson.loads(raw[size * SIZE :]), raw[: size * SIZE]) if raw is not None else None


def _traces(manifest: Manifest, old: Mapping[str, str]) -> Iterator[tuple[str, bytes | str]]:
    for group, traces in manifest.traces.items():
        name = f"{_TRACES}{group}"
        if traces.is_new:
            found = {answer: array("I", sorted(trace)) for answer, trace in (traces.read() or {}).items()}
            packed = {answer: _packed(trace.tobytes()) for answer, trace in found.items()}
            yield name, orjson.dumps(packed, option=orjson.OPT_SORT_KEYS)
        elif name in old:
            yield name, old[name]


def _traced(late: Callable[[str], bytes | None], name: str) -> dict[str, array[int]] | None:
    raw = late(name)
    return {a: array("I", b64decode(trace)) for a, trace in orjson.loads(raw).items()} if raw is not None else None


def _listed(records: Rows) -> Iterator[tuple[str, bytes]]:
    for kind, found in records.items():
        names = sorted(found)
        for at in range(0, len(names), _LISTED):
            rows = {name: found[name] for name in names[at : at + _LISTED]}
            yield f"{_RECORDS}{kind} {at}", orjson.dumps(rows)


def made_of(parts: Mapping[str, Made | Shelf], name: str) -> Made:
    """A part, wherever it stands."""
    part = parts[name]
    return part.parts[name] if isinstance(part, Shelf) else part


def paths_of(parts: Mapping[str, Made | Shelf]) -> list[str]:
    """The files of parts, which are not looked at one by one where all of a shelf are among them."""
    paths: list[str] = []
    names: dict[Shelf, list[str]] = {}
    for name, part in parts.items():
        if isinstance(part, Shelf):
            names.setdefault(part, []).append(name)
        else:
            paths += (file.path for file in part.files)
    for shelf, found in names.items():
        is_whole = len(found) == len(shelf.names)
        paths += shelf.paths if is_whole else (file.path for name in found for file in shelf.parts[name].files)
    return paths


def _shelved(
    parts: Mapping[str, Made | Shelf], shelves: int, old: Mapping[str, str]
) -> Iterator[tuple[str, bytes | str]]:
    """Parts by shelf, and their look-ups: a digest in the place of what stands there already."""
    named: list[list[str]] = [[] for _ in range(shelves)]
    for name, part in parts.items():
        if isinstance(part, Shelf) and part.shelves == shelves:
            named[part.number].append(name)
        else:
            named[zlib.crc32(name.encode("utf-8", "surrogatepass")) % shelves].append(name)
    for number, names in enumerate(named):
        reads, asked, told = (f"{kind} {number}" for kind in ("reads", "asked", "parts"))
        is_known = old.keys() >= {reads, asked}
        one = parts[names[0]] if names else None
        stands = isinstance(one, Shelf) and len(names) == len(one.names) and all(parts[name] is one for name in names)
        if is_known and stands:
            yield from ((name, old[name]) for name in (reads, asked, told))
            continue
        inside = {name: made_of(parts, name) for name in sorted(names)}
        shelf = _shelf_of(inside.values())
        if shelf is not None and shelf.number == number and is_known:
            yield from ((name, old[name]) for name in (reads, asked))
        else:
            found = {}
            for name, made in inside.items():
                with suppress(Lost):  # it is made anew by the next build
                    reading = made.reads
                    found[name] = reading.numbers() if isinstance(reading, Span) else array("I", sorted(reading))
            inside = {name: inside[name] for name in found}
            yield reads, b"".join(numbers.tobytes() for numbers in found.values())
            yield asked, array("I", sorted(set[int]().union(*found.values()))).tobytes()
        yield told, _told(inside)


def _told(inside: Mapping[str, Made]) -> bytes:
    files = [file for made in inside.values() for file in made.files]
    counts = [len(made.reads) for made in inside.values()], [len(made.files) for made in inside.values()]
    said = (b"".join(file.content for file in files), b"".join(file.status for file in files))
    return orjson.dumps([[*inside], *counts, [file.path for file in files], *map(_packed, said)])


def _shelf_of(parts: Iterable[Made]) -> Shelf | None:
    """The one shelf that all look-ups of these parts are on, if no others are."""
    spans = [made.reads for made in parts if made.reads]
    shelves = {span.shelf if isinstance(span, Span) else None for span in spans}
    shelf = shelves.pop() if len(shelves) == 1 else None
    return shelf if shelf is not None and shelf.size == sum(map(len, spans)) else None


def _cut(text: bytes, size: int) -> Iterator[bytes]:
    return (text[at : at + size] for at in range(0, len(text), size))


def _packed(raw: bytes) -> str:
    return b64encode(raw).decode("ascii")
