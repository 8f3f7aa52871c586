"""Look-ups with digests of their answers, and who asked: pages, and answers that others are made of."""

from __future__ import annotations

import hashlib
import io
import pickle
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import fields, is_dataclass
from datetime import datetime
from functools import cached_property
from itertools import count
from operator import attrgetter
from typing import Any, Final, TypeVar

from itsm_as_code.findings import RecordId
from itsm_as_code.records.catalogue import Record
from itsm_as_code.records.summary import Made
from itsm_as_code.site.reads.blocks import BITS, LAST, Block, Traces, group_of, room_of
from itsm_as_code.site.reads.differing import MARK, OF_ALL

T = TypeVar("T")

SIZE: Final = 16
"""Bytes of a digest."""
_TOGETHER: Final = frozenset({"Policy"})
"""Kinds of which every page names most: their titles are one answer."""
_NONE: Final = bytes(SIZE)
_ABSENT: Final = "\x00absent"


class _Forms(dict[type, Callable[[Any], Any]]):
    """How values stand in an answer: records by their names, for who reads more of them notes that itself, and what has
    fields and nothing else by those, in a fraction of the time that :mod:`pickle` takes."""

    def __missing__(self, kind: type) -> Callable[[Any], Any]:
        if not is_dataclass(kind) or kind.__dictoffset__:
            raise KeyError(kind)
        names = [field.name for field in fields(kind)]
        found = attrgetter(*names) if len(names) > 1 else lambda value: [getattr(value, name) for name in names]
        form = self[kind] = lambda value: (kind, (*found(value),))
        return form


_FORMS: Final = _Forms()


def by_name(kind: type) -> None:
    """Let records of this class stand in answers by their names."""
    _FORMS[kind] = lambda record: (str, (f"{record.id.kind}/{record.id.name}",))


by_name(Record)


_FLAT: Final = frozenset({str, int, bool, float, bytes, type(None)})
"""Classes whose values are told apart by how Python writes them, in a fraction of the time of a pickle."""


def digest(value: object) -> bytes:
    """Sixteen bytes for a value: equal ones are of equal values; what has no form of its own is never equal."""
    kind = type(value)
    if kind is bytes:
        return hashlib.blake2b(value, digest_size=SIZE, person=b"bytes").digest()  # type: ignore[arg-type]
    if kind in _FLAT or ((kind is tuple or kind is list) and _FLAT.issuperset(map(type, value))):  # type: ignore[call-overload]
        with suppress(ValueError):  # a whole number of more digits than Python writes
            return hashlib.blake2b(repr(value).encode(), digest_size=SIZE, person=b"flat").digest()
    buffer = io.BytesIO()
    pickler = pickle.Pickler(buffer, 5)
    pickler.fast = True  # without it, the bytes would tell which parts are one object
    pickler.dispatch_table = _FORMS
    try:
        pickler.dump(value)
        said = buffer.getvalue()
    except (pickle.PicklingError, TypeError, AttributeError):
        said = repr(value).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(said, digest_size=SIZE).digest()


