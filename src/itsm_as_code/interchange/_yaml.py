"""YAML that other tools wrote: several documents, anchors, aliases and merge keys; everything bounded.

Values are those of the core schema of YAML 1.2, as Backstage reads them, but a number stays text where
turning it into a number would lose how it was written (``1.10``). Characters that records refuse are taken out
and named. The parser's events are built into data with a stack of our own: PyYAML's composer recurses in C and
takes the process down at about 25,000 nested brackets.

It is not the builder of records, which refuses what this one resolves: with anchors, weights and places to keep, a
record takes 370 us instead of 140, and half of this module would stand there as exceptions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from itsm_as_code.findings import Location, Pointer
from itsm_as_code.records.characters import FORBIDDEN
from itsm_as_code.records.document import MAX_DEPTH, before_nesting_limit, place

MAX_BYTES: Final = 16 << 20
MAX_WEIGHT: Final = 2_000_000
"""Values in a file, long text counting more, each alias counting as all it stands for."""
_PLACED_DEPTH: Final = 3

_CONSTANTS: Final[dict[str, Any]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INT: Final = re.compile(r"(?:0|-?[1-9][0-9]{0,17})\Z")
_FLOAT: Final = re.compile(r"-?[0-9]{1,15}\.[0-9]{1,15}\Z")
_LINE_END: Final = re.compile(r"\r\n?")
_TEXT_TAGS: Final = ("!", "tag:yaml.org,2002:str")
_PLAIN_TAGS: Final = tuple(f"tag:yaml.org,2002:{name}" for name in ("map", "seq", "null", "bool", "int", "float"))


@dataclass(frozen=True, slots=True)
class ForeignDocument:
    """One document of a file: its data, where its upper levels stand, or why it cannot be used."""

    path: str
    line: int
    column: int
    data: Any = None
    problem: str = ""
    remedy: str = "mend the document"
    removed: tuple[str, ...] = ()
    places: Mapping[Pointer, tuple[int, int]] = field(default_factory=dict, repr=False)

    def at(self, *pointer: str | int) -> Location:
        """The place of a field, or of the nearest thing around it."""
        while pointer and pointer not in self.places:
            pointer = pointer[:-1]
        return Location(self.path, *self.places.get(pointer, (self.line, self.column)))


def read_documents(path: str, source: bytes, placed: int = _PLACED_DEPTH) -> list[ForeignDocument]:
    """The documents of a file but for empty ones; of a file that is not YAML or too much one with that problem.

    Places are kept of so many levels.
    """
    try:
        if len(source) > MAX_BYTES:
            raise _UnreadableError(f"the file has more than {MAX_BYTES >> 20} MiB", remedy="split the file")
        return list(_Reader(path, source, placed).documents())
    except _UnreadableError as error:
        line, column = error.place
        return [ForeignDocument(path, line, column, problem=str(error), remedy=error.remedy)]
    except yaml.YAMLError as error:
        shallow = before_nesting_limit(source, error)
        if shallow is not None:
            return read_documents(path, shallow, placed)
        mark = getattr(error, "problem_mark", None)
        line, column = (mark.line + 1, mark.column + 1) if mark is not None else (1, 1)
        reason = getattr(error, "problem", None) or getattr(error, "reason", None) or "cannot be parsed"
        remedy = "mend the file; nothing of it was imported"
        return [ForeignDocument(path, line, column, problem=f"not YAML: {reason}", remedy=remedy)]


class _UnreadableError(Exception):
    """A file that cannot be read on."""

    def __init__(self, message: str, place: tuple[int, int] = (1, 1), *, remedy: str) -> None:
        super().__init__(message)
        self.place = place
        self.remedy = remedy


class _UnusableError(Exception):
    """A document that cannot become data, while the file can still be read on."""


@dataclass(slots=True)
class _Frame:
    """A mapping or sequence being filled."""

    container: Any
    pointer: Pointer | None
    anchor: str | None
    before: int
    """What the file weighed before it."""
    height: int = 1
    """Levels from here down to the deepest value."""
    key: str | None = None
    key_place: tuple[int, int] = (1, 1)
    merged: list[Any] = field(default_factory=list)

    @property
    def awaits_key(self) -> bool:
        return self.key is None and isinstance(self.container, dict)

    def below(self, placed: int) -> Pointer | None:
        """Where the next value stands; None below the levels whose places are kept."""
        if self.pointer is None or len(self.pointer) >= placed:
            return None
        return (*self.pointer, self.key if self.key is not None else len(self.container))

    def put(self, value: Any, height: int) -> None:
        self.height = max(self.height, height + 1)
        if self.key is None:
            self.container.append(value)
        elif self.key == "<<" and isinstance(value, (dict, list)):
            self.merged.append(value)
        else:
            self.container[self.key] = value
        self.key = None


class _Reader:
    def __init__(self, path: str, source: bytes, placed: int) -> None:
        parser: Any = yaml.CSafeLoader(source)  # only its parser is used
        self._event = parser.get_event
        self.path = path
        self.placed = placed
        self.depth = 0
        self.weight = 0

    def next(self) -> Any:
        """The next event, with the depth bounded in whatever is read or skipped."""
        event = self._event()
        kind = type(event)
        if kind in (yaml.MappingStartEvent, yaml.SequenceStartEvent):
            self.depth += 1
            self.check_depth(self.depth, event)
        elif kind in (yaml.MappingEndEvent, yaml.SequenceEndEvent):
            self.depth -= 1
        return event

    def check_depth(self, depth: int, event: Any) -> None:
        if depth > MAX_DEPTH:
            message = f"nested more than {MAX_DEPTH} levels deep"
            raise _UnreadableError(message, place(event), remedy="flatten the file")

    def weigh(self, weight: int) -> None:
        self.weight += weight
        if self.weight > MAX_WEIGHT:
            raise _UnreadableError(
                f"the file holds more than {MAX_WEIGHT:,} values, aliases counted for all they stand for",
                remedy="split the file, or write out what its aliases stand for",
            )

    def documents(self) -> Iterator[ForeignDocument]:
        self.next()  # stream start
        while type(self.next()) is not yaml.StreamEndEvent:
            document = self.document()
            if document.data is not None or document.problem:
                yield document

    def document(self) -> ForeignDocument:
        builder = _Builder(self)
        event = self.next()
        line, column = place(event)
        data, problem = None, ""
        try:
            data = builder.build(event)
        except _UnusableError as error:
            problem = str(error)
        while type(event) is not yaml.DocumentEndEvent:
            event = self.next()
        self.depth = 0
        removed = tuple(sorted(f"U+{ord(character):04X}" for character in builder.removed))
        return ForeignDocument(self.path, line, column, data, problem, removed=removed, places=builder.places)


class _Builder:
    """Builds one document; anchors do not reach beyond it."""

    def __init__(self, reader: _Reader) -> None:
        self.reader = reader
        self.anchors: dict[str, tuple[Any, int, int]] = {}
        """By name: the value, its weight, its height."""
        self.places: dict[Pointer, tuple[int, int]] = {}
        self.removed: set[str] = set()

    def build(self, event: Any) -> Any:
        """The data that starts with ``event``."""
        if type(event) is yaml.ScalarEvent:
            return self._scalar(event)
        stack = [self._open(event, ())]
        while True:
            event = self.reader.next()
            kind, frame = type(event), stack[-1]
            if kind in (yaml.MappingEndEvent, yaml.SequenceEndEvent):
                self._close(stack.pop())
                if not stack:
                    return frame.container
                stack[-1].put(frame.container, frame.height)
            elif kind is yaml.AliasEvent:
                self._alias(frame, event, len(stack))
            elif kind is yaml.ScalarEvent and frame.awaits_key:
                self._key(frame, event, self._text(event.value))
            elif kind is yaml.ScalarEvent:
                self._place(frame, event)
                frame.put(self._scalar(event), 0)
            elif frame.awaits_key:
                raise _unusable(event, "a key is not text")
            else:
                self._place(frame, event)
                stack.append(self._open(event, frame.below(self.reader.placed)))

    def _open(self, event: Any, pointer: Pointer | None) -> _Frame:
        if type(event) is yaml.AliasEvent:
            raise _unusable(event, f"the alias *{event.anchor} stands for nothing")
        if event.tag is not None and event.tag not in _PLAIN_TAGS:
            raise _unusable(event, f"the tag {event.tag} has no meaning here")
        frame = _Frame({} if type(event) is yaml.MappingStartEvent else [], pointer, event.anchor, self.reader.weight)
        self.reader.weigh(1)
        return frame

    def _close(self, frame: _Frame) -> None:
        for merged in frame.merged:
            for source in merged if isinstance(merged, list) else [merged]:
                for key, value in source.items() if isinstance(source, dict) else ():
                    frame.container.setdefault(key, value)
        if frame.anchor is not None:
            self.anchors[frame.anchor] = (frame.container, self.reader.weight - frame.before, frame.height)

    def _alias(self, frame: _Frame, event: Any, depth: int) -> None:
        if event.anchor not in self.anchors:
            raise _unusable(event, f"the alias *{event.anchor} stands for nothing, or for what it is part of")
        value, weight, height = self.anchors[event.anchor]
        self.reader.weigh(weight)
        self.reader.check_depth(depth + height, event)
        if not frame.awaits_key:
            self._place(frame, event)
            frame.put(value, height)
        elif isinstance(value, str):
            self._key(frame, event, value)
        else:
            raise _unusable(event, "a key is not text")

    def _key(self, frame: _Frame, event: Any, key: str) -> None:
        if key in frame.container:
            raise _unusable(event, f"the key '{key[:100]}' stands twice")
        frame.key = key
        frame.key_place = place(event)

    def _place(self, frame: _Frame, event: Any) -> None:
        pointer = frame.below(self.reader.placed)
        if pointer is not None:
            self.places[pointer] = frame.key_place if frame.key is not None else place(event)

    def _text(self, text: str) -> str:
        """Text as records hold it: line feeds for line ends, without characters that do not show."""
        if "\r" in text:
            text = _LINE_END.sub("\n", text)
        found = FORBIDDEN.findall(text)
        if not found:
            return text
        self.removed.update(found)
        return FORBIDDEN.sub("", text)

    def _scalar(self, event: Any) -> Any:
        if event.tag is not None and event.tag not in _TEXT_TAGS + _PLAIN_TAGS:
            raise _unusable(event, f"the tag {event.tag} has no meaning here")
        weight = 1 + len(event.value) // 16
        self.reader.weigh(weight)
        value = self._resolved(event)
        if event.anchor is not None:
            self.anchors[event.anchor] = (value, weight, 0)
        return value

    def _resolved(self, event: Any) -> Any:
        text: str = event.value
        if event.style or event.tag in _TEXT_TAGS:
            return self._text(text)
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if _INT.match(text):
            return int(text)
        if _FLOAT.match(text) and repr(float(text)) == text:
            return float(text)
        return self._text(text)


def _unusable(event: Any, message: str) -> _UnusableError:
    return _UnusableError(f"line {place(event)[0]}: {message}")


class Number(str):
    """A decimal number as text: written in its digits, without quotes."""

    __slots__ = ()


class _Dumper(yaml.CSafeDumper):
    """Knows numbers that are text."""


def _number(dumper: yaml.CSafeDumper, number: Number) -> yaml.ScalarNode:
    return dumper.represent_scalar(f"tag:yaml.org,2002:{'float' if '.' in number else 'int'}", str(number))


_Dumper.add_representer(Number, _number)


def document_text(data: Mapping[str, Any]) -> str:
    """One document as YAML that tools of 1.1 and 1.2 read alike, its keys in their order."""
    return "---\n" + yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
