"""Line and column of a JSON pointer, worked out from the source when a finding is shown."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from typing import Any

import yaml
from yaml._yaml import CParser

from itsm_as_code.findings import Finding, Pointer
from itsm_as_code.records.sources import Sources

Place = tuple[int, int]


def locate(source: bytes, pointers: Iterable[Pointer]) -> dict[Pointer, Place]:
    """The place (line and column from 1) of each pointer in a source that parses.

    A scalar is shown where its value stands, a mapping or sequence where its key stands. A pointer to
    something that is not there (a missing field) is shown at its nearest existing parent.
    """
    places = _all_places(source)
    found: dict[Pointer, Place] = {}
    for pointer in pointers:
        parent = tuple(pointer)
        while parent and parent not in places:
            parent = parent[:-1]
        found[pointer] = places.get(parent, (1, 1))
    return found


def place_findings(findings: Iterable[Finding], sources: Mapping[str, bytes]) -> list[Finding]:
    """The findings with line and column filled in wherever they point into a source."""
    findings = list(findings)
    wanted: dict[str, set[Pointer]] = {}
    for finding in findings:
        where = finding.location
        if where.line is None and where.pointer is not None and where.path in sources:
            wanted.setdefault(where.path, set()).add(where.pointer)
    if isinstance(sources, Sources):
        sources.read(wanted)
    places = {path: locate(sources[path], pointers) for path, pointers in wanted.items()}
    texts: dict[str, Texts] = {}
    placed = []
    for finding in findings:
        where = finding.location
        if where.line is None and where.pointer is not None and where.path in places:
            place = places[where.path][where.pointer]
            if where.offset is not None:
                if where.path not in texts:
                    texts[where.path] = Texts(sources[where.path])
                place = texts[where.path].place(where.pointer, where.offset) or place
            finding = finding.at(*place)
        placed.append(finding)
    return placed


def locate_inside(source: bytes, offsets: Iterable[tuple[Pointer, int]]) -> list[Place]:
    """The places of characters of texts, each given by the pointer to its text, whichever way YAML writes that text."""
    offsets, texts = list(offsets), Texts(source)
    whole = locate(source, [pointer for pointer, _ in offsets])
    return [texts.place(pointer, offset) or whole[pointer] for pointer, offset in offsets]


def plain_scalars(source: bytes) -> dict[Pointer, str]:
    """The text of each value without quotes as it is written: ``1.10`` and ``0042``, not the numbers they are."""
    return {
        pointer: event.value
        for pointer, event, _ in _events(source)
        if type(event) is yaml.ScalarEvent and not event.style
    }


_SPACE = " \t\r\n"
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(\r?\n)|(.))", re.DOTALL)
_NAMED = {
    "0": "\0",
    "a": "\a",
    "b": "\b",
    "t": "\t",
    "\t": "\t",
    "n": "\n",
    "v": "\v",
    "f": "\f",
    "r": "\r",
    "e": "\x1b",
}
_NAMED |= {"N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029"}


class Texts:
    """The texts of a source, to find where each of their characters stands; each is gone through once.

    All styles of scalar keep the characters that are no space, in their order, and differ in what becomes of the
    spaces between them (https://yaml.org/spec/1.2.2/#chapter-7-flow-style-productions). So the n-th such character of
    the value is the n-th of the source.
    """

    def __init__(self, source: bytes) -> None:
        self._events: dict[Pointer, Any] = {pointer: event for pointer, event, _ in _events(source)}
        self._text = source.decode("utf-8")
        self._starts = [0, *(match.end() for match in re.finditer("\n", self._text)), len(self._text) + 1]
        self._marks: dict[Pointer, tuple[list[int], list[int]]] = {}

    def place(self, pointer: Pointer, offset: int) -> Place | None:
        """The place of a character of the text at a pointer, from 0; None when there is no text."""
        event = self._events.get(pointer)
        if type(event) is not yaml.ScalarEvent:
            return None
        if pointer not in self._marks:
            self._marks[pointer] = self._marked(event)
        marks, counts = self._marks[pointer]
        before = counts[min(offset, len(counts) - 1)]
        if offset < len(event.value) and event.value[offset] not in _SPACE and before < len(marks):
            index = marks[before]
        elif before:
            index = marks[min(before, len(marks)) - 1] + 1  # a space, or the end: behind the last character before it
        else:
            start: Any = event.start_mark
            return start.line + 1, start.column + 1
        line = bisect_right(self._starts, index) - 1
        return line + 1, index - self._starts[line] + 1

    def _marked(self, event: Any) -> tuple[list[int], list[int]]:
        """Where the characters stand that are no space, and how many of them come before each of all."""
        first, last = (self._starts[mark.line] + mark.column for mark in (event.start_mark, event.end_mark))
        if event.style in ("|", ">"):
            first = self._starts[event.start_mark.line + 1]
        elif event.style in ("'", '"'):
            first, last = first + 1, last - 1
        counts = accumulate((character not in _SPACE for character in event.value), initial=0)
        return list(_characters(self._text, first, last, event.style)), list(counts)


def _characters(text: str, index: int, end: int, style: str | None) -> Iterator[int]:
    """Where the characters of a scalar stand that are no space, in order."""
    while index < end:
        character, here = text[index], index
        index += 1
        if style == "'" and character == "'":
            index += 1
        elif style == '"' and character == "\\":
            match = _ESCAPE.match(text, here)
            if match is None:
                raise AssertionError("a source that was parsed has no such escape")
            index = match.end()
            code = match[1] or match[2] or match[3]
            character = "\n" if match[4] else chr(int(code, 16)) if code else _NAMED.get(match[5], match[5])
        if character not in _SPACE:
            yield here


def _all_places(source: bytes) -> dict[Pointer, Place]:
    return {pointer: place for pointer, _, place in _events(source)}


def _events(source: bytes) -> Iterator[tuple[Pointer, Any, Place]]:
    """Every value with its pointer, its event and its place: a mapping's or sequence's is that of its key."""
    parser = CParser(source)
    stack: list[_Frame] = []
    event: Any = None
    while type(event) is not yaml.StreamEndEvent:
        event = parser.get_event()
        kind = type(event)
        if kind in (yaml.MappingEndEvent, yaml.SequenceEndEvent):
            stack.pop()
        elif kind in (yaml.ScalarEvent, yaml.MappingStartEvent, yaml.SequenceStartEvent):
            place = (event.start_mark.line + 1, event.start_mark.column + 1)
            frame = stack[-1] if stack else None
            if frame is not None and frame.is_mapping and frame.key is None:
                frame.key, frame.key_place = event.value, place
                continue
            pointer: Pointer = ()
            if frame is not None:
                pointer = (*frame.pointer, frame.next_part())
                is_scalar = kind is yaml.ScalarEvent and event.value
                place = place if is_scalar or not frame.is_mapping else frame.key_place
                frame.key = None
            yield pointer, event, place
            if kind is not yaml.ScalarEvent:
                stack.append(_Frame(pointer, kind is yaml.MappingStartEvent))


class _Frame:
    __slots__ = ("index", "is_mapping", "key", "key_place", "pointer")

    def __init__(self, pointer: Pointer, is_mapping: bool) -> None:
        self.pointer = pointer
        self.is_mapping = is_mapping
        self.index = 0
        self.key: str | None = None
        self.key_place: Place = (1, 1)

    def next_part(self) -> str | int:
        if self.key is not None:
            return self.key
        self.index += 1
        return self.index - 1