class Notes:
    """Keys of look-ups with digests of their answers, by number; ``traces`` says which ones an answer is made of.

    A key is a text of parts: what was asked, and of what. The first part is one of ``direct``, or the name of a
    remembered answer (``facts.graph``), which is worked out once for all who ask and has a trace of its own.
    ``together`` says of some of ``direct`` what all of their look-ups rest on: while that is the same, none is asked;
    ``parted`` which other one of ``together`` a single look-up rests on.
    ``numbers`` are those that were read, of look-ups in ``blocks``; ``added`` are new; ``late`` are traces by group
    that were not read yet. ``instant`` is that of the build, and notes what it is asked.
    """

    instant: datetime

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}
        self.blocks: list[Block] = []
        self.added: list[int] = []
        self.traces: dict[str, Collection[int]] = {}
        self.late: dict[str, Traces] = {}
        self.direct: dict[str, Callable[..., object]] = {}
        self.together: dict[str, Callable[[], object]] = {}
        self.parted: dict[str, Callable[..., str]] = {}
        self.makers: dict[str, Callable[[str], object]] = {}
        self._values: dict[str, Any] = {}
        self._unread: dict[tuple[str, int], list[int]] = {}
        self._last: dict[tuple[str, int], int] = {}
        self._lost: set[str] = set()
        self._frame: set[int] = set()
        self._is_broad = False

    def note(self, key: str) -> None:
        """Whoever is at work now asked this."""
        number = self.known(key)
        if number is None:
            number = self.add(key, digest(self.answer(key)))
        self._frame.add(number)

    def of_record(self, part: str, kind: str, name: str) -> None:
        """Whoever is at work now asked a part of a record; answers that are made of many rest on it in all of them."""
        if self._is_broad or (part == "title" and kind in _TOGETHER):
            self.of_records(OF_ALL[part], kind)
        else:
            self.of_records(part, kind, name)

    def of_records(self, *key: str) -> None:
        """Whoever is at work now asked what :func:`~itsm_as_code.site.reads.differing.differing` tells of."""
        text = MARK.join(key)
        number = self.known(text)
        self._frame.add(self.add(text, _NONE) if number is None else number)

    def known(self, key: str) -> int | None:
        """The number of a key, for which its room is read."""
        number = self.numbers.get(key)
        if number is None and self._unread:
            group = group_of(key)
            for room in (0, room_of(key)):
                for at in self._unread.pop((group, room), ()):
                    self.block(at)
            number = self.numbers.get(key)
        return number

    def block(self, at: int) -> Block:
        """A block, which is read."""
        block = self.blocks[at]
        if not block.is_read:
            block.read()
            self.numbers.update(zip(block.keys, count(at << BITS), strict=False))
        return block

    def add(self, key: str, answer: bytes) -> int:
        """The number of a key that is not known, with the digest of its answer."""
        group = group_of(key)
        room = room_of(key) if self._is_full((group, 0)) and (group, 0) in self._last else 0
        if self._is_full((group, room)):
            self._last[group, room] = len(self.blocks)
            self.blocks.append(Block(group, room))
        at = self._last[group, room]
        block = self.blocks[at]
        number = self.numbers[key] = at << BITS | len(block.keys)
        block.keys.append(key)
        block.digests += answer
        block.differs = True
        self.added.append(number)
        return number

    def _is_full(self, room: tuple[str, int]) -> bool:
        at = self._last.get(room)
        return at is None or len(self.blocks[at]) > LAST or self.blocks[at].is_lost

    def look_ups(self, numbers: Iterable[int]) -> Iterator[tuple[str, bytes]]:
        """Keys with the digests of their answers."""
        for number in numbers:
            block, at = self.block(number >> BITS), number & LAST
            yield block.keys[at], bytes(block.digests[at * SIZE : (at + 1) * SIZE])

    def has_changed(self, head: str) -> bool:
        """True unless all look-ups of a kind rest on what is as it was; from now on it is what it is now."""
        if head not in self.together:
            return True
        key, now = f"together{MARK}{head}", digest(self.together[head]())
        number = self.known(key)
        if number is None:
            self.add(key, now)
        return number is None or self.renew(number, now)

    def take(self, blocks: Iterable[Block]) -> None:
        """Begin with look-ups of an earlier build."""
        self.blocks = [*blocks]
        for at, block in enumerate(self.blocks):
            self._unread.setdefault((block.group, block.room), []).append(at)
            self._last[block.group, block.room] = at

    def renew(self, number: int, answer: bytes) -> bool:
        """Put another digest in the place of one; True where it is another one."""
        block, at = self.block(number >> BITS), (number & LAST) * SIZE
        if block.digests.startswith(answer, at):
            return False
        block.digests[at : at + SIZE] = answer
        block.differs = True
        return True

    def share(self, trace: set[int]) -> None:
        """Whoever is at work now depends on what others asked."""
        self._frame |= trace

    @contextmanager
    def frame(self, trace: set[int] | None = None, *, is_broad: bool = False) -> Iterator[set[int]]:
        """What is asked within, and nobody else's; ``is_broad`` where it is asked for many records."""
        outer = self._frame, self._is_broad
        self._frame, self._is_broad = set() if trace is None else trace, is_broad
        try:
            yield self._frame
        finally:
            self._frame, self._is_broad = outer

    def remembered(self, name: str) -> Any:
        """A remembered answer; who takes anything from it notes what."""
        if name not in self._values:
            question, _, about = name.partition(" ")
            with self.frame(is_broad=not about) as trace:
                value = self.makers[question](name)
            # What was asked of it in an earlier build and still holds may have been made of more.
            self.traces[name] = trace.union(self.earlier(name))
            self._values[name] = value
        return self._values[name]

    def earlier(self, name: str) -> Collection[int]:
        """What a remembered answer was made of, as far as that is known."""
        late = self.late.pop(group_of(name), None)
        if late is not None:
            found = late.read()
            self.traces.update(found or {})
            if found is None:
                self._lost.add(group_of(name))  # what stands of it is not all that there is
        return self.traces.get(name, ())

    def gathered(self) -> dict[str, Traces]:
        """All traces by group, without those of which some are lost."""
        found: dict[str, dict[str, Collection[int]]] = {}
        for name, trace in self.traces.items():
            found.setdefault(group_of(name), {})[name] = trace
        return self.late | {group: Traces.of(traces) for group, traces in found.items() if group not in self._lost}

    def trace_of(self, name: str) -> set[int]:
        """What a remembered answer was made of, to which more may be added."""
        trace = self.earlier(name)
        if not isinstance(trace, set):
            trace = self.traces[name] = set(trace)
        return trace

    def answer(self, key: str) -> object:
        """What a key is answered with now; noting it and looking whether it still holds are the same question."""
        head, *rest = key.split(MARK)
        if head in self.direct:
            return self.direct[head](*rest)
        value = self.remembered(head)
        if not rest:
            return value
        how, *said = rest
        if how == "item":
            return value.get(self._read(*said), _ABSENT)
        if how == "in":
            return self._read(*said) in value
        with self.frame(self.trace_of(head), is_broad=True):
            return getattr(value, how)(*(self._read(*part.split(":", 1)) for part in said))

    def _read(self, form: str, text: str) -> object:
        if form == "r":
            return RecordId(*text.split("/", 1))
        if form == "t":
            return self.instant if text == "now" else datetime.fromisoformat(text)
        return text


def written(value: object) -> tuple[str, ...] | None:
    """A key of a mapping or an argument as parts of a key, or None for what cannot be one."""
    if isinstance(value, str):
        return ("s", value)
    if isinstance(value, RecordId):
        return ("r", f"{value.kind}/{value.name}")
    if isinstance(value, datetime):
        return ("t", value.isoformat() if type(value) is datetime else "now")
    return None


class Keyed:
    """A remembered mapping or set: who looks up one key depends on that alone."""

    __slots__ = ("_name", "_notes", "_value")

    def __init__(self, notes: Notes, name: str, value: Any) -> None:
        self._notes, self._name, self._value = notes, name, value

    def _note(self, how: str, key: object) -> None:
        said = written(key)
        self._notes.note(self._name if said is None else MARK.join((self._name, how, *said)))

    def get(self, key: object, default: Any = None) -> Any:
        self._note("item", key)
        return self._value.get(key, default)

    def __getitem__(self, key: object) -> Any:
        self._note("item", key)
        return self._value[key]

    def __contains__(self, key: object) -> bool:
        self._note("in", key)
        return key in self._value

    def _whole(self) -> Any:
        self._notes.note(self._name)
        return self._value

    def __iter__(self) -> Iterator[Any]:
        return iter(self._whole())

    def __len__(self) -> int:
        return len(self._whole())

    def __eq__(self, other: object) -> bool:
        return bool(self._whole() == other)

    __hash__ = None  # type: ignore[assignment]

    def items(self) -> Any:
        return self._whole().items()

    def keys(self) -> Any:
        return self._whole().keys()

    def values(self) -> Any:
        return self._whole().values()


class Called:
    """A remembered object: who calls a method of it depends on what it answered to these arguments."""

    __slots__ = ("_name", "_notes", "_value")

    def __init__(self, notes: Notes, name: str, value: Any) -> None:
        self._notes, self._name, self._value = notes, name, value

    def __getattr__(self, method: str) -> Any:
        def call(*arguments: object) -> Any:
            said = [written(argument) for argument in arguments]
            if None in said:
                raise TypeError(f"{self._name}.{method} was asked for {arguments}, which no key can hold")
            notes = self._notes
            notes.note(MARK.join((self._name, method, *(f"{part[0]}:{part[1]}" for part in said if part))))
            with notes.frame(notes.trace_of(self._name), is_broad=True):
                return getattr(self._value, method)(*arguments)

        return call


def remembering(cls: type[T], name: str, plain: frozenset[str] = frozenset()) -> type[T]:
    """The class with its cached properties as remembered answers, called ``name.property``; ``plain`` stay theirs.

    Its objects have ``notes``, and :func:`bind` tells those how the answers are worked out.
    """
    makers = {
        key: value.func
        for base in reversed(cls.__mro__)
        for key, value in vars(base).items()
        if isinstance(value, cached_property) and key not in plain
    }
    properties = {key: _property(f"{name}.{key}") for key in makers}
    sources = {f"{name}.{key}": make for key, make in makers.items()}
    return type(cls.__name__, (cls,), {"__doc__": cls.__doc__, **properties, "_sources": sources})


def _property(name: str) -> property:
    return property(lambda self: shown(self.notes, name, self.notes.remembered(name)))


def bind(owner: Any) -> None:
    """Let the notes of an object of a remembering class know how its answers are worked out."""
    for name, make in owner._sources.items():
        owner.notes.makers[name] = lambda _, make=make: make(owner)


def shown(notes: Notes, name: str, value: Any) -> Any:
    """A remembered answer as whoever asked gets it."""
    if isinstance(value, dict | frozenset | Made):
        return Keyed(notes, name, value)
    if getattr(type(value), "__module__", "") in _CALLED:
        return Called(notes, name, value)
    notes.note(name)
    return value


_CALLED: Final = frozenset(f"itsm_as_code.records.{name}" for name in ("graph", "outcomes", "summary"))
